package io.fairlead.deploy.jetty;

import java.nio.file.Path;
import org.eclipse.jetty.ee11.webapp.WebAppContext;
import org.eclipse.jetty.ee11.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.handler.ContextHandler;

/** Jakarta EE 11: Servlet 6.1. */
public final class Ee11 implements Environment {

    @Override
    public ContextHandler application(String contextPath, Path war, Path work) {
        WebAppContext application = new WebAppContext();
        application.setContextPath(contextPath);
        application.setWar(war.toString());
        application.setTempDirectory(work.toFile());
        application.setThrowUnavailableOnStartupException(true);
        application.getServletHandler().setDecodeAmbiguousURIs(true);
        JakartaWebSocketServletContainerInitializer.configure(application, null);
        return application;
    }

    @Override
    public boolean hasWebSocket() {
        return true;
    }
}
