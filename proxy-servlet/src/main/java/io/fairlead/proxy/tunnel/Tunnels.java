package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loops and the tunnels that they own.
 *
 * <p>Thread-safe. Must be closed, or its threads hold the class loader of the web application.
 */
public final class Tunnels implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Tunnels.class);

    /** How long {@link #close()} waits for each loop's thread. */
    private static final Duration STOP = Duration.ofSeconds(5);

    /** How long {@link #close(Object, Duration)} waits for the loops to cut what is left. */
    private static final Duration CUT = Duration.ofSeconds(1);

    /** The most tunnels that {@link #list} gives. */
    public static final int MOST_LISTED = 1_000;

    private final List<TunnelLoop> loops = new ArrayList<>();

    /**
     * Starts the loops.
     *
     * @param threads how many
     * @param bufferSize bytes that a loop reads at once, and the most that waits in one direction of a tunnel
     * @param memory the most that waits in all of them, in bytes; a tunnel that would need more is ended
     */
    public Tunnels(int threads, int bufferSize, long memory) {
        this(threads, bufferSize, memory, System::nanoTime);
    }

    Tunnels(int threads, int bufferSize, long memory, LongSupplier clock) {
        ClassLoader loader = Tunnels.class.getClassLoader();
        MemoryBudget budget = new MemoryBudget(memory);
        try {
            for (int i = 0; i < threads; i++) {
                loops.add(new TunnelLoop("fairlead-tunnels-" + i, bufferSize, budget, clock, loader));
            }
        } catch (IOException noSelector) {
            discard();
            throw new UncheckedIOException("no selector for the tunnels", noSelector);
        } catch (OutOfMemoryError noDirectMemory) {
            discard();
            throw noDirectMemory;
        }
        loops.forEach(TunnelLoop::start);
    }

    private void discard() {
        for (TunnelLoop loop : loops) {
            try {
                loop.discard();
            } catch (IOException failure) {
                LOG.warn("a selector could not be closed", failure);
            }
        }
    }

    /**
     * Opens a tunnel with its backend's leg; {@link Tunnel#connect} gives it the client's.
     *
     * @param about what the opener knows of it, for {@link TunnelAccount#about}
     * @param listener told the end once, on the loop's thread: it must not block
     * @return null when the tunnels are closed; then {@code backend} was reset
     */
    public @Nullable Tunnel open(Leg backend, TunnelSettings settings, Object about, Consumer<TunnelEnd> listener) {
        for (TunnelLoop loop = leastLoaded(); loop != null; loop = leastLoaded()) {
            Tunnel tunnel = new Tunnel(loop, settings, backend, about, listener);
            if (loop.take(tunnel)) {
                return tunnel;
            }
        }
        backend.reset();
        return null;
    }

    /** Null when all have stopped. */
    private @Nullable TunnelLoop leastLoaded() {
        TunnelLoop best = null;
        for (TunnelLoop loop : loops) {
            if (!loop.isStopping() && (best == null || loop.load() < best.load())) {
                best = loop;
            }
        }
        return best;
    }

    /** The tunnels that are open or being opened. */
    public int count() {
        int count = 0;
        for (TunnelLoop loop : loops) {
            count += loop.load();
        }
        return count;
    }

    /**
     * What the tunnels of one owner have carried so far, at most {@value #MOST_LISTED} of them. Asks the loops and waits for
     * their answers; the tunnels of a loop that has not answered within {@code patience} are missing.
     */
    public List<TunnelAccount> list(Object owner, Duration patience) {
        Queue<TunnelAccount> listed = new ConcurrentLinkedQueue<>();
        AtomicInteger room = new AtomicInteger(MOST_LISTED);
        await(patience, (loop, done) -> {
            loop.each(
                    settings -> settings.owner() == owner && room.getAndDecrement() > 0,
                    tunnel -> listed.add(tunnel.account()));
            done.countDown();
        });
        return List.copyOf(listed);
    }

    /**
     * Ends all tunnels of one owner: their peers are told by a Close frame, and have {@code patience} to answer; what is left
     * then is cut. Waits until both sockets of each are closed.
     *
     * @return whether that was done within {@code patience} and another second
     */
    public boolean close(Object owner, Duration patience) {
        Predicate<TunnelSettings> owned = settings -> settings.owner() == owner;
        if (await(patience, (loop, done) -> {
            loop.each(owned, Tunnel::shutdown);
            loop.whenGone(owned, done::countDown);
        })) {
            return true;
        }
        return await(CUT, (loop, done) -> {
            loop.each(owned, Tunnel::cut);
            done.countDown();
        });
    }

    /**
     * Has the tunnels of one owner closed, one after the other over a period, so that their clients do not come back all at
     * once. Each ends as by {@link #close(Object, Duration)}.
     *
     * @param drained run once, by a thread of a loop's, when none is left; it must not block
     */
    public void drain(Object owner, Duration period, Runnable drained) {
        Predicate<TunnelSettings> owned = settings -> settings.owner() == owner;
        AtomicInteger busy = new AtomicInteger(loops.size());
        Runnable done = () -> {
            if (busy.decrementAndGet() == 0) {
                drained.run();
            }
        };
        for (TunnelLoop loop : loops) {
            if (!loop.execute(() -> {
                loop.drain(owned, period, Tunnel.STOPS);
                loop.whenGone(owned, done);
            })) {
                done.run();
            }
        }
    }

    /**
     * The same for those of one owner to one backend.
     *
     * @param backend as {@link TunnelSettings#backend} has it
     */
    public void drain(Object owner, Object backend, Duration period) {
        for (TunnelLoop loop : loops) {
            loop.execute(() -> loop.drain(
                    settings -> settings.owner() == owner && settings.backend() == backend,
                    period,
                    "the backend stops"));
        }
    }

    /** The same for those of one owner to one backend. */
    public void stay(Object owner, Object backend) {
        for (TunnelLoop loop : loops) {
            loop.execute(() ->
                    loop.each(settings -> settings.owner() == owner && settings.backend() == backend, Tunnel::stay));
        }
    }

    /** Takes a {@link #drain} back, for the tunnels whose turn has not come. */
    public void stay(Object owner) {
        for (TunnelLoop loop : loops) {
            loop.execute(() -> loop.each(settings -> settings.owner() == owner, Tunnel::stay));
        }
    }

    /** Has every loop do something in its thread, and waits until each has said that it is done. */
    private boolean await(Duration patience, BiConsumer<TunnelLoop, CountDownLatch> what) {
        CountDownLatch done = new CountDownLatch(loops.size());
        for (TunnelLoop loop : loops) {
            if (!loop.execute(() -> what.accept(loop, done))) {
                done.countDown();
            }
        }
        try {
            return done.await(patience.toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException stopWaiting) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Ends all tunnels and the loops' threads. */
    @Override
    public void close() {
        loops.forEach(TunnelLoop::stop);
        for (TunnelLoop loop : loops) {
            try {
                if (!loop.join(STOP.toMillis())) {
                    LOG.warn("a tunnel loop is still busy after {}", STOP);
                }
            } catch (InterruptedException stopWaiting) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }
}
