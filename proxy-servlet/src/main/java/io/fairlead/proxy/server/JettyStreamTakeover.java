package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.EndPoint;
import org.jspecify.annotations.Nullable;

/**
 * The connection that a Jetty server upgrades one HTTP/2 stream to: it hands the stream over as a leg, and tells the leg
 * when the stream fails.
 *
 * <p>{@code legs} is called once, by Jetty's thread that upgrades; never when the client has reset the stream before.
 *
 * <p>Defined against the server's Jetty, see {@link ServerBridge}.
 */
public final class JettyStreamTakeover extends AbstractConnection {

    /** Until it was called: what it knows, of the handshake, is not kept for as long as the stream lasts. */
    private @Nullable Consumer<Leg> legs;

    private final JettyStreamLeg leg;

    JettyStreamTakeover(EndPoint endPoint, Executor executor, Consumer<Leg> legs) throws IOException {
        super(endPoint, executor);
        this.legs = legs;
        this.leg = new JettyStreamLeg(endPoint);
    }

    @Override
    public void onOpen() {
        super.onOpen();
        leg.taken();
        Consumer<Leg> receiver = legs;
        if (receiver == null) {
            throw new IllegalStateException("opened twice");
        }
        legs = null;
        receiver.accept(leg);
    }

    @Override
    public void onClose(@Nullable Throwable cause) {
        super.onClose(cause);
        leg.failed(cause);
    }

    @Override
    public boolean onIdleExpired(TimeoutException timeout) {
        // The tunnel's own limit counts.
        return false;
    }

    @Override
    public void onFillable() {
        // The leg asks for itself.
    }
}
