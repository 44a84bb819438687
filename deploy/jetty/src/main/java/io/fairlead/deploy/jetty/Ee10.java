package io.fairlead.deploy.jetty;

import java.nio.file.Path;
import org.eclipse.jetty.ee10.webapp.WebAppContext;
import org.eclipse.jetty.ee10.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.handler.ContextHandler;

/** Jakarta EE 10: Servlet 6.0. */
public final class Ee10 implements Environment {

    /** Whether the module has brought Jetty's implementation of Jakarta WebSocket. */
    private static final boolean HAS_WEBSOCKETS = Ee10.class
                    .getClassLoader()
                    .getResource("org/eclipse/jetty/ee10/websocket/jakarta/server/config/"
                            + "JakartaWebSocketServletContainerInitializer.class")
            != null;

    @Override
    public ContextHandler application(String contextPath, Path war, Path work) {
        WebAppContext application = new WebAppContext();
        application.setContextPath(contextPath);
        application.setWar(war.toString());
        application.setTempDirectory(work.toFile());
        application.setThrowUnavailableOnStartupException(true);
        application.getServletHandler().setDecodeAmbiguousURIs(true);
        if (HAS_WEBSOCKETS) {
            JakartaWebSocketServletContainerInitializer.configure(application, null);
        } else {
            // A distribution without its modules for WebSocket has not even the API; the suite's clients bring it here.
            application.getHiddenClassMatcher().add("jakarta.websocket.");
        }
        return application;
    }

    @Override
    public boolean hasWebSocket() {
        return HAS_WEBSOCKETS;
    }
}
