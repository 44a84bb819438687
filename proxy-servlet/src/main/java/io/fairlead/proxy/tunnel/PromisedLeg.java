package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Stands in for a backend's leg that is not there yet, because the backend wants some bytes of the client's before it
 * answers. It takes exactly so many, gives nothing, and holds all else back until {@link Tunnel#fulfil}.
 */
public final class PromisedLeg implements Leg {

    private final ByteBuffer wanted;
    private final Consumer<byte[]> taker;
    private final Runnable whenClosed;
    private boolean outputEnded;

    /**
     * @param length how many bytes the backend waits for
     * @param taker is given them, once, all together, on the loop's thread; must not block
     * @param whenClosed run when the tunnel ends before the leg came; any thread
     */
    public PromisedLeg(int length, Consumer<byte[]> taker, Runnable whenClosed) {
        this.wanted = ByteBuffer.allocate(length);
        this.taker = taker;
        this.whenClosed = whenClosed;
    }

    @Override
    public int read(ByteBuffer into) {
        return 0;
    }

    @Override
    public void write(ByteBuffer from) {
        if (!wanted.hasRemaining()) {
            return;
        }
        int length = Math.min(wanted.remaining(), from.remaining());
        wanted.put(wanted.position(), from, from.position(), length);
        wanted.position(wanted.position() + length);
        from.position(from.position() + length);
        if (!wanted.hasRemaining()) {
            taker.accept(wanted.array());
        }
    }

    @Override
    public boolean flush() {
        // An end waits for the leg to pass it on to.
        return !outputEnded;
    }

    @Override
    public void shutdownOutput() {
        outputEnded = true;
    }

    /** Does on the real leg what was asked of this one. */
    void handOverTo(Leg real) throws IOException {
        if (outputEnded) {
            real.shutdownOutput();
        }
    }

    @Override
    public void close() {
        whenClosed.run();
    }

    @Override
    public void reset() {
        whenClosed.run();
    }

    @Override
    public @Nullable SelectableChannel channel() {
        return null;
    }

    @Override
    public boolean buffersInput() {
        return true;
    }

    @Override
    public void onReady(Runnable listener) {
        // The leg that comes is ready by itself.
    }
}
