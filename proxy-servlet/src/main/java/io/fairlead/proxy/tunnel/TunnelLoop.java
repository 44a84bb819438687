package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread and one selector that own a share of the tunnels for life: every read, write, timer and close of them
 * happens here. Other threads only {@link #execute}.
 */
final class TunnelLoop implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(TunnelLoop.class);

    /** How often timers are looked at while there are tunnels, in milliseconds. */
    static final long TICK_MILLIS = 250;

    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(TICK_MILLIS);

    private static final Runnable END_OF_ROUND = () -> {};

    private final Selector selector;
    private final Buffers buffers;
    private final LongSupplier clock;
    private final Thread thread;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean woken = new AtomicBoolean();
    private final AtomicInteger load = new AtomicInteger();
    private volatile boolean stopping;
    private volatile boolean stopped;

    // The loop's thread only.
    private final List<Tunnel> tunnels = new ArrayList<>();
    private final List<BooleanSupplier> departures = new ArrayList<>();
    private List<Runnable> again = new ArrayList<>();
    private List<Runnable> spareAgain = new ArrayList<>();
    private long now;
    private boolean nowIsOld = true;
    private long lastTick;

    TunnelLoop(String name, int bufferSize, MemoryBudget memory, LongSupplier clock, ClassLoader contextClassLoader)
            throws IOException {
        this.selector = Selector.open();
        this.buffers = new Buffers(bufferSize, memory);
        this.clock = clock;
        this.lastTick = clock.getAsLong();
        this.thread = new Thread(this, name);
        thread.setDaemon(true);
        thread.setContextClassLoader(contextClassLoader);
    }

    void start() {
        thread.start();
    }

    /** Lets the queued tasks run, ends the tunnels, then the thread. */
    void stop() {
        stopping = true;
        selector.wakeup();
    }

    /** For a loop that is not started. */
    void discard() throws IOException {
        selector.close();
    }

    boolean isStopping() {
        return stopping;
    }

    /** Waits for the thread's end; false when it has not come in time. */
    boolean join(long millis) throws InterruptedException {
        thread.join(Math.max(1, millis));
        return !thread.isAlive();
    }

    /** Runs {@code task} on the loop's thread, soon. False when the loop has stopped: then it never runs. */
    boolean execute(Runnable task) {
        if (stopping) {
            return false;
        }
        tasks.add(task);
        if (stopped) {
            return !tasks.remove(task);
        }
        if (Thread.currentThread() != thread && woken.compareAndSet(false, true)) {
            selector.wakeup();
        }
        return true;
    }

    /** Loop's thread: runs {@code task} after the other tunnels had their turn. */
    void again(Runnable task) {
        again.add(task);
    }

    /** The tunnels that it owns, and those that are on their way to it. Any thread. */
    int load() {
        return load.get();
    }

    /** Adds {@code tunnel} soon; false when the loop has stopped. Any thread. */
    boolean take(Tunnel tunnel) {
        load.incrementAndGet();
        if (execute(() -> add(tunnel))) {
            return true;
        }
        load.decrementAndGet();
        return false;
    }

    private void add(Tunnel tunnel) {
        tunnel.slot(tunnels.size());
        tunnels.add(tunnel);
    }

    void remove(Tunnel tunnel) {
        int slot = tunnel.slot();
        Tunnel last = tunnels.remove(tunnels.size() - 1);
        if (last != tunnel) {
            tunnels.set(slot, last);
            last.slot(slot);
        }
        load.decrementAndGet();
    }

    /** Does {@code what} to the tunnels whose settings fit, each of which may end by it. Loop's thread. */
    void each(Predicate<TunnelSettings> which, Consumer<Tunnel> what) {
        // Backwards, since a tunnel that ends puts the last one into its slot.
        for (int i = tunnels.size() - 1; i >= 0; i--) {
            Tunnel tunnel = tunnels.get(i);
            if (which.test(tunnel.settings())) {
                what.accept(tunnel);
            }
        }
    }

    /** Whether there is a tunnel whose settings fit. Loop's thread. */
    boolean has(Predicate<TunnelSettings> which) {
        return tunnels.stream().anyMatch(tunnel -> which.test(tunnel.settings()));
    }

    /** Spreads the ends of the tunnels whose settings fit evenly over a period that begins now. Loop's thread. */
    void drain(Predicate<TunnelSettings> which, Duration period, String why) {
        List<Tunnel> leaving =
                tunnels.stream().filter(tunnel -> which.test(tunnel.settings())).toList();
        long start = now();
        for (int i = 0; i < leaving.size(); i++) {
            leaving.get(i).leaveAt(start + (long) (period.toNanos() * ((double) i / leaving.size())), why);
        }
    }

    /** Runs {@code done} as soon as no tunnel is left whose settings fit. Loop's thread. */
    void whenGone(Predicate<TunnelSettings> which, Runnable done) {
        if (has(which)) {
            departures.add(() -> {
                boolean gone = !has(which);
                if (gone) {
                    done.run();
                }
                return gone;
            });
        } else {
            done.run();
        }
    }

    Selector selector() {
        return selector;
    }

    Buffers buffers() {
        return buffers;
    }

    /** The time, read once a turn. Loop's thread. */
    long now() {
        if (nowIsOld) {
            nowIsOld = false;
            now = clock.getAsLong();
        }
        return now;
    }

    /** The time. Any thread. */
    long nanoTime() {
        return clock.getAsLong();
    }

    @Override
    public void run() {
        try {
            while (!stopping || !tasks.isEmpty()) {
                turn();
            }
        } catch (IOException | ClosedSelectorException broken) {
            LOG.error("{} cannot select any more, its tunnels end", thread.getName(), broken);
        } finally {
            stopping = true;
            each(settings -> true, Tunnel::cut);
            stopped = true;
            runTasks();
            each(settings -> true, Tunnel::cut);
            try {
                selector.close();
            } catch (IOException failure) {
                LOG.warn("{} could not close its selector", thread.getName(), failure);
            }
        }
    }

    private void turn() throws IOException {
        woken.set(false);
        nowIsOld = true;
        if (!tasks.isEmpty() || !again.isEmpty()) {
            selector.selectNow(TunnelLoop::selected);
        } else if (tunnels.isEmpty()) {
            selector.select(TunnelLoop::selected);
        } else {
            selector.select(TunnelLoop::selected, TICK_MILLIS);
        }
        runAgain();
        runTasks();
        tick();
        if (!departures.isEmpty()) {
            departures.removeIf(BooleanSupplier::getAsBoolean);
        }
    }

    private static void selected(SelectionKey key) {
        Side side = (Side) key.attachment();
        try {
            side.selected(key);
        } catch (RuntimeException bug) {
            side.broken(bug);
        }
    }

    private void runAgain() {
        List<Runnable> round = again;
        if (round.isEmpty()) {
            return;
        }
        again = spareAgain;
        round.forEach(this::guarded);
        round.clear();
        spareAgain = round;
    }

    /** Runs what is there now; what comes of it waits for the other tunnels to have their turn. */
    private void runTasks() {
        if (tasks.isEmpty()) {
            return;
        }
        tasks.add(END_OF_ROUND);
        for (Runnable task = tasks.remove(); task != END_OF_ROUND; task = tasks.remove()) {
            guarded(task);
        }
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException bug) {
            LOG.error("{} goes on after an unexpected failure", thread.getName(), bug);
        }
    }

    private void tick() {
        long time = now();
        if (time - lastTick < TICK_NANOS) {
            return;
        }
        lastTick = time;
        for (int i = tunnels.size() - 1; i >= 0; i--) {
            Tunnel tunnel = tunnels.get(i);
            guarded(() -> tunnel.check(time));
        }
    }
}
