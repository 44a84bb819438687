package io.fairlead.proxy.tunnel;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * The buffers of one loop: one to read into, and a few more for bytes that a destination did not take yet.
 *
 * <p>Bytes that must wait keep the buffer that they were read into, and the loop goes on with another: nothing is
 * copied. At most {@value #SPARE} direct buffers are kept beside the loop's own; when all are in use the waiting bytes
 * are copied to the heap, in exactly their size. So direct memory is bounded by the loop, and heap by one buffer for each
 * direction of each tunnel whose destination is slow.
 *
 * <p>Not thread-safe: the loop's thread only.
 */
final class Buffers {

    private static final int SPARE = 32;

    private final int size;
    private final MemoryBudget budget;
    private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>();
    private int made = 1;
    private ByteBuffer current;

    /** @param budget for what waits, shared with other loops */
    Buffers(int size, MemoryBudget budget) {
        this.size = size;
        this.budget = budget;
        this.current = ByteBuffer.allocateDirect(size);
    }

    /** The buffer to read into, empty. */
    ByteBuffer current() {
        return current.clear();
    }

    /**
     * What remains of the current buffer, safe from the next read; to be given back by {@link #release}.
     *
     * @return null when the budget is used up
     */
    @Nullable
    ByteBuffer keep() {
        ByteBuffer full = current;
        ByteBuffer next = spare();
        if (next == null) {
            int length = full.remaining();
            return budget.take(length) ? ByteBuffer.allocate(length).put(full).flip() : null;
        }
        if (!budget.take(size)) {
            free.push(next);
            return null;
        }
        current = next;
        return full;
    }

    private @Nullable ByteBuffer spare() {
        ByteBuffer next = free.poll();
        if (next == null && made <= SPARE) {
            try {
                next = ByteBuffer.allocateDirect(size);
                made++;
            } catch (OutOfMemoryError noDirectMemory) {
                // The JVM's bound on direct memory is reached; the heap has its own.
                return null;
            }
        }
        return next;
    }

    void release(ByteBuffer kept) {
        budget.give(kept.capacity());
        if (kept.isDirect()) {
            free.push(kept);
        }
    }
}
