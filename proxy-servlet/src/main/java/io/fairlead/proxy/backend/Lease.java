package io.fairlead.proxy.backend;

import io.fairlead.proxy.backend.Health.Event;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One use of one backend: a place in its counts, and word of how it went. Closed once, by whoever has it then.
 *
 * <p>Thread-safe.
 */
public final class Lease implements Choice, AutoCloseable {

    private static final int REQUEST = 0;
    private static final int TUNNEL = 1;
    private static final int CLOSED = 2;

    private final Backends backends;
    private final Backend backend;
    private final long begun;

    /** Until the trial is over, which is when it has its verdict: the tunnel that follows may last for days. */
    private final AtomicBoolean trial;

    private final AtomicBoolean judged = new AtomicBoolean();
    private final AtomicInteger state = new AtomicInteger(REQUEST);

    Lease(Backends backends, Backend backend, boolean trial, long begun) {
        this.backends = backends;
        this.backend = backend;
        this.begun = begun;
        this.trial = new AtomicBoolean(trial);
    }

    public Backend backend() {
        return backend;
    }

    /** The backend has answered. Only the first word counts. */
    public void succeeded() {
        if (judged.compareAndSet(false, true)) {
            backends.note(backend, Event.USE_SUCCEEDED, "a request was answered", begun);
            endTrial();
        }
    }

    /** The backend could not be reached, did not answer, or answered that it can't. Only the first word counts. */
    public void failed(String why) {
        if (judged.compareAndSet(false, true)) {
            backend.failed();
            backends.note(backend, Event.USE_FAILED, why, begun);
            endTrial();
        }
    }

    private void endTrial() {
        if (trial.compareAndSet(true, false)) {
            backend.endTrial();
        }
    }

    /** From now on it counts as a tunnel, of which there may be any number. No effect after {@link #close}. */
    public void becomesTunnel() {
        if (state.compareAndSet(REQUEST, TUNNEL)) {
            backend.becomesTunnel();
            endTrial();
            backends.hasRoom();
        }
    }

    /** Gives the place back. */
    @Override
    public void close() {
        int before = state.getAndSet(CLOSED);
        if (before == CLOSED) {
            return;
        }
        endTrial();
        if (before == TUNNEL) {
            backend.tunnelEnded();
        } else {
            backend.requestEnded();
            backends.hasRoom();
        }
    }
}
