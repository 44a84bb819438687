package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Undertow 2.3, by itself or in WildFly: below the servlet API it hands over the connection itself, see
 * {@link UndertowUpgrade}.
 *
 * <p>A web application in WildFly does not see Undertow's classes and need not be allowed to: {@link ServerBridge} finds them
 * by the server's class loader.
 */
final class UndertowAdapter implements ServerAdapter {

    private final UndertowTakeover takeover;

    UndertowAdapter(ServletContext context) {
        takeover = ServerBridge.load(
                context.getClass().getClassLoader(),
                UndertowTakeover.class,
                UndertowUpgrade.class,
                UndertowLeg.class.getName());
    }

    @Override
    public String name() {
        return "undertow";
    }

    @Override
    public void takeOver(HttpServletRequest request, HttpServletResponse response, Consumer<Leg> client)
            throws IOException {
        takeover.prepare(ServerAdapter.unwrapped(request), client);
    }

    /** To Undertow an exception is no reason to cut: it would end a chunked response as if it were whole. */
    @Override
    public void cutOff(HttpServletRequest request) throws IOException {
        takeover.cutOff(ServerAdapter.unwrapped(request));
        ServerAdapter.super.cutOff(request);
    }
}
