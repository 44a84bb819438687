package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Hands the servlet API's upgraded connection over as a {@link StreamLeg}. Made by the server, hence public. */
public final class PortableUpgrade implements HttpUpgradeHandler {

    private @Nullable Consumer<Leg> client;
    private @Nullable Semaphore places;

    /** To be told before {@code service()} ends; the server calls {@link #init} after that. */
    void handTo(Consumer<Leg> receiver, Semaphore free) {
        client = receiver;
        places = free;
    }

    @Override
    public void init(WebConnection connection) {
        Consumer<Leg> receiver = client;
        Semaphore free = places;
        if (receiver == null || free == null) {
            throw new IllegalStateException("upgraded without a tunnel");
        }
        // What it knows of the handshake is not kept for as long as the connection lasts.
        client = null;
        if (!free.tryAcquire()) {
            throw new IllegalStateException("the last place for a tunnel was taken meanwhile");
        }
        try {
            receiver.accept(StreamLeg.over(connection, free::release));
        } catch (IOException gone) {
            free.release();
            throw new IllegalStateException("the upgraded connection has no streams", gone);
        }
    }

    @Override
    public void destroy() {}
}
