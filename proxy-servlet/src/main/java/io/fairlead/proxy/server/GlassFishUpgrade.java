package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Hands the connection of an upgraded request over. Made by GlassFish, hence public. */
public final class GlassFishUpgrade implements HttpUpgradeHandler {

    private @Nullable Consumer<Leg> client;
    private @Nullable GlassFishTakeover takeover;
    private @Nullable Object request;

    /** To be told before {@code service()} ends; the server calls {@link #init} after that. */
    void handTo(Consumer<Leg> receiver, GlassFishTakeover server, Object servletRequest) {
        client = receiver;
        takeover = server;
        request = servletRequest;
    }

    @Override
    public void init(WebConnection connection) {
        Consumer<Leg> receiver = client;
        GlassFishTakeover server = takeover;
        Object upgraded = request;
        if (receiver == null || server == null || upgraded == null) {
            throw new IllegalStateException("upgraded without a tunnel");
        }
        // What it knows of the handshake is not kept for as long as the connection lasts.
        client = null;
        request = null;
        try {
            receiver.accept(server.connectionOf(upgraded, early(connection.getInputStream())));
        } catch (IOException | RuntimeException failure) {
            try {
                server.cutOff(upgraded);
            } catch (IOException also) {
                failure.addSuppressed(also);
            }
            throw new IllegalStateException("the upgraded connection can't be taken over", failure);
        }
    }

    /** Grizzly reads it from its memory without waiting. */
    private static @Nullable ByteBuffer early(ServletInputStream input) throws IOException {
        int length = input.available();
        return length == 0 ? null : ByteBuffer.wrap(input.readNBytes(length));
    }

    @Override
    public void destroy() {}
}
