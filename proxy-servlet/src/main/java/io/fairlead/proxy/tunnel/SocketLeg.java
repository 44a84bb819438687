package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A leg over a plain socket that was taken over from its former owner: the bytes go straight to the channel, only the
 * close goes through the owner, so that its accounts stay right.
 */
public final class SocketLeg implements Leg {

    private final SocketChannel channel;
    private final Runnable owner;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final EarlyBytes early;

    /**
     * @param channel non-blocking
     * @param early what the owner had read beyond the head, to be delivered first; kept, not copied
     * @param owner closes the channel and forgets the connection
     */
    public SocketLeg(SocketChannel channel, @Nullable ByteBuffer early, Runnable owner) {
        this.channel = channel;
        this.early = EarlyBytes.of(early);
        this.owner = owner;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        return early.isEmpty() ? channel.read(into) : early.drainTo(into);
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        channel.write(from);
    }

    @Override
    public boolean flush() {
        return true;
    }

    @Override
    public void shutdownOutput() throws IOException {
        channel.shutdownOutput();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            owner.run();
        }
    }

    @Override
    public void reset() {
        if (closed.compareAndSet(false, true)) {
            lingerZero(channel);
            owner.run();
        }
    }

    @Override
    public SelectableChannel channel() {
        return channel;
    }

    @Override
    public boolean buffersInput() {
        return !early.isEmpty();
    }

    /** Makes the next close of {@code channel} a reset. Fails only on a channel that is closed already, which is as good. */
    public static void lingerZero(SocketChannel channel) {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException alreadyClosed) {
            // Nothing is left to reset.
        }
    }
}
