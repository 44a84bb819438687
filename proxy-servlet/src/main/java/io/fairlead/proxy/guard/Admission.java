package io.fairlead.proxy.guard;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * One admitted handshake, and the tunnel that it becomes; counted until it is closed.
 *
 * <pre>
 *  {@link Limits#admit} ──▶ HANDSHAKE ── {@link #opened} ──▶ TUNNEL ── {@link #close} ──▶ ENDED
 *                          └──────────── {@link #close} ─────────────────▲
 * </pre>
 *
 * <p>Thread-safe. Each step counts once, however often and by whomever it is called, so that every way out may simply close it.
 */
public final class Admission implements Decision, AutoCloseable {

    private enum State {
        HANDSHAKE,
        TUNNEL,
        ENDED
    }

    private final Limits limits;
    private final AddressTable.@Nullable Entry address;
    private final AtomicReference<State> state = new AtomicReference<>(State.HANDSHAKE);

    Admission(Limits limits, AddressTable.@Nullable Entry address) {
        this.limits = limits;
        this.address = address;
    }

    /** The handshake is done, the tunnel stands. No effect after {@link #close}. */
    public void opened() {
        if (state.compareAndSet(State.HANDSHAKE, State.TUNNEL)) {
            limits.handshakeDone();
        }
    }

    /** The handshake has failed, or the tunnel has ended. */
    @Override
    public void close() {
        State before = state.getAndSet(State.ENDED);
        if (before != State.ENDED) {
            limits.ended(address, before == State.HANDSHAKE);
        }
    }
}
