package io.fairlead.proxy.backend;

import io.fairlead.proxy.backend.Bond.Kind;
import io.fairlead.proxy.backend.Choice.None;
import io.fairlead.proxy.backend.Health.Event;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The backends of one route, as they are now: a snapshot that changes as a whole.
 *
 * <p>Thread-safe. No lock is held while anything of others' runs.
 */
public final class Backends {

    /** So many times failTimeout go by before a request that cannot be sent elsewhere finds out whether a backend is back. */
    private static final int RELUCTANCE = 3;

    private static final Logger LOG = LoggerFactory.getLogger("io.fairlead.proxy.backend");

    private final String route;
    private final HealthRules rules;
    private final int maxRequests;
    private final int maxQueue;
    private final LongSupplier clock;
    private final Balancer balancer;

    /** What each source names, in the order in which they came. Guarded by this. */
    private final Map<Object, List<Target>> named = new LinkedHashMap<>();

    private volatile Snapshot snapshot = new Snapshot(List.of(), List.of(), List.of());

    private final Deque<Waiting> queue = new ArrayDeque<>();

    /** Read without the queue's lock, so that it costs nothing where nobody waits. */
    private volatile boolean anyoneWaits;

    /** Guarded by the queue. */
    private boolean closed;

    /** @param primaries those that are no backups */
    private record Snapshot(List<Backend> all, List<Backend> primaries, List<Backend> backups) {}

    /**
     * @param route for the log
     * @param maxRequests the most requests that a backend has at a time
     * @param maxQueue the most requests that wait for one that has room
     * @param clock nanoseconds since any one moment
     */
    public Backends(
            String route, Balance balance, HealthRules rules, int maxRequests, int maxQueue, LongSupplier clock) {
        this.route = route;
        this.rules = rules;
        this.maxRequests = maxRequests;
        this.maxQueue = maxQueue;
        this.clock = clock;
        this.balancer = new Balancer(balance, rules, null);
    }

    // ---- which there are

    /**
     * Says which backends there are, as one of perhaps several sources knows it. Those that stay keep what is known of them.
     * Those that go get no more work; what they have, they finish.
     *
     * @param source whatever tells one source from another
     */
    public void update(Object source, List<Target> targets) {
        List<Backend> come = new ArrayList<>();
        List<Backend> gone = new ArrayList<>();
        synchronized (this) {
            boolean first = !named.containsKey(source);
            named.put(source, List.copyOf(targets));
            Map<String, Backend> before = new LinkedHashMap<>();
            snapshot.all().forEach(backend -> before.put(backend.address(), backend));
            Map<String, Backend> after = new LinkedHashMap<>();
            for (List<Target> some : named.values()) {
                for (Target target : some) {
                    if (after.containsKey(target.address())) {
                        continue;
                    }
                    Backend known = before.remove(target.address());
                    if (known == null) {
                        known = new Backend(target, !first, clock.getAsLong());
                        come.add(known);
                    } else {
                        known.named(target);
                    }
                    after.put(target.address(), known);
                }
            }
            for (Backend backend : before.values()) {
                backend.removed();
                gone.add(backend);
            }
            List<Backend> all = List.copyOf(after.values());
            snapshot = new Snapshot(
                    all,
                    all.stream().filter(backend -> !backend.isBackup()).toList(),
                    all.stream().filter(Backend::isBackup).toList());
        }
        if (!come.isEmpty() || !gone.isEmpty()) {
            LOG.info("route '{}': backends {}, new {}, gone {}", route, snapshot.all(), come, gone);
        }
        hasRoom();
    }

    /** All of them. */
    public List<Backend> all() {
        return snapshot.all();
    }

    /** The one with an address; null if it is none of the route's. */
    public @Nullable Backend find(String address) {
        for (Backend backend : all()) {
            if (backend.address().equals(address)) {
                return backend;
            }
        }
        return null;
    }

    // ---- which of them are well

    /** Something has just been found out about a backend. */
    public void note(Backend backend, Event event, String why) {
        note(backend, event, why, clock.getAsLong());
    }

    /** @param begun when what has happened began; what began before the backend became what it is says nothing new */
    void note(Backend backend, Event event, String why, long begun) {
        int change = backend.note(event, rules, clock.getAsLong(), begun);
        if (change < 0) {
            int sessions = backend.sessions();
            LOG.warn(
                    "route '{}': backend {} is down: {}{}",
                    route,
                    backend,
                    why,
                    sessions == 0 ? "" : "; " + sessions + " sessions that it has had move to others");
            // Those who wait for this one may have another now.
            hasRoom();
        } else if (change > 0) {
            LOG.info("route '{}': backend {} is up again: {}", route, backend, why);
            hasRoom();
        }
    }

