package io.fairlead.proxy.guard;

import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * What is known of clients' addresses: how many tunnels each has, and when its token bucket is full again. An address that has
 * no tunnel and a full bucket need not be known at all.
 *
 * <p>Bounded, since an attacker may have any number of addresses. When it is full:
 *
 * <ol>
 *   <li>of the addresses without a tunnel, the one whose bucket is full soonest (or since longest) makes room. That forgets the
 *       least: it gets back the tokens that time would have given it first. The busiest are kept, and whoever comes new is not
 *       made to pay for them;
 *   <li>when all of them have tunnels, those who come new share one entry, as if they were one address. So nobody gets past
 *       the limit. It takes tunnels from {@value #CAPACITY} addresses to get there, for which a backend's one address and port
 *       has hardly enough ports on the other side.
 * </ol>
 *
 * <p>Not thread-safe. Times are nanoseconds since any one moment, not before 0.
 */
final class AddressTable {

    /** The most addresses that are known at a time. */
    static final int CAPACITY = 65_536;

    /** So many addresses that need not be known any more go for each one that may come. */
    private static final int GOING = 2;

    private final int capacity;
    private final Map<String, Entry> entries = new HashMap<>();

    /** Those without a tunnel. */
    private final TreeSet<Entry> idle = new TreeSet<>(
            Comparator.<Entry>comparingLong(entry -> entry.fullAt).thenComparingLong(entry -> entry.number));

    private final Entry overflow = new Entry("", 0);
    private long number;

    /** What is known of one address; of several, if it is the one that they share. */
    static final class Entry {

        private final String address;
        private final long number;
        private int tunnels;
        private long fullAt;

        private Entry(String address, long number) {
            this.address = address;
            this.number = number;
        }

        int tunnels() {
            return tunnels;
        }

        long fullAt() {
            return fullAt;
        }
    }

    AddressTable(int capacity) {
        this.capacity = capacity;
    }

    /** Not in the table yet if nothing is known of the address. */
    Entry find(String address) {
        Entry known = entries.get(address);
        if (known != null) {
            return known;
        }
        return entries.size() < capacity || !idle.isEmpty() ? new Entry(address, ++number) : overflow;
    }

    /**
     * Notes a handshake.
     *
     * @param entry as {@link #find} has just given it
     * @param tunnel whether it is a tunnel that will be {@link #ended}
     */
    void admitted(Entry entry, boolean tunnel, long fullAt, long now) {
        for (int i = 0; i < GOING && !idle.isEmpty() && idle.first().fullAt <= now; i++) {
            forgetFirst();
        }
        idle.remove(entry);
        entry.fullAt = fullAt;
        if (tunnel) {
            entry.tunnels++;
        }
        if (entry == overflow) {
            return;
        }
        if (entries.put(entry.address, entry) == null && entries.size() > capacity) {
            forgetFirst();
        }
        if (entry.tunnels == 0) {
            idle.add(entry);
        }
    }

    void ended(Entry entry, long now) {
        entry.tunnels--;
        if (entry != overflow && entry.tunnels == 0) {
            if (entry.fullAt > now) {
                idle.add(entry);
            } else {
                entries.remove(entry.address);
            }
        }
    }

    private void forgetFirst() {
        Entry first = idle.pollFirst();
        if (first != null) {
            entries.remove(first.address);
        }
    }

    /** How many addresses are known. */
    int size() {
        return entries.size();
    }
}
