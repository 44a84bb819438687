package io.fairlead.doctor.probe;

import io.fairlead.doctor.Sighting;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** What was seen of one client's probes. Thread-safe. */
public final class Examination {

    private static final int MOST_PROBES = 64;
    private static final int MOST_SOCKETS = 8;

    /** Characters of heads; beyond that they are not kept. */
    private static final int MOST_OF_HEADS = 256 * 1024;

    private final String nonce;
    private final String address;
    private final List<Watch> watches = new ArrayList<>();
    private final CompletableFuture<Void> acknowledged = new CompletableFuture<>();
    private int heads;
    private long left;
    private int sockets;
    private long usedAt;
    private final long begunAt;

    Examination(String nonce, String address, long bytes, long now) {
        this.nonce = nonce;
        this.address = address;
        this.left = bytes;
        this.usedAt = now;
        this.begunAt = now;
    }

    String nonce() {
        return nonce;
    }

    String address() {
        return address;
    }

    /** @return false if there were too many already; then the probe is to be refused */
    public synchronized boolean add(Watch watch, long now) {
        usedAt = now;
        if (watches.size() >= MOST_PROBES) {
            return false;
        }
        watches.add(watch);
        return true;
    }

    /** The last of a step; null without one. */
    synchronized @Nullable Watch last(String step) {
        for (int i = watches.size() - 1; i >= 0; i--) {
            if (watches.get(i).step().equals(step)) {
                return watches.get(i);
            }
        }
        return null;
    }

    List<Sighting> sightings() {
        List<Watch> all;
        synchronized (this) {
            all = List.copyOf(watches);
        }
        return all.stream().map(Watch::sighting).toList();
    }

    /** Completed when the client has said that the first event came. */
    CompletableFuture<Void> acknowledged() {
        return acknowledged;
    }

    /** Whether so many characters of a head may be kept. */
    synchronized boolean keeps(int characters) {
        if (heads + characters > MOST_OF_HEADS) {
            return false;
        }
        heads += characters;
        return true;
    }

    synchronized boolean spend(long bytes) {
        left -= bytes;
        return left >= 0;
    }

    synchronized boolean opened() {
        sockets++;
        return sockets <= MOST_SOCKETS;
    }

    synchronized void closed() {
        sockets--;
    }

    synchronized void used(long now) {
        usedAt = now;
    }

    /** An open socket keeps it, for a while. */
    synchronized boolean isOver(long now, long life, long longest) {
        return now - begunAt > longest || (sockets <= 0 && now - usedAt > life);
    }
}
