package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class LaneTest {

    @Test
    void oneIsDoneWhenTheLastOneIs() {
        List<Integer> done = new ArrayList<>();
        CompletableFuture<Void> second = new CompletableFuture<>();
        Lane<Integer> lane = new Lane<>(
                Runnable::run,
                Integer.MAX_VALUE,
                one -> {
                    done.add(one);
                    return one == 2 ? second : null;
                },
                () -> {});
        lane.add(1, 10);
        lane.add(2, 10);
        lane.add(3, 0);
        assertThat(done).containsExactly(1, 2);
        assertThat(lane.weight()).isEqualTo(10 + 2 * Lane.OVERHEAD);
        second.complete(null);
        assertThat(done).containsExactly(1, 2, 3);
        assertThat(lane.weight()).isZero();
    }

    @Test
    void manyThatWaitedNeedNoDeepStack() {
        AtomicInteger done = new AtomicInteger();
        CompletableFuture<Void> first = new CompletableFuture<>();
        Lane<Integer> lane = new Lane<>(
                Runnable::run, Integer.MAX_VALUE, one -> done.getAndIncrement() == 0 ? first : null, () -> {});
        for (int i = 0; i < 300_000; i++) {
            lane.add(i, 1);
        }
        first.complete(null);
        assertThat(done).hasValue(300_000);
    }

    @Test
    void manyThreadsAddAndNoneIsDoneTwiceOrAtTheSameTime() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            AtomicInteger atATime = new AtomicInteger();
            AtomicInteger done = new AtomicInteger();
            CompletableFuture<Void> all = new CompletableFuture<>();
            Lane<Integer> lane = new Lane<>(
                    pool,
                    8,
                    one -> {
                        assertThat(atATime.incrementAndGet()).isEqualTo(1);
                        atATime.decrementAndGet();
                        if (done.incrementAndGet() == 4000) {
                            all.complete(null);
                            return null;
                        }
                        return one % 3 == 0 ? CompletableFuture.runAsync(() -> {}, pool) : null;
                    },
                    () -> {});
            List<CompletableFuture<Void>> adders = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                adders.add(CompletableFuture.runAsync(() -> {
                    for (int n = 0; n < 1000; n++) {
                        lane.add(n, 1);
                    }
                }));
            }
            CompletableFuture.allOf(adders.toArray(CompletableFuture[]::new)).join();
            all.join();
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void afterItsEndNothingIsDone() {
        AtomicInteger done = new AtomicInteger();
        CompletableFuture<Void> first = new CompletableFuture<>();
        Lane<Integer> lane = new Lane<>(
                Runnable::run, Integer.MAX_VALUE, one -> done.getAndIncrement() == 0 ? first : null, () -> {});
        lane.add(1, 1);
        lane.add(2, 1);
        lane.end();
        lane.add(3, 1);
        first.complete(null);
        assertThat(done).hasValue(1);
    }
}
