package io.fairlead.relay;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * A filter of one tunnel. It sees the messages of both directions; of one direction in order, one at a time, while the two
 * directions may come at the same time on different threads.
 *
 * <p>An exception, thrown or in the stage, ends the tunnel (1011) and leaves one line in the log.
 */
@FunctionalInterface
public interface TunnelFilter {

    /**
     * Judges a message, or a part of one. It must not block: what takes time completes the stage later, and until then the
     * direction stands still, within its bounds.
     */
    CompletionStage<Verdict> filter(Direction direction, Message message);

    /**
     * Up to how many bytes messages of this direction are put together before they are shown, so that each is whole; a longer
     * one ends the tunnel (1009). 0: they come in parts, as they arrive.
     */
    default int wholeUpTo(Direction direction) {
        return 0;
    }

    /** The tunnel has ended; any thread. */
    default void ended() {}

    /** A verdict that is there at once. */
    static CompletionStage<Verdict> now(Verdict verdict) {
        return CompletableFuture.completedFuture(verdict);
    }
}
