package io.fairlead.suite.peer;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of the tests' own peers; their names start with {@link #PREFIX}, so that a server's can be told apart. */
public final class Crew {

    public static final String PREFIX = "peer-";

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(null, task, PREFIX + NUMBER.incrementAndGet(), 256 * 1024);
        thread.setDaemon(true);
        return thread;
    });

    private Crew() {}

    /** Work whose exceptions reach whoever waits for it. */
    public interface Work {
        void run() throws Exception;
    }

    public static CompletableFuture<Void> start(Work work) {
        return call(() -> {
                    work.run();
                    return true;
                })
                .thenAccept(done -> {});
    }

    public static <T> CompletableFuture<T> call(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        THREADS.execute(() -> {
            try {
                result.complete(work.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    /** Waits for a result, at most a minute. */
    public static <T> T await(CompletableFuture<T> work) throws Exception {
        return work.get(60, TimeUnit.SECONDS);
    }
}
