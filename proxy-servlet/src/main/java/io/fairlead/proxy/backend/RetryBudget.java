package io.fairlead.proxy.backend;

import java.util.concurrent.atomic.AtomicLong;

/**
 * How many requests may be sent once more: so many of a hundred, and a store of some for quiet times, so that backends which
 * fail do not get twice the load. Thread-safe.
 */
public final class RetryBudget {

    /** In hundredths of a retry. */
    private final long store;

    private final int percent;
    private final AtomicLong left;

    /**
     * @param percent of the requests; 0: none ever, 100 and more: all
     * @param store so many besides, in quiet times: as many as may fail at once
     */
    public RetryBudget(int percent, int store) {
        this.percent = percent;
        this.store = store * 100L;
        this.left = new AtomicLong(percent == 0 ? 0 : this.store);
    }

    /** A request has come. */
    public void requested() {
        if (percent < 100 && left.get() < store) {
            left.addAndGet(percent);
        }
    }

    /** Takes one retry; false when there is none. */
    public boolean take() {
        if (percent >= 100) {
            return true;
        }
        long now;
        do {
            now = left.get();
            if (now < 100) {
                return false;
            }
        } while (!left.compareAndSet(now, now - 100));
        return true;
    }
}
