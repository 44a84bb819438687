package io.fairlead.relay;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Holds a server back that brings a client's messages faster than the backend takes them: it is told to pause, where it can be,
 * and has its thread wait otherwise.
 *
 * <p>Thread-safe.
 */
final class Brake {

    /** A server that was told to pause has so many times the buffer at the most in what it has read before. */
    private static final int AHEAD = 4;

    private final @Nullable Pausing pausing;
    private final RelayPool pool;
    private final int buffer;
    private final LongSupplier waiting;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private boolean paused;
    private boolean released;

    /**
     * @param pausing null when the server can't be told
     * @param pool says how many threads may wait
     * @param buffer bytes that may wait for the backend
     * @param waiting bytes that do; must not block
     */
    Brake(@Nullable Pausing pausing, RelayPool pool, int buffer, LongSupplier waiting) {
        this.pausing = pausing;
        this.pool = pool;
        this.buffer = buffer;
        this.waiting = waiting;
    }

    /**
     * One more message waits. Returns when there is room for another one, at the server's next call if it was told to pause.
     *
     * @return false when this thread should wait, but too many do
     */
    boolean apply() {
        if (isRoom(1)) {
            return true;
        }
        if (pausing != null) {
            pausing.pause();
            paused();
            if (isRoom(AHEAD)) {
                return true;
            }
        }
        if (!pool.mayWait()) {
            return false;
        }
        try {
            await(pausing == null ? 1 : AHEAD);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        } finally {
            pool.waited();
        }
        return true;
    }

    private boolean isRoom(int times) {
        lock.lock();
        try {
            return released || waiting.getAsLong() < (long) buffer * times;
        } finally {
            lock.unlock();
        }
    }

    private void await(int times) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (!released && waiting.getAsLong() >= (long) buffer * times) {
                room.await();
            }
        } finally {
            lock.unlock();
        }
    }

    private void paused() {
        lock.lock();
        try {
            paused = true;
        } finally {
            lock.unlock();
        }
        ease();
    }

    /** Less waits than before. Must be called without a lock that {@code waiting} takes. */
    void ease() {
        boolean resume;
        lock.lock();
        try {
            room.signalAll();
            resume = paused && (released || waiting.getAsLong() <= buffer / 2);
            paused &= !resume;
        } finally {
            lock.unlock();
        }
        if (resume && pausing != null) {
            pausing.resume();
        }
    }

    /** Nothing waits any more, and nobody shall. */
    void release() {
        lock.lock();
        try {
            released = true;
        } finally {
            lock.unlock();
        }
        ease();
    }
}
