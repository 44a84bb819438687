package io.fairlead.proxy.tunnel;

import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/** A leg without a channel that has nothing to read, takes whatever is written, and never has news. */
class StubLeg implements Leg {

    @Override
    public int read(ByteBuffer into) {
        return 0;
    }

    @Override
    public void write(ByteBuffer from) {
        from.position(from.limit());
    }

    @Override
    public boolean flush() {
        return true;
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void close() {}

    @Override
    public void reset() {}

    @Override
    public @Nullable SelectableChannel channel() {
        return null;
    }

    @Override
    public void onReady(Runnable enqueue) {}
}
