package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Hands the connection of an upgraded request over. Made by Liberty, hence public. */
public final class LibertyUpgrade implements HttpUpgradeHandler {

    private @Nullable Consumer<Leg> client;
    private @Nullable LibertyConnection connection;

    /** To be told before {@code service()} ends; the server calls {@link #init} after that, when it is done with the request. */
    void handTo(Consumer<Leg> receiver, LibertyConnection kept) {
        client = receiver;
        connection = kept;
    }

    @Override
    public void init(WebConnection streams) {
        Consumer<Leg> receiver = client;
        LibertyConnection kept = connection;
        if (receiver == null || kept == null) {
            throw new IllegalStateException("upgraded without a tunnel");
        }
        // What it knows of the handshake is not kept for as long as the connection lasts.
        client = null;
        connection = null;
        try {
            receiver.accept(kept.leg());
        } catch (IOException | RuntimeException failure) {
            try {
                kept.cutOff();
            } catch (IOException also) {
                failure.addSuppressed(also);
            }
            throw new IllegalStateException("the upgraded connection can't be taken over", failure);
        }
    }

    @Override
    public void destroy() {}
}
