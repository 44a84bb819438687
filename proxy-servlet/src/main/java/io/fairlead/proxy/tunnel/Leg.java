package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import org.jspecify.annotations.Nullable;

/**
 * One end of a tunnel as its loop sees it: a stream of bytes that never blocks.
 *
 * <p>All methods but {@link #close} and {@link #reset} are called by the loop's thread only, and none is called after
 * either of those two: a server may already have given the underlying object to another connection.
 *
 * <p>Readiness comes in one of two ways. A leg with a {@link #channel} is selected by the loop. A leg without one
 * remembers that it had to disappoint the loop (a read that gave 0, a write or flush that left something) and runs the
 * listener of {@link #onReady} once trying again makes sense.
 */
public interface Leg {

    /**
     * Reads what is there into {@code into}, from its position up to its limit.
     *
     * @return the number of bytes read; 0 when there is nothing now; -1 at the end of the peer's stream
     * @throws IOException when the peer has reset the connection, or the stream is broken
     */
    int read(ByteBuffer into) throws IOException;

    /**
     * Takes what it can of {@code from}; the rest stays between its position and its limit. What it still holds of an
     * earlier write is sent first.
     *
     * @throws IOException when the peer takes no more bytes
     */
    void write(ByteBuffer from) throws IOException;

    /**
     * Sends on what {@link #write} has taken but still holds, as TLS does with an encrypted record.
     *
     * @return whether nothing is held any more
     */
    boolean flush() throws IOException;

    /**
     * Ends the stream toward the peer and leaves the other direction open: FIN, or close_notify and FIN under TLS.
     * Followed by {@link #flush} until that answers true.
     */
    void shutdownOutput() throws IOException;

    /** Closes both directions in an orderly way. Any thread; only the first call of close or reset counts. */
    void close();

    /**
     * Closes both directions so that the peer sees a failure, not an end: RST. Any thread; only the first call of
     * close or reset counts.
     */
    void reset();

    /** The channel whose readiness is this leg's, or null when the leg tells by {@link #onReady}. */
    @Nullable
    SelectableChannel channel();

    /**
     * Whether bytes may lie inside the leg now, as decrypted ones do. Then it is read on, until it gives 0 or nothing lies
     * there any more, since no selector tells of them.
     */
    default boolean buffersInput() {
        return false;
    }

    /**
     * Whether the leg has to write before it can give or take more bytes, as TLS sometimes has in order to answer a key
     * update. The loop then waits for writability and calls {@link #flush}.
     */
    default boolean wantsWrite() {
        return false;
    }

    /**
     * For a leg without a channel: whether its stream still lives, as far as is known. The loop asks from time to time, since
     * a leg that it neither reads nor writes tells it nothing.
     */
    default boolean isOpen() {
        return true;
    }

    /** Ends a tunnel, for a leg that finds a reason to do so in what passes. Any thread: it only enqueues. */
    interface Closer {

        /**
         * @param reason who or what ends it
         * @param code of the Close frame that both sides get
         * @param text of that frame, and for the log
         * @param closing run, on the loop's thread, as soon as the tunnel knows
         */
        void close(TunnelEnd.Reason reason, int code, String text, Runnable closing);
    }

    /** For a leg that looks at what passes. */
    default void onRefusal(Closer closer) {}

    /** For a leg without a channel: {@code listener} may be run from any thread: it only enqueues. */
    default void onReady(Runnable listener) {
        throw new UnsupportedOperationException("a leg with a channel is selected");
    }
}
