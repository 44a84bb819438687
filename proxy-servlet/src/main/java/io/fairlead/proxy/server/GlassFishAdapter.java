package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * GlassFish 7 and Payara 6, whose connector is Grizzly. They upgrade only in the thread that has brought the request; below
 * the servlet API the socket is taken over, see {@link GrizzlyTakeover}.
 */
final class GlassFishAdapter implements ServerAdapter {

    private final GlassFishTakeover takeover;

    GlassFishAdapter(ServletContext context) {
        takeover = ServerBridge.load(grizzly(context), GlassFishTakeover.class, GrizzlyTakeover.class);
    }

    /** The module that has all of Grizzly; the one of the servlet container sees a part of it. */
    private static ClassLoader grizzly(ServletContext context) {
        try {
            return Class.forName(
                            "org.glassfish.grizzly.http.server.Request",
                            false,
                            context.getClass().getClassLoader())
                    .getClassLoader();
        } catch (ClassNotFoundException unfit) {
            throw new IllegalStateException("this server has no Grizzly", unfit);
        }
    }

    @Override
    public String name() {
        return "glassfish";
    }

    @Override
    public boolean upgradesAfterDispatch() {
        return false;
    }

    @Override
    public String shortcomings() {
        return PortableAdapter.WAITING + "; 501 to an Upgrade with a body";
    }

    /** Grizzly serves what has come already. */
    @Override
    public void endConnection(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.flushBuffer();
        takeover.endConnection(ServerAdapter.unwrapped(request));
    }

    /** To Grizzly all that follows a head with an Upgrade is the other protocol's. */
    @Override
    public boolean delimitsBody(HttpServletRequest request) {
        return request.getHeader("Upgrade") == null;
    }

    /** Until a request is upgraded, its response is one as to all others. */
    @Override
    public void begin(HttpServletRequest request) throws IOException {
        if (request.getHeader("Upgrade") != null) {
            takeover.answersAsHttp(ServerAdapter.unwrapped(request), true);
        }
    }

    @Override
    public void takeOver(HttpServletRequest request, HttpServletResponse response, Consumer<Leg> client)
            throws IOException, ServletException {
        ServletRequest own = ServerAdapter.unwrapped(request);
        takeover.answersAsHttp(own, false);
        request.upgrade(GlassFishUpgrade.class).handTo(client, takeover, own);
        // Kept else until something is written.
        response.flushBuffer();
    }

    /** It tells listeners of the end with the status set to 200. */
    @Override
    public void beforeComplete(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.flushBuffer();
    }

    /** Grizzly calls an input finished when the end has come, whatever of it is still to be read. */
    @Override
    public boolean isFinished(ServletInputStream input) throws IOException {
        return input.isFinished() && input.available() == 0;
    }

    /** An exception is no reason to cut here: what there is would be ended as if it were whole. */
    @Override
    public void cutOff(HttpServletRequest request) throws IOException {
        takeover.cutOff(ServerAdapter.unwrapped(request));
        ServerAdapter.super.cutOff(request);
    }

    @Override
    public boolean cutOffNow(HttpServletRequest request) throws IOException {
        takeover.cutOff(ServerAdapter.unwrapped(request));
        return true;
    }
}
