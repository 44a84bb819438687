package io.fairlead.proxy.tunnel;

import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Two legs and the two pumps between them; ends once.
 *
 * <pre>
 *  {@link Tunnels#open}          {@link #connect}                       both directions finished,
 *  ────────────▶ WAITING ──────────────▶ CONNECTED ─────────────────────▶ ENDED
 *               (backend only)                  a side failed, idle, closed
 * </pre>
 *
 * <p>{@link #connect} and {@link #abandon} may be called from any thread. All the rest happens on the loop's thread.
 */
public final class Tunnel {

    private static final Logger LOG = LoggerFactory.getLogger(Tunnel.class);

    private final TunnelLoop loop;
    private final TunnelSettings settings;
    private final Consumer<TunnelEnd> listener;
    private Leg backendLeg;
    private final AtomicBoolean handedOver = new AtomicBoolean();
    private final long startNanos;

    private @Nullable Side client;
    private @Nullable Side backend;
    private @Nullable Side firstEnded;
    private @Nullable IOException failure;
    private @Nullable Pump toBackend;
    private @Nullable Pump toClient;
    private long lastByteNanos;
    private int slot;
    private boolean ended;

    Tunnel(TunnelLoop loop, TunnelSettings settings, Leg backendLeg, Consumer<TunnelEnd> listener) {
        this.loop = loop;
        this.settings = settings;
        this.backendLeg = backendLeg;
        this.listener = listener;
        this.startNanos = loop.nanoTime();
        this.lastByteNanos = startNanos;
    }

    /** Joins the client's leg to the backend's. If the tunnel has ended meanwhile, {@code clientLeg} is closed. */
    public void connect(Leg clientLeg) {
        if (!handedOver.compareAndSet(false, true) || !loop.execute(() -> join(clientLeg))) {
            clientLeg.reset();
        }
    }

    /** Gives up a tunnel whose client's leg will not come. No effect after {@link #connect}. */
    public void abandon() {
        if (handedOver.compareAndSet(false, true)) {
            loop.execute(() -> end(Reason.NOT_CONNECTED, null));
        }
    }

    /**
     * Gives a tunnel that was opened with a {@link PromisedLeg} its backend's real one. If the tunnel has ended meanwhile,
     * {@code real} is reset. Any thread.
     */
    public void fulfil(Leg real) {
        if (!loop.execute(() -> become(real))) {
            real.reset();
        }
    }

    private void become(Leg real) {
        if (ended) {
            real.reset();
            return;
        }
        backendLeg = real;
        Side side = backend;
        if (side == null) {
            // The client's comes later, and finds it.
            return;
        }
        touch();
        try {
            side.become(real, loop);
        } catch (IOException failure) {
            failed(side, failure);
        } catch (RuntimeException unfit) {
            broken(side, unfit);
        }
    }

    /** Ends a tunnel whose backend's leg will not come: both sides are closed. Any thread. */
    public void breakPromise(IOException why) {
        handedOver.set(true);
        loop.execute(() -> {
            Side side = backend;
            if (side == null) {
                end(Reason.BACKEND_FAILED, why);
            } else {
                failed(side, why);
            }
        });
    }

    private void join(Leg clientLeg) {
        if (ended) {
            clientLeg.reset();
            return;
        }
        Side clientSide = new Side(this, clientLeg);
        Side backendSide = new Side(this, backendLeg);
        client = clientSide;
        backend = backendSide;
        Pump up = new Pump(this, clientSide, backendSide, loop, scanner(true));
        Pump down = new Pump(this, backendSide, clientSide, loop, scanner(false));
        clientSide.pumps(up, down);
        backendSide.pumps(down, up);
        toBackend = up;
        toClient = down;
        lastByteNanos = loop.now();
        if (register(backendSide) && register(clientSide)) {
            // What came glued to either head, and what TLS has decrypted already, makes no event.
            down.run();
            up.run();
        }
    }

    private @Nullable FrameScanner scanner(boolean masked) {
        return settings.framed() ? new FrameScanner(masked) : null;
    }

    private boolean register(Side side) {
        try {
            side.register(loop);
            return true;
        } catch (ClosedChannelException closedByItsServer) {
            failed(side, closedByItsServer);
            return false;
        } catch (RuntimeException unfit) {
            broken(side, unfit);
            return false;
        }
    }

    /** Something moved. */
    void touch() {
        lastByteNanos = loop.now();
    }

    void sideEnded(Side side) {
        touch();
        if (firstEnded == null) {
            firstEnded = side;
        }
    }

    /** {@code side} takes no more bytes; what it has sent before is still delivered. */
    void refused(Side side, IOException cause) {
        if (failure == null) {
            failure = cause;
            sideEnded(side);
            firstEnded = side;
        }
        directionFinished();
        Pump other = side == client ? toBackend : toClient;
        if (!ended && other != null) {
            other.run();
        }
    }

    /** Whether {@code side} takes no more bytes because it failed. */
    boolean hasFailed(Side side) {
        return failure != null && firstEnded == side;
    }

    void directionFinished() {
        Pump up = toBackend;
        Pump down = toClient;
        if (up != null && down != null && up.isFinished() && down.isFinished()) {
            boolean byClient = firstEnded == client;
            if (failure == null) {
                end(byClient ? Reason.CLIENT_CLOSED : Reason.BACKEND_CLOSED, null);
            } else {
                end(byClient ? Reason.CLIENT_FAILED : Reason.BACKEND_FAILED, failure);
            }
        }
    }

    void failed(Side side, IOException cause) {
        end(side == client ? Reason.CLIENT_FAILED : Reason.BACKEND_FAILED, cause);
    }

    /** The loop's tick: ends what is over its time, and what was closed from below. */
    void check(long now) {
        Side clientSide = client;
        Side backendSide = backend;
        if (clientSide == null || backendSide == null) {
            if (!handedOver.get() && over(now, startNanos, settings.connectTimeout())) {
                abandon();
            }
        } else if (!clientSide.alive()) {
            failed(clientSide, new ClosedChannelException());
        } else if (!backendSide.alive()) {
            failed(backendSide, new ClosedChannelException());
        } else if (over(now, lastByteNanos, settings.idleTimeout())
                || (firstEnded != null && over(now, lastByteNanos, settings.halfClosedTimeout()))) {
            end(Reason.IDLE, null);
        }
    }

    private static boolean over(long now, long since, Duration limit) {
        return !limit.isZero() && now - since >= limit.toNanos();
    }

    /** Ends the tunnel as its owner stops. */
    void shutdown() {
        handedOver.set(true);
        end(Reason.SHUTDOWN, null);
    }

    /** A leg failed in a way that it should not: its server took it away, or there is a bug. */
    void broken(Side side, RuntimeException failure) {
        LOG.warn("{}: a tunnel ends after an unexpected failure", settings.name(), failure);
        failed(side, new IOException(failure));
    }

    boolean ended() {
        return ended;
    }

    /** Its place in the loop's list, which only the loop knows what to do with. */
    int slot() {
        return slot;
    }

    void slot(int place) {
        slot = place;
    }

    TunnelSettings settings() {
        return settings;
    }

    private void end(Reason reason, @Nullable Throwable cause) {
        if (ended) {
            return;
        }
        ended = true;
        Side clientSide = client;
        release(backendLeg, reason == Reason.CLIENT_FAILED || reason == Reason.NOT_CONNECTED);
        if (clientSide != null) {
            release(clientSide.leg(), reason == Reason.BACKEND_FAILED);
        }
        Pump up = toBackend;
        Pump down = toClient;
        if (up != null && down != null) {
            up.discard();
            down.discard();
        }
        loop.remove(this);
        listener.accept(new TunnelEnd(
                reason,
                up == null ? TunnelEnd.Traffic.ofBytes(0) : up.traffic(),
                down == null ? TunnelEnd.Traffic.ofBytes(0) : down.traffic(),
                Duration.ofNanos(loop.nanoTime() - startNanos),
                cause));
    }

    /**
     * A failure of one side must not look like an end to the other, where only the bytes tell. A WebSocket peer knows by
     * the missing Close frame, and a reset could cost it the last frames.
     */
    private void release(Leg leg, boolean peerFailed) {
        try {
            if (peerFailed && !settings.framed()) {
                leg.reset();
            } else {
                leg.close();
            }
        } catch (RuntimeException serverFailed) {
            // The other leg and the registry must not suffer from it.
            LOG.warn("{}: a connection could not be closed", settings.name(), serverFailed);
        }
    }
}
