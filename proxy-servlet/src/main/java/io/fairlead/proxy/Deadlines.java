package io.fairlead.proxy;

import java.time.Duration;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.io.CyclicTimeouts;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * The deadlines of all exchanges of one client, behind one timer: moving a deadline costs a write of a field.
 *
 * <p>Thread-safe.
 */
final class Deadlines extends CyclicTimeouts<Deadlines.Deadline> {

    private final Set<Deadline> pending = ConcurrentHashMap.newKeySet();

    Deadlines(Scheduler scheduler) {
        super(scheduler);
    }

    /** A deadline that is not set yet. Must be {@link Deadline#end}ed. */
    Deadline begin(Runnable expired) {
        Deadline deadline = new Deadline(this, expired);
        pending.add(deadline);
        return deadline;
    }

    @Override
    protected Iterator<Deadline> iterator() {
        return pending.iterator();
    }

    @Override
    protected boolean onExpired(Deadline deadline) {
        // Before it runs: it may set the deadline anew, for another attempt.
        deadline.suspend();
        deadline.expired.run();
        return false;
    }

    /** One exchange's deadline, moved by whoever handles its latest event. */
    static final class Deadline implements CyclicTimeouts.Expirable {

        private final Deadlines all;
        private final Runnable expired;
        private volatile long at = Long.MAX_VALUE;

        private Deadline(Deadlines all, Runnable expired) {
            this.all = all;
            this.expired = expired;
        }

        /** @param from now on; zero is never */
        void in(Duration from) {
            if (from.isZero()) {
                suspend();
                return;
            }
            long before = at;
            long next = System.nanoTime() + from.toNanos();
            at = next;
            if (before == Long.MAX_VALUE || next - before < 0) {
                all.schedule(this);
            }
        }

        /** While we are not the ones who wait for the backend. */
        void suspend() {
            at = Long.MAX_VALUE;
        }

        void end() {
            suspend();
            all.pending.remove(this);
        }

        @Override
        public long getExpireNanoTime() {
            return at;
        }
    }
}
