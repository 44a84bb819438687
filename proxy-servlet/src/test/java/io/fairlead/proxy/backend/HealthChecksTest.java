package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HealthChecksTest {

    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    /** Time that passes when a test says so. */
    private static final class FakeTimer implements Timer {

        private record Task(long at, Runnable what) {}

        private final PriorityQueue<Task> tasks = new PriorityQueue<>(Comparator.comparingLong(Task::at));
        private long now;

        @Override
        public Runnable after(Duration delay, Runnable task) {
            Task later = new Task(now + delay.toMillis(), task);
            tasks.add(later);
            return () -> tasks.remove(later);
        }

        void pass(Duration time) {
            long until = now + time.toMillis();
            while (!tasks.isEmpty() && tasks.peek().at() <= until) {
                Task next = tasks.remove();
                now = next.at();
                next.what().run();
            }
            now = until;
        }
    }

    private record Asked(String address, long at, Consumer<@Nullable String> done) {}

    private final FakeTimer timer = new FakeTimer();
    private final List<Asked> asked = new ArrayList<>();
    private final Backends backends = new Backends(
            "r",
            Balance.ROUNDROBIN,
            new HealthRules(3, Duration.ofSeconds(10), true, 2, 2, Duration.ZERO),
            10,
            10,
            () -> timer.now);

    private static Target target(String host) {
        return new Target(host, 80, 1, false);
    }

    private void named(String... hosts) {
        backends.update(
                "settings",
                List.of(hosts).stream().map(HealthChecksTest::target).toList());
    }

    private Backend backend(String host) {
        Backend backend = backends.find(host + ":80");
        assertThat(backend).isNotNull();
        return backend;
    }

    private HealthChecks start(double random) {
        return HealthChecks.start(
                backends,
                (backend, timeout, done) -> {
                    assertThat(timeout).isEqualTo(TIMEOUT);
                    asked.add(new Asked(backend.address(), timer.now, done));
                },
                INTERVAL,
                TIMEOUT,
                timer,
                () -> random);
    }

    private List<String> asked() {
        return asked.stream().map(Asked::address).toList();
    }

    private void answer(@Nullable String fault) {
        List<Asked> all = List.copyOf(asked);
        asked.clear();
        all.forEach(one -> one.done().accept(fault));
    }

    @Test
    void aRoundIsSpreadOverTheInterval() {
        named("a", "b", "c", "d");
        start(0.5);
        timer.pass(INTERVAL);
        assertThat(asked()).containsExactly("a:80", "b:80", "c:80", "d:80");
        assertThat(asked.stream().map(Asked::at)).containsExactly(500L, 3000L, 5500L, 8000L);
        answer(null);
        timer.pass(INTERVAL);
        assertThat(asked.stream().map(Asked::at)).containsExactly(10_500L, 13_000L, 15_500L, 18_000L);
    }

    @Test
    void chanceMovesTheProbesALittle() {
        named("a", "b");
        start(0);
        timer.pass(INTERVAL);
        assertThat(asked.stream().map(Asked::at)).containsExactly(0L, 4500L);
        answer(null);
        assertThat(asked).isEmpty();
        timer.pass(Duration.ofSeconds(1));
        assertThat(asked()).as("begun at 9 s").isEmpty();
        timer.pass(Duration.ofSeconds(3));
        assertThat(asked()).containsExactly("b:80");
    }

    @Test
    void whatAProbeFindsIsNoted() {
        named("a");
        start(0);
        timer.pass(Duration.ZERO);
        answer("it answered 500");
        assertThat(backend("a").health().up()).isTrue();
        timer.pass(INTERVAL);
        answer("it answered 500");
        assertThat(backend("a").health().up()).isFalse();
        for (int i = 0; i < 2; i++) {
            timer.pass(INTERVAL);
            answer(null);
        }
        assertThat(backend("a").health().up()).isTrue();
    }

    @Test
    void oneThatHasNotAnsweredIsPassedOver() {
        named("a", "b");
        start(0);
        timer.pass(Duration.ofSeconds(5));
        assertThat(asked()).containsExactly("a:80", "b:80");
        asked.remove(1).done().accept(null);
        timer.pass(INTERVAL.multipliedBy(2));
        assertThat(asked()).startsWith("a:80", "b:80").doesNotHaveDuplicates();
    }

    @Test
    void thoseThatComeAreProbedAndThoseThatGoAreNot() {
        named("a");
        start(0);
        timer.pass(Duration.ZERO);
        answer(null);
        named("b");
        timer.pass(INTERVAL);
        assertThat(asked()).containsExactly("b:80");
        Backend gone = backend("b");
        named();
        answer("gone");
        timer.pass(INTERVAL);
        assertThat(asked).isEmpty();
        assertThat(gone.health().probes()).isZero();
        named("c");
        timer.pass(INTERVAL);
        assertThat(asked()).containsExactly("c:80");
    }

    @Test
    void oneThatGoesInTheMiddleOfARoundIsNotProbed() {
        named("a", "b");
        start(0);
        timer.pass(Duration.ZERO);
        named("a");
        timer.pass(Duration.ofSeconds(5));
        assertThat(asked()).containsExactly("a:80");
    }

    @Test
    void onlyTheFirstWordOfAProbeCounts() {
        named("a");
        start(0);
        timer.pass(Duration.ZERO);
        Asked probe = asked.get(0);
        for (int i = 0; i < 5; i++) {
            probe.done().accept("again and again");
        }
        assertThat(backend("a").health().probes()).isOne();
    }

    @Test
    void aProbeThatThrowsSpeaksAgainstItsBackendAndTheOthersGoOn() {
        named("a", "b");
        HealthChecks.start(
                backends,
                (backend, timeout, done) -> {
                    if (backend.host().equals("a")) {
                        throw new IllegalArgumentException("no address");
                    }
                    done.accept(null);
                },
                INTERVAL,
                TIMEOUT,
                timer,
                () -> 0);
        timer.pass(INTERVAL.multipliedBy(2));
        assertThat(backend("a").health().up()).isFalse();
        assertThat(backend("b").health().up()).isTrue();
    }

    @Test
    void afterTheEndNothingIsProbedOrNoted() {
        named("a");
        HealthChecks checks = start(0);
        timer.pass(Duration.ZERO);
        checks.close();
        answer("too late");
        timer.pass(INTERVAL.multipliedBy(3));
        assertThat(asked).isEmpty();
        assertThat(timer.tasks).isEmpty();
        assertThat(backend("a").health().probes()).isZero();
    }
}