    /** Whether a backend gets new work. */
    public boolean takesWork(Backend backend) {
        return backend.health().up() && !backend.isDraining() && !backend.isRemoved();
    }

    /**
     * From now on a backend gets no new work, only that of the sessions which it has.
     *
     * @param period in which its tunnels are to be closed, also those that are still opened; null: they end by themselves
     */
    public void drain(Backend backend, @Nullable Duration period) {
        backend.drain(period == null ? null : clock.getAsLong() + period.toNanos());
        LOG.info("route '{}': backend {} is drained", route, backend);
    }

    /** In which time a new tunnel to a backend has to end; null if it need not. */
    public @Nullable Duration leftOfDrain(Backend backend) {
        Long end = backend.drainEnd();
        return end == null ? null : Duration.ofNanos(Math.max(0, end - clock.getAsLong()));
    }

    /** Takes {@link #drain} back. */
    public void resume(Backend backend) {
        backend.resume();
        LOG.info("route '{}': backend {} is no longer drained", route, backend);
        hasRoom();
    }

    // ---- which one a request goes to

    /**
     * A backend for a request. Where all of them are down, they are tried as if they were not, each where its sessions are:
     * whoever took them for dead may be wrong, and an answer that fails costs less than one that is not tried for.
     *
     * <p>Who comes while others wait is behind them: there is no room, and it may {@link #await} its turn.
     */
    public Choice lease(Wish wish) {
        Choice choice = choose(wish);
        if (anyoneWaits && choice instanceof Lease lease) {
            lease.close();
            return None.FULL;
        }
        return choice;
    }

    private Choice choose(Wish wish) {
        long now = clock.getAsLong();
        Snapshot current = snapshot;
        boolean allDown = nobodyTakesWork(current.all());
        Backend pinned = wish.pinned();
        if (pinned != null && mayHave(pinned, wish.bond().kind())) {
            if (pinned.health().up() || allDown) {
                return take(pinned, false);
            }
            if (trialIsDue(pinned, wish, now) && pinned.beginTrial()) {
                return take(pinned, true);
            }
        }
        List<Backend> candidates = usable(current.primaries(), wish);
        if (candidates.isEmpty()) {
            candidates = usable(current.backups(), wish);
        }
        if (candidates.isEmpty() && allDown) {
            candidates = current.all().stream()
                    .filter(backend -> !backend.isDraining() && !wish.tried().contains(backend))
                    .toList();
        } else if (!candidates.isEmpty()) {
            Backend onTrial = onTrial(current.primaries(), candidates, wish, now);
            if (onTrial != null) {
                return take(onTrial, true);
            }
        }
        return candidates.isEmpty() ? None.ABSENT : leaseOneOf(candidates, wish, now);
    }

    private boolean nobodyTakesWork(List<Backend> backends) {
        for (int i = 0; i < backends.size(); i++) {
            if (takesWork(backends.get(i))) {
                return false;
            }
        }
        return true;
    }

    private Choice take(Backend backend, boolean trial) {
        if (backend.take(maxRequests)) {
            return new Lease(this, backend, trial, clock.getAsLong());
        }
        if (trial) {
            backend.endTrial();
        }
        return None.FULL;
    }

    private Choice leaseOneOf(List<Backend> candidates, Wish wish, long now) {
        List<Backend> left = candidates;
        while (!left.isEmpty()) {
            Kind kind = wish.bond().kind();
            boolean byKey = kind != Kind.NONE && kind != Kind.PREFERRED;
            Backend chosen = byKey
                    ? Rendezvous.first(wish.bond().key(), left)
                    : balancer.choose(left, wish.bond().key(), now);
            Choice choice = take(chosen, false);
            if (choice instanceof Lease || kind == Kind.HASHED || kind == Kind.SESSION) {
                // What is hashed stays where it belongs, and waits for it.
                return choice;
            }
            left = left.stream().filter(backend -> backend != chosen).toList();
        }
        return None.FULL;
    }

