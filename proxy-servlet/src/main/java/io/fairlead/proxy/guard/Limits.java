package io.fairlead.proxy.guard;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The limits of one route: who is admitted to open a tunnel. A handshake is admitted by all of them or counted by none.
 *
 * <p>Thread-safe, behind one lock that is held for a few steps in memory.
 */
public final class Limits {

    private static final int SOON = 1;
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final LimitSettings settings;
    private final @Nullable TokenBucket bucket;
    private final AddressTable addresses;
    private final LongSupplier clock;
    private final long start;
    private int tunnels;
    private int handshakes;

    public Limits(LimitSettings settings) {
        this(settings, System::nanoTime, AddressTable.CAPACITY);
    }

    /** @param clock nanoseconds, as {@link System#nanoTime} */
    Limits(LimitSettings settings, LongSupplier clock, int capacity) {
        this.settings = settings;
        this.bucket =
                settings.handshakeRatePerAddress() > 0 ? new TokenBucket(settings.handshakeRatePerAddress()) : null;
        this.addresses = new AddressTable(capacity);
        this.clock = clock;
        this.start = clock.getAsLong();
    }

    /**
     * Decides on a handshake. What is the client's own doing is told first.
     *
     * @param address that the client counts by
     * @return an {@link Admission}, which must be closed, or a {@link Refusal}
     */
    public synchronized Decision admit(String address) {
        AddressTable.Entry entry = null;
        long now = now();
        long fullAt = 0;
        if (settings.perAddress()) {
            entry = addresses.find(address);
            if (reached(settings.maxTunnelsPerAddress(), entry.tunnels())) {
                return new Refusal(Limit.MAX_TUNNELS_PER_ADDRESS, SOON);
            }
            if (bucket != null) {
                long wait = bucket.untilToken(entry.fullAt(), now);
                if (wait > 0) {
                    return new Refusal(Limit.HANDSHAKE_RATE_PER_ADDRESS, (int) ((wait + SECOND - 1) / SECOND));
                }
                fullAt = bucket.taken(entry.fullAt(), now);
            }
        }
        if (reached(settings.maxTunnels(), tunnels)) {
            return new Refusal(Limit.MAX_TUNNELS, SOON);
        }
        if (reached(settings.maxHandshakes(), handshakes)) {
            return new Refusal(Limit.MAX_HANDSHAKES, SOON);
        }
        tunnels++;
        handshakes++;
        boolean counted = settings.maxTunnelsPerAddress() > 0;
        if (entry != null) {
            addresses.admitted(entry, counted, fullAt, now);
        }
        return new Admission(this, counted ? entry : null);
    }

    private static boolean reached(int limit, int count) {
        return limit > 0 && count >= limit;
    }

    private long now() {
        return clock.getAsLong() - start;
    }

    synchronized void handshakeDone() {
        handshakes--;
    }

    synchronized void ended(AddressTable.@Nullable Entry address, boolean inHandshake) {
        tunnels--;
        if (inHandshake) {
            handshakes--;
        }
        if (address != null) {
            addresses.ended(address, now());
        }
    }

    /** The tunnels that are open or being opened. */
    public synchronized int tunnels() {
        return tunnels;
    }

    /** The handshakes that wait for their answer. */
    public synchronized int handshakes() {
        return handshakes;
    }

    /** The addresses that something is known of. */
    synchronized int addresses() {
        return addresses.size();
    }
}
