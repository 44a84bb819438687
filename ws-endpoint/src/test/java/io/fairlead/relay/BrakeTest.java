package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class BrakeTest {

    private static final int BUFFER = 1000;

    private final RelayPool pool = new RelayPool("test", 1);
    private final AtomicLong waiting = new AtomicLong();

    /** Who waits has looked twice, the second time with the lock that it gives back by waiting. */
    private final CountDownLatch looks = new CountDownLatch(2);

    private final Brake brake = new Brake(null, pool, BUFFER, () -> {
        looks.countDown();
        return waiting.get();
    });

    @AfterEach
    void stop() {
        pool.close();
    }

    /** Somebody who applies it, and waits. */
    private CompletableFuture<Boolean> waiter() throws InterruptedException {
        CompletableFuture<Boolean> through = CompletableFuture.supplyAsync(brake::apply);
        assertThat(looks.await(10, TimeUnit.SECONDS)).isTrue();
        return through;
    }

    @Test
    void nobodyWaitsWhileThereIsRoom() {
        waiting.set(BUFFER - 1);
        assertThat(brake.apply()).isTrue();
    }

    @Test
    void whoWaitsGoesOnWhenThereIsRoomAndNotBefore() throws Exception {
        waiting.set(BUFFER);
        CompletableFuture<Boolean> through = waiter();
        brake.ease();
        assertThat(pool.mayWait()).isFalse();
        waiting.set(BUFFER - 1);
        brake.ease();
        assertThat(through.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(pool.mayWait()).isTrue();
    }

    @Test
    void whoWaitsIsReleasedAtTheEndAndNobodyWaitsAgain() throws Exception {
        waiting.set(BUFFER);
        CompletableFuture<Boolean> through = waiter();
        brake.release();
        assertThat(through.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(brake.apply()).isTrue();
    }

    @Test
    void noMoreWaitThanMay() throws Exception {
        waiting.set(BUFFER);
        CompletableFuture<Boolean> through = waiter();
        assertThat(brake.apply()).isFalse();
        brake.release();
        assertThat(through.get(10, TimeUnit.SECONDS)).isTrue();
    }
}
