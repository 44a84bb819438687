package io.fairlead.relay;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of one route's relays: a few that never wait, and those that may, since the Jakarta API has no other way to send a
 * message in parts. Each comes when it is needed and goes after a while without work.
 *
 * <p>Thread-safe. What waits for a thread is bounded by the number of tunnels.
 */
final class RelayPool implements AutoCloseable {

    private static final int IDLE_SECONDS = 30;
    private static final int STOP_SECONDS = 2;

    private final ThreadPoolExecutor quick;
    private final ThreadPoolExecutor patient;
    private final Semaphore waiting;

    /** @param patience the most threads that may wait, ours and as many of the server's */
    RelayPool(String route, int patience) {
        int processors = Math.max(2, Math.min(8, Runtime.getRuntime().availableProcessors()));
        this.quick = threads("fairlead-relay-" + route + "-", processors);
        this.patient = threads("fairlead-sender-" + route + "-", patience);
        this.waiting = new Semaphore(patience);
    }

    private static ThreadPoolExecutor threads(String name, int most) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                most, most, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
                    Thread thread = new Thread(work, name + number.incrementAndGet());
                    thread.setDaemon(true);
                    thread.setContextClassLoader(RelayPool.class.getClassLoader());
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** For what does not wait. */
    Executor quick() {
        return quick;
    }

    /** For what may wait for a peer. */
    Executor patient() {
        return patient;
    }

    /** Whether one more of the server's threads may wait; then {@link #waited} must follow. */
    boolean mayWait() {
        return waiting.tryAcquire();
    }

    void waited() {
        waiting.release();
    }

    /** What still waits is interrupted. */
    @Override
    public void close() {
        quick.shutdown();
        patient.shutdownNow();
        try {
            if (!quick.awaitTermination(STOP_SECONDS, TimeUnit.SECONDS)) {
                quick.shutdownNow();
            }
        } catch (InterruptedException stopWaiting) {
            Thread.currentThread().interrupt();
        }
    }
}
