package io.fairlead.proxy.backend;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which backend has which session. Bounded: beyond its capacity the session that was not used for longest is forgotten, as is
 * each that was not used for a time. Forgotten sessions are found again by asking.
 *
 * <p>Thread-safe; what it locks for is one look-up.
 */
final class SessionTable {

    private record Entry(Backend backend, long usedNanos) {}

    private final int capacity;
    private final long lifeNanos;
    private final LinkedHashMap<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

    SessionTable(int capacity, Duration life) {
        this.capacity = capacity;
        this.lifeNanos = life.toNanos();
    }

    /** The backend that has a session; null when that is not known (any more). */
    synchronized @Nullable Backend find(String session, long now) {
        Entry entry = entries.get(session);
        if (entry == null) {
            return null;
        }
        if (entry.backend().isRemoved() || now - entry.usedNanos() > lifeNanos) {
            forget(session);
            return null;
        }
        if (entry.usedNanos() != now) {
            entries.put(session, new Entry(entry.backend(), now));
        }
        return entry.backend();
    }

    synchronized void remember(String session, Backend backend, long now) {
        Entry before = entries.put(session, new Entry(backend, now));
        if (before == null || before.backend() != backend) {
            if (before != null) {
                before.backend().sessions(-1);
            }
            backend.sessions(1);
        }
        // Those that were not used for longest come first. No put makes two of them old.
        for (int i = 0; i < 2 && !entries.isEmpty(); i++) {
            Map.Entry<String, Entry> eldest = entries.entrySet().iterator().next();
            if (entries.size() <= capacity && now - eldest.getValue().usedNanos() <= lifeNanos) {
                return;
            }
            forget(eldest.getKey());
        }
    }

    synchronized void forget(String session) {
        Entry entry = entries.remove(session);
        if (entry != null) {
            entry.backend().sessions(-1);
        }
    }

    synchronized int size() {
        return entries.size();
    }
}
