package io.fairlead.proxy.tunnel;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Bytes that a leg's former owner had read beyond the head of the message: they are the first that the leg gives. */
public final class EarlyBytes {

    private static final EarlyBytes NONE = new EarlyBytes(null);

    private @Nullable ByteBuffer bytes;

    private EarlyBytes(@Nullable ByteBuffer bytes) {
        this.bytes = bytes;
    }

    /** @param bytes kept, not copied; null or empty when there are none */
    public static EarlyBytes of(@Nullable ByteBuffer bytes) {
        return bytes == null || !bytes.hasRemaining() ? NONE : new EarlyBytes(bytes);
    }

    public boolean isEmpty() {
        return bytes == null;
    }

    /** Moves as many as fit, and answers how many these were; 0 when there are none left. */
    public int drainTo(ByteBuffer into) {
        ByteBuffer from = bytes;
        if (from == null) {
            return 0;
        }
        int length = Math.min(from.remaining(), into.remaining());
        into.put(into.position(), from, from.position(), length);
        into.position(into.position() + length);
        from.position(from.position() + length);
        if (!from.hasRemaining()) {
            bytes = null;
        }
        return length;
    }
}
