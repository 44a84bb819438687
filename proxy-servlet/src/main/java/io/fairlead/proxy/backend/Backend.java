package io.fairlead.proxy.backend;

import io.fairlead.proxy.backend.Health.Event;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * One backend of a route, from when it is first named until it no longer is. Two are the same if host and port are.
 *
 * <p>Thread-safe.
 */
public final class Backend {

    private static final int ID_BYTES = 9;

    private final String host;
    private final int port;
    private final String address;
    private final String id;
    private final long hash;
    private volatile Target target;
    private volatile Health health;
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger tunnels = new AtomicInteger();
    private final AtomicInteger sessions = new AtomicInteger();
    private final AtomicBoolean onTrial = new AtomicBoolean();
    private final LongAdder uses = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private volatile boolean draining;
    private volatile @Nullable Long drainEnd;
    private volatile boolean removed;

    /** Of smooth weighted round robin; guarded by the {@link Balancer}. */
    double current;

    Backend(Target target, boolean late, long now) {
        this.target = target;
        this.host = target.host();
        this.port = target.port();
        this.address = target.address();
        this.health = Health.assumed(late, now);
        byte[] digest = digest(address);
        this.id = Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest, ID_BYTES));
        this.hash = Rendezvous.hash(address);
    }

    private static byte[] digest(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JVM has SHA-256", impossible);
        }
    }

    /** A name, or an IP address; IPv6 without brackets. */
    public String host() {
        return host;
    }

    public int port() {
        return port;
    }

    /** {@code host:port}. */
    public String address() {
        return address;
    }

    /** Stands for {@link #address} where that must not be shown; the same on every instance. */
    public String id() {
        return id;
    }

    long hash() {
        return hash;
    }

    public int weight() {
        return target.weight();
    }

    public boolean isBackup() {
        return target.backup();
    }

    void named(Target again) {
        target = again;
    }

    /** Requests under way, and handshakes. */
    public int requests() {
        return requests.get();
    }

    /** Tunnels that are open. */
    public int tunnels() {
        return tunnels.get();
    }

    /** Sessions that are known to be its. */
    public int sessions() {
        return sessions.get();
    }

    void sessions(int more) {
        sessions.addAndGet(more);
    }

    /** How often it was used since it was named. */
    public long uses() {
        return uses.sum();
    }

    /** How many of these uses failed. */
    public long failures() {
        return failures.sum();
    }

    public Health health() {
        return health;
    }

    /** Whether it gets no new work. */
    public boolean isDraining() {
        return draining;
    }

    /** @param end when its tunnels shall have ended; null for never */
    void drain(@Nullable Long end) {
        drainEnd = end;
        draining = true;
    }

    void resume() {
        draining = false;
        drainEnd = null;
    }

    /** Null if it is not drained, or its tunnels end by themselves. */
    @Nullable
    Long drainEnd() {
        return drainEnd;
    }

    /** Whether it is no longer one of the route's. */
    public boolean isRemoved() {
        return removed;
    }

    void removed() {
        removed = true;
    }

    /** One place in the counts; false if there are {@code most} requests already. */
    boolean take(int most) {
        int now;
        do {
            now = requests.get();
            if (now >= most) {
                return false;
            }
        } while (!requests.compareAndSet(now, now + 1));
        uses.increment();
        return true;
    }

    void becomesTunnel() {
        tunnels.incrementAndGet();
        requests.decrementAndGet();
    }

    void requestEnded() {
        requests.decrementAndGet();
    }

    void tunnelEnded() {
        tunnels.decrementAndGet();
    }

    void failed() {
        failures.increment();
    }

    /** For the one use that decides whether it is back; true for one at a time. */
    boolean beginTrial() {
        return onTrial.compareAndSet(false, true);
    }

    void endTrial() {
        onTrial.set(false);
    }

    /**
     * Gives whether it came up, or went down, by that; 0 if neither.
     *
     * @param begun when what has happened began
     */
    synchronized int note(Event event, HealthRules rules, long now, long begun) {
        Health before = health;
        if (begun - before.sinceNanos() < 0) {
            return 0;
        }
        Health after = before.next(event, rules, now);
        if (after != before) {
            health = after;
        }
        return Boolean.compare(after.up(), before.up());
    }

    @Override
    public String toString() {
        return address;
    }
}
