package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;

/**
 * Any server: the servlet API's own {@code upgrade()}, and its blocking streams.
 *
 * <p>Two threads a tunnel, one that reads and one that writes, so there are at most {@value #TUNNELS} such tunnels in a web
 * application.
 */
final class PortableAdapter implements ServerAdapter {

    static final int TUNNELS = 256;

    /** Said at start wherever it is so. */
    static final String WAITING = "handshakes wait for the backend in the server's threads, at most 32 at a time";

    private final Semaphore places = new Semaphore(TUNNELS);
    private final boolean upgradesAfterDispatch;

    /** @param upgradesAfterDispatch as {@link ServerAdapter#upgradesAfterDispatch} */
    PortableAdapter(boolean upgradesAfterDispatch) {
        this.upgradesAfterDispatch = upgradesAfterDispatch;
    }

    @Override
    public String name() {
        return "portable";
    }

    @Override
    public boolean upgradesAfterDispatch() {
        return upgradesAfterDispatch;
    }

    @Override
    public String shortcomings() {
        return "at most " + TUNNELS + " tunnels, over blocking streams" + (upgradesAfterDispatch ? "" : "; " + WAITING);
    }

    @Override
    public void takeOver(HttpServletRequest request, HttpServletResponse response, Consumer<Leg> client)
            throws IOException, ServletException {
        if (places.availablePermits() == 0) {
            throw new IOException("all " + TUNNELS + " places for tunnels over blocking streams are taken");
        }
        // A place is taken when the server hands the streams over, which it does not do for a client that has gone.
        request.upgrade(PortableUpgrade.class).handTo(client, places);
        // GlassFish and Payara keep the 101 until something is written.
        response.flushBuffer();
    }
}
