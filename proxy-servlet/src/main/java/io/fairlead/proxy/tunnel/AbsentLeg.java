package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/** Stands in for the leg of a client that went away before it was joined to its backend. */
final class AbsentLeg implements Leg {

    @Override
    public int read(ByteBuffer into) throws IOException {
        throw new ClosedChannelException();
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        throw new ClosedChannelException();
    }

    @Override
    public boolean flush() throws IOException {
        throw new ClosedChannelException();
    }

    @Override
    public void shutdownOutput() throws IOException {
        throw new ClosedChannelException();
    }

    @Override
    public void close() {
        // There is nothing to close.
    }

    @Override
    public void reset() {
        // There is nothing to close.
    }

    @Override
    public @Nullable SelectableChannel channel() {
        return null;
    }

    @Override
    public boolean isOpen() {
        return false;
    }

    @Override
    public void onReady(Runnable enqueue) {
        // It never is.
    }
}
