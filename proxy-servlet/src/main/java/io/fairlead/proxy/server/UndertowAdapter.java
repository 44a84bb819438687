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

    /** Undertow makes one space of several. */
    @Override
    public String fieldAsSent(HttpServletRequest request, String name) {
        String shown = request.getHeader(name);
        try {
            String head = takeover.headAsRead(ServerAdapter.unwrapped(request));
            return head == null ? shown : valueIn(head, name, shown);
        } catch (IOException hidden) {
            return shown;
        }
    }

    /** The value in {@code head} that is {@code shown} but for its spaces; else {@code shown}. */
    static String valueIn(String head, String name, String shown) {
        return head.lines()
                .filter(line -> line.regionMatches(true, 0, name + ":", 0, name.length() + 1))
                .map(line -> line.substring(name.length() + 1).strip())
                .filter(value -> value.replaceAll("[ \\t]+", " ").equals(shown))
                .findFirst()
                .orElse(shown);
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

    @Override
    public boolean cutOffNow(HttpServletRequest request) throws IOException {
        takeover.cutOff(ServerAdapter.unwrapped(request));
        return true;
    }
}
