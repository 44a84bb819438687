package io.fairlead.doctor.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class TurnsTest {

    private final Deque<Runnable> threads = new ArrayDeque<>();
    private final List<String> done = new ArrayList<>();
    private final Turns turns =
            new Turns(threads::add, () -> done.add("too much"), failure -> done.add("failed: " + failure.getMessage()));

    private void run() {
        assertThat(threads).hasSize(1);
        threads.remove().run();
    }

    @Test
    void turnsComeOneAfterTheOther() {
        turns.add(1, () -> done.add("one"));
        turns.add(1, () -> {
            done.add("two");
            turns.add(1, () -> done.add("four"));
        });
        turns.add(1, () -> done.add("three"));
        run();
        assertThat(done).containsExactly("one", "two", "three", "four");
        turns.add(1, () -> done.add("five"));
        run();
        assertThat(done).hasSize(5);
    }

    @Test
    void aFailureIsToldAndTheNextComes() {
        turns.add(1, () -> {
            throw new IOException("gone");
        });
        turns.add(1, () -> {
            throw new IllegalStateException("closed");
        });
        turns.end(() -> done.add("end"));
        run();
        assertThat(done).containsExactly("failed: gone", "failed: closed", "end");
    }

    @Test
    void whatWaitsIsBounded() {
        int half = Turns.MOST / 2 - 200;
        turns.add(half, () -> done.add("one"));
        turns.add(half, () -> done.add("two"));
        turns.add(half, () -> done.add("three"));
        turns.add(0, () -> done.add("four"));
        turns.end(() -> done.add("end"));
        run();
        assertThat(done).containsExactly("too much", "one", "two", "end");
    }

    @Test
    void whatWasTakenMakesRoom() {
        for (int i = 0; i < 10; i++) {
            turns.add(Turns.MOST - 200, () -> done.add("one"));
            run();
        }
        assertThat(done).hasSize(10).doesNotContain("too much");
    }

    @Test
    void nothingFollowsTheEnd() {
        turns.end(() -> done.add("end"));
        turns.add(1, () -> done.add("late"));
        turns.end(() -> done.add("again"));
        run();
        assertThat(done).containsExactly("end");
    }

    @Test
    void nothingIsKeptOnceTheThreadsAreGone() {
        Turns orphaned = new Turns(
                task -> {
                    throw new RejectedExecutionException("closed");
                },
                () -> done.add("too much"),
                failure -> done.add("failed"));
        orphaned.add(1, () -> done.add("one"));
        orphaned.end(() -> done.add("end"));
        assertThat(done).isEmpty();
    }
}
