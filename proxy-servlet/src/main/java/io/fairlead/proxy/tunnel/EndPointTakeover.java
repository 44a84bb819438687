package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.jspecify.annotations.Nullable;

/**
 * The connection that Jetty upgrades to, and that never asks Jetty for anything: it hands the end point over as a leg.
 *
 * <p>{@code legs} is called once, by Jetty's thread that upgrades, unless the end point can't be taken over: then it is
 * closed and the failure thrown.
 */
public final class EndPointTakeover extends AbstractConnection implements Connection.UpgradeTo {

    /** Until it was called: what it knows, of the handshake, is not kept for as long as the connection lasts. */
    private @Nullable Consumer<Leg> legs;

    private @Nullable ByteBuffer early;

    public EndPointTakeover(EndPoint endPoint, Executor executor, Consumer<Leg> legs) {
        super(endPoint, executor);
        this.legs = legs;
    }

    @Override
    public void onUpgradeTo(@Nullable ByteBuffer buffer) {
        if (buffer != null && buffer.hasRemaining()) {
            ByteBuffer before = early == null ? ByteBuffer.allocate(0) : early;
            early = ByteBuffer.allocate(before.remaining() + buffer.remaining())
                    .put(before)
                    .put(buffer)
                    .flip();
        }
    }

    @Override
    public void onOpen() {
        super.onOpen();
        Consumer<Leg> receiver = legs;
        if (receiver == null) {
            throw new IllegalStateException("opened twice");
        }
        ByteBuffer first = early;
        legs = null;
        early = null;
        try {
            receiver.accept(EndPointLeg.of(getEndPoint(), first));
        } catch (IOException unsuitable) {
            getEndPoint().close(unsuitable);
            throw new IllegalStateException(unsuitable);
        }
    }

    @Override
    public void onFillable() {
        // Never interested, so never called.
    }
}
