package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.http.HttpUpgradeHandler;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Hands the servlet API's upgraded connection over as a {@link StreamLeg}. Made by the server, hence public. */
public final class PortableUpgrade implements HttpUpgradeHandler {

    private @Nullable Consumer<Leg> client;
    private @Nullable Runnable done;

    /** To be told before {@code service()} ends; the server calls {@link #init} after that. */
    void handTo(Consumer<Leg> receiver, Runnable whenDone) {
        client = receiver;
        done = whenDone;
    }

    @Override
    public void init(WebConnection connection) {
        Consumer<Leg> receiver = client;
        Runnable whenDone = done;
        if (receiver == null || whenDone == null) {
            throw new IllegalStateException("upgraded without a tunnel");
        }
        try {
            receiver.accept(StreamLeg.over(connection, whenDone));
        } catch (IOException gone) {
            whenDone.run();
            throw new IllegalStateException("the upgraded connection has no streams", gone);
        }
    }

    @Override
    public void destroy() {}
}
