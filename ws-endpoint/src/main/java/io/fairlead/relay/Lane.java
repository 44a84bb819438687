package io.fairlead.relay;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What waits in one direction of a relay, done one after the other. Each may take its time without holding a thread.
 *
 * <p>Thread-safe.
 *
 * @param <T> what is done
 */
final class Lane<T> {

    /** What each takes beside its bytes, about: so many empty ones are bounded, too. */
    static final int OVERHEAD = 64;

    /** Does one; on one thread at a time. */
    interface Work<T> {

        /** @return completed when the next one may follow; null: at once. What fails, it deals with itself */
        @Nullable
        CompletionStage<?> doOne(T one);
    }

    private record Waiting<T>(T one, int weight) {}

    private final Executor executor;
    private final int turns;
    private final Work<T> work;
    private final Runnable lighter;
    private final Queue<Waiting<T>> queue = new ArrayDeque<>();
    private long weight;
    private boolean busy;
    private boolean ended;

    /**
     * @param turns so many in a row before others of the executor's have their turn; for one that runs what it is given at
     *     once, any number
     * @param lighter run after each one is done, on any thread; must not block
     */
    Lane(Executor executor, int turns, Work<T> work, Runnable lighter) {
        this.executor = executor;
        this.turns = turns;
        this.work = work;
        this.lighter = lighter;
    }

    /** @param bytes what it adds to the {@link #weight} until it is done */
    void add(T one, int bytes) {
        synchronized (queue) {
            if (ended) {
                return;
            }
            queue.add(new Waiting<>(one, bytes + OVERHEAD));
            weight += bytes + OVERHEAD;
            if (busy) {
                return;
            }
            busy = true;
        }
        go();
    }

    /** The bytes that wait, and {@link #OVERHEAD} for each; 0 when none is left. */
    long weight() {
        synchronized (queue) {
            return weight;
        }
    }

    /** Forgets what waits, and takes no more. What is being done goes on. */
    void end() {
        synchronized (queue) {
            ended = true;
            queue.clear();
        }
    }

    private void go() {
        try {
            executor.execute(this::run);
        } catch (RejectedExecutionException stopping) {
            end();
        }
    }

    private void run() {
        for (int turn = 0; turn < turns; turn++) {
            Waiting<T> next;
            synchronized (queue) {
                next = queue.poll();
                if (next == null) {
                    busy = false;
                    return;
                }
            }
            CompletionStage<?> stage = work.doOne(next.one());
            if (stage != null && !stage.toCompletableFuture().isDone()) {
                int done = next.weight();
                stage.whenComplete((result, failure) -> {
                    lighten(done);
                    go();
                });
                return;
            }
            lighten(next.weight());
        }
        go();
    }

    private void lighten(int bytes) {
        synchronized (queue) {
            weight -= bytes;
        }
        lighter.run();
    }
}
