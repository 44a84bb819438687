package io.fairlead.proxy.backend;

import io.fairlead.proxy.backend.Health.Event;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Probes the backends of a route, round after round, and tells {@link Backends} what came of it.
 *
 * <p>A round lasts one interval, over which its probes are spread evenly, each a little earlier or later than that, so that
 * neither they nor several instances of the proxy fire together. Backends that come during a round are probed from the next
 * one on. A backend that has not answered its last probe yet is passed over. Drained backends are probed like all others.
 *
 * <p>Thread-safe. It has no thread of its own: probes begin on the timer's.
 */
public final class HealthChecks implements AutoCloseable {

    /** By so much of the time between two probes may one be early or late. */
    private static final double JITTER = 0.1;

    private final Backends backends;
    private final Probe probe;
    private final Duration interval;
    private final Duration timeout;
    private final Timer timer;
    private final DoubleSupplier random;
    private final Set<Backend> underWay = ConcurrentHashMap.newKeySet();

    /** Those that this round has yet to probe. Only the timer's task touches it, of which there is one at a time. */
    private final Deque<Backend> round = new ArrayDeque<>();

    /** From one probe of the round to the next; the same. */
    private Duration step = Duration.ZERO;

    private volatile Runnable cancel = () -> {};
    private volatile boolean closed;

    private HealthChecks(
            Backends backends, Probe probe, Duration interval, Duration timeout, Timer timer, DoubleSupplier random) {
        this.backends = backends;
        this.probe = probe;
        this.interval = interval;
        this.timeout = timeout;
        this.timer = timer;
        this.random = random;
    }

    /**
     * Begins at once: every backend is probed for the first time within the interval.
     *
     * @param interval from one probe of a backend to its next
     * @param timeout of a probe
     */
    public static HealthChecks start(Backends backends, Probe probe, Duration interval, Duration timeout, Timer timer) {
        return start(backends, probe, interval, timeout, timer, () -> ThreadLocalRandom.current()
                .nextDouble());
    }

    /** @param random from 0 to 1, the latter not included */
    static HealthChecks start(
            Backends backends, Probe probe, Duration interval, Duration timeout, Timer timer, DoubleSupplier random) {
        HealthChecks checks = new HealthChecks(backends, probe, interval, timeout, timer, random);
        checks.next(scaled(interval, JITTER * random.getAsDouble()));
        return checks;
    }

    private static Duration scaled(Duration duration, double factor) {
        return Duration.ofNanos((long) (duration.toNanos() * factor));
    }

    private void next(Duration delay) {
        cancel = timer.after(delay, this::turn);
        if (closed) {
            cancel.run();
        }
    }

    private void turn() {
        if (closed) {
            return;
        }
        if (round.isEmpty()) {
            round.addAll(backends.all());
            step = interval.dividedBy(Math.max(1, round.size()));
        }
        Backend backend = round.poll();
        // The next one first: whatever this probe does, the others go on.
        next(scaled(step, 1 - JITTER + 2 * JITTER * random.getAsDouble()));
        if (backend != null && !backend.isRemoved() && underWay.add(backend)) {
            probe(backend);
        }
    }

    private void probe(Backend backend) {
        AtomicBoolean told = new AtomicBoolean();
        try {
            probe.probe(backend, timeout, fault -> {
                if (told.compareAndSet(false, true)) {
                    underWay.remove(backend);
                    note(backend, fault);
                }
            });
        } catch (RuntimeException failure) {
            if (told.compareAndSet(false, true)) {
                underWay.remove(backend);
                note(backend, "no probe could be made, " + failure);
            }
        }
    }

    private void note(Backend backend, @Nullable String fault) {
        if (closed || backend.isRemoved()) {
            return;
        }
        if (fault == null) {
            backends.note(backend, Event.PROBE_SUCCEEDED, "its health checks succeed");
        } else {
            backends.note(backend, Event.PROBE_FAILED, "its health checks fail: " + fault);
        }
    }

    /** No probe begins any more, and of those that are under way nothing is noted. */
    @Override
    public void close() {
        closed = true;
        cancel.run();
    }
}
