package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.EndPointLeg;
import io.fairlead.proxy.tunnel.EndPointTakeover;
import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.Method;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Jetty 12: its core request is told to upgrade to a connection of ours, which hands the end point over, see
 * {@link ServerBridge}. The servlet API's {@code upgrade()} gives a dead stream here.
 */
final class JettyAdapter implements ServerAdapter {

    private final JettyTakeover takeover;

    JettyAdapter(ServletContext context) {
        takeover = ServerBridge.load(
                context.getClass().getClassLoader(),
                JettyTakeover.class,
                JettyCoreTakeover.class,
                JettyCoreTakeover.class.getName() + "$Watched",
                JettyCoreTakeover.class.getName() + "$Stopping",
                EndPointTakeover.class.getName(),
                EndPointLeg.class.getName(),
                JettyStreamTakeover.class.getName(),
                JettyStreamLeg.class.getName(),
                JettyStreamLeg.class.getName() + "$Readable",
                JettyStreamLeg.class.getName() + "$Written");
    }

    @Override
    public String name() {
        return "jetty";
    }

    @Override
    public @Nullable String connectProtocol(HttpServletRequest request) throws IOException {
        return takeover.connectProtocol(coreRequest(request));
    }

    @Override
    public void ifNotTakenOver(HttpServletRequest request, Runnable then) throws IOException {
        takeover.whenDone(coreRequest(request), then);
    }

    @Override
    public void takeOver(HttpServletRequest request, HttpServletResponse response, Consumer<Leg> client)
            throws IOException {
        takeover.prepare(coreRequest(request), client);
        response.flushBuffer();
    }

    @Override
    public Runnable warn(ServletContext context, Warning warning) {
        return takeover.warn(warning);
    }

    private static Object coreRequest(HttpServletRequest request) throws IOException {
        ServletRequest innermost = ServerAdapter.unwrapped(request);
        try {
            // Jetty's own class, of one package for each version of Jakarta EE; the method is public in all.
            Method getRequest = innermost.getClass().getMethod("getRequest");
            return getRequest.invoke(innermost);
        } catch (ReflectiveOperationException unknown) {
            throw new IOException(
                    "no request of Jetty's below " + innermost.getClass().getName(), unknown);
        }
    }
}