    /** A backend that was down for long enough, if this request would be its own and could go elsewhere. */
    private @Nullable Backend onTrial(List<Backend> primaries, List<Backend> up, Wish wish, long now) {
        Kind kind = wish.bond().kind();
        for (Backend backend : primaries) {
            if (backend.health().up() || !trialIsDue(backend, wish, now)) {
                continue;
            }
            if (kind == Kind.HASHED || kind == Kind.SESSION) {
                List<Backend> all = new ArrayList<>(up);
                all.add(backend);
                if (Rendezvous.first(wish.bond().key(), all) != backend) {
                    continue;
                }
            }
            if (backend.beginTrial()) {
                return backend;
            }
        }
        return null;
    }

    /** A request that cannot go elsewhere is not risked, unless no other has come for long. */
    private boolean trialIsDue(Backend backend, Wish wish, long now) {
        return wish.tried().isEmpty()
                && !backend.isDraining()
                && backend.health().isTrialDue(rules, now, wish.repeatable() ? 1 : RELUCTANCE);
    }

    private static boolean mayHave(Backend backend, Kind kind) {
        return !backend.isRemoved() && (kind == Kind.SESSION || !backend.isDraining());
    }

    private List<Backend> usable(List<Backend> backends, Wish wish) {
        // A drained one may have the session that is asked for.
        boolean asking = wish.bond().kind() == Kind.ASKING;
        List<Backend> fit = null;
        for (int i = 0; i < backends.size(); i++) {
            Backend backend = backends.get(i);
            boolean fits = backend.health().up()
                    && (asking || !backend.isDraining())
                    && !wish.tried().contains(backend);
            if (!fits && fit == null) {
                fit = new ArrayList<>(backends.subList(0, i));
            } else if (fits && fit != null) {
                fit.add(backend);
            }
        }
        return fit == null ? backends : fit;
    }

    // ---- those who wait

    /** A request that waits until a backend has room for it. */
    public final class Waiting {

        private final Wish wish;
        private final Consumer<@Nullable Lease> served;
        private final AtomicBoolean over = new AtomicBoolean();

        private Waiting(Wish wish, Consumer<@Nullable Lease> served) {
            this.wish = wish;
            this.served = served;
        }

        /** Waits no longer; false if it has been served, or will be at any moment. */
        public boolean cancel() {
            synchronized (queue) {
                queue.remove(this);
                anyoneWaits = !queue.isEmpty();
            }
            return over.compareAndSet(false, true);
        }
    }

    /**
     * Has {@code served} called with a backend as soon as one has room. Those who came first are served first.
     *
     * @param served called once at most, perhaps before this returns, on the thread that has made the room; must not block.
     *     Given null when the backends are closed
     * @return null if too many wait already
     */
    public @Nullable Waiting await(Wish wish, Consumer<@Nullable Lease> served) {
        Waiting waiting = new Waiting(wish, served);
        boolean over;
        synchronized (queue) {
            if (queue.size() >= maxQueue) {
                return null;
            }
            over = closed;
            if (!over) {
                queue.add(waiting);
                anyoneWaits = true;
            }
        }
        if (over) {
            waiting.over.set(true);
            served.accept(null);
        } else {
            hasRoom();
        }
        return waiting;
    }

    /** Lets those who wait go, with nothing. */
    public void close() {
        List<Waiting> all;
        synchronized (queue) {
            closed = true;
            all = List.copyOf(queue);
            queue.clear();
            anyoneWaits = false;
        }
        for (Waiting waiting : all) {
            if (waiting.over.compareAndSet(false, true)) {
                waiting.served.accept(null);
            }
        }
    }

    /** How many wait. */
    public int waiting() {
        synchronized (queue) {
            return queue.size();
        }
    }

    private boolean isRoom() {
        List<Backend> all = snapshot.all();
        for (int i = 0; i < all.size(); i++) {
            if (all.get(i).requests() < maxRequests) {
                return true;
            }
        }
        return false;
    }

    /** A backend may have room for who waits. */
    void hasRoom() {
        while (anyoneWaits && isRoom()) {
            Waiting next = null;
            Lease lease = null;
            synchronized (queue) {
                for (Iterator<Waiting> all = queue.iterator(); all.hasNext() && next == null; ) {
                    Waiting waiting = all.next();
                    if (choose(waiting.wish) instanceof Lease found) {
                        all.remove();
                        next = waiting;
                        lease = found;
                    }
                }
                anyoneWaits = !queue.isEmpty();
            }
            if (next == null || lease == null) {
                return;
            }
            if (next.over.compareAndSet(false, true)) {
                next.served.accept(lease);
            } else {
                lease.close();
            }
        }
    }
}
