package io.fairlead.proxy.tunnel;

import io.fairlead.proxy.tunnel.FrameScanner.Breach;
import io.fairlead.proxy.tunnel.TunnelAccount.Peer;
import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
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

    /** Why a tunnel ends that has done nothing wrong. */
    static final String STOPS = "the proxy stops";

    private final TunnelLoop loop;
    private final TunnelSettings settings;
    private final Object about;
    private final Consumer<TunnelEnd> listener;
    private Leg backendLeg;
    private final AtomicBoolean handedOver = new AtomicBoolean();
    private final long startNanos;
    private final Duration maxAge;

    private @Nullable Side client;
    private @Nullable Side backend;
    private @Nullable Side firstEnded;
    private @Nullable Side firstClosed;
    private @Nullable IOException failure;
    private @Nullable Pump toBackend;
    private @Nullable Pump toClient;
    private long lastByteNanos;
    private int slot;
    private boolean ended;

    /** When it is to be closed as its route drains. */
    private @Nullable Long leaveNanos;

    private String leaveReason = STOPS;

    /** Why the peers are being told that it ends; null until then. */
    private @Nullable Reason closing;

    private @Nullable Throwable closingCause;
    private long closingNanos;
    private @Nullable Side gone;

    Tunnel(TunnelLoop loop, TunnelSettings settings, Leg backendLeg, Object about, Consumer<TunnelEnd> listener) {
        this.loop = loop;
        this.settings = settings;
        this.backendLeg = backendLeg;
        this.about = about;
        this.listener = listener;
        this.startNanos = loop.nanoTime();
        this.maxAge = spread(settings.maxAge());
        this.lastByteNanos = startNanos;
    }

    /** Less up to a tenth, so that tunnels that began together do not end together. */
    private static Duration spread(Duration age) {
        return age.isZero()
                ? age
                : age.minus(age.dividedBy(1000)
                        .multipliedBy(ThreadLocalRandom.current().nextInt(100)));
    }

    /** Joins the client's leg to the backend's. If the tunnel has ended meanwhile, {@code clientLeg} is closed. */
    public void connect(Leg clientLeg) {
        if (!handedOver.compareAndSet(false, true) || !loop.execute(() -> join(clientLeg))) {
            clientLeg.reset();
        }
    }

    /** Gives up a tunnel whose client's leg will not come; its backend is told. No effect after {@link #connect}. */
    public void abandon() {
        if (handedOver.compareAndSet(false, true)) {
            loop.execute(() -> leaveBackend(Reason.NOT_CONNECTED));
        }
    }

    /** Ends a tunnel without a client: a backend that has accepted a WebSocket gets a Close frame as any other does. */
    private void leaveBackend(Reason reason) {
        if (client != null) {
            return;
        }
        if (ended || !settings.framed()) {
            end(reason, null);
            return;
        }
        Side clientSide = new Side(this, new AbsentLeg());
        Side backendSide = new Side(this, backendLeg);
        assemble(clientSide, backendSide);
        if (register(backendSide)) {
            lost(clientSide, reason, new IOException("the client was gone before its connection was joined"));
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
        if (ended || client != null) {
            clientLeg.reset();
            return;
        }
        Side clientSide = new Side(this, clientLeg);
        Side backendSide = new Side(this, backendLeg);
        assemble(clientSide, backendSide);
        boolean both = register(backendSide);
        both &= !ended && register(clientSide);
        if (both) {
            // What came glued to either head, and what TLS has decrypted already, makes no event.
            backendSide.begin();
            clientSide.begin();
        }
    }

    private void assemble(Side clientSide, Side backendSide) {
        client = clientSide;
        backend = backendSide;
        FrameRules rules = settings.rules();
        Pump up = new Pump(this, clientSide, backendSide, loop, scanner(true, rules));
        Pump down = new Pump(this, backendSide, clientSide, loop, scanner(false, rules.ofBackend()));
        clientSide.pumps(up, down);
        backendSide.pumps(down, up);
        toBackend = up;
        toClient = down;
        lastByteNanos = loop.now();
    }

    private @Nullable FrameScanner scanner(boolean masked, FrameRules rules) {
        return settings.framed() ? new FrameScanner(masked, rules) : null;
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

    long now() {
        return loop.now();
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

    /** A Close frame of {@code side} has passed. */
    void closedBy(Side side) {
        if (firstClosed == null && firstEnded == null && closing == null) {
            firstClosed = side;
        }
    }

    /** {@code side} takes no more bytes; what it has sent before is still delivered. */
    void refused(Side side, IOException cause) {
        if (closing != null) {
            failed(side, cause);
            return;
        }
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
            if (closing != null) {
                end(closing, closingCause);
                return;
            }
            boolean byClient = firstEnded == client;
            if (failure == null) {
                end(byClient ? Reason.CLIENT_CLOSED : Reason.BACKEND_CLOSED, null);
            } else {
                end(byClient ? Reason.CLIENT_FAILED : Reason.BACKEND_FAILED, failure);
            }
        }
    }

    /** {@code side} can neither be read nor written any more. The other one is told, where that can be said. */
    void failed(Side side, IOException cause) {
        lost(side, side == client ? Reason.CLIENT_FAILED : Reason.BACKEND_FAILED, cause);
    }

    /** What waits for {@code side} can't be held any longer, so it will miss something. */
    void outOfMemory(Side side, IOException cause) {
        lost(side, Reason.LIMIT, cause);
    }

    private void lost(Side side, Reason reason, IOException cause) {
        Pump up = toBackend;
        Pump down = toClient;
        Side other = side == client ? backend : client;
        if (ended || up == null || down == null || other == null) {
            end(reason, cause);
            return;
        }
        Pump toOther = side == client ? up : down;
        Pump toGone = side == client ? down : up;
        if (closing != null) {
            lostWhileClosing(side, toOther, toGone);
            return;
        }
        if (!toOther.canClose() || toGone.sourceIsDone()) {
            end(reason, cause);
            return;
        }
        closing(reason, cause);
        gone = side;
        toOther.sourceIsGone();
        toGone.mute();
        release(side.leg(), false);
        toOther.close(
                reason == Reason.LIMIT
                        ? ControlFrame.close(
                                ControlFrame.TRY_AGAIN_LATER, String.valueOf(cause.getMessage()), other == backend)
                        : farewell(other));
        toGone.run();
        closingMoved();
    }

    /** What was to be said to {@code side} needs no saying; the other one still gets what it shall have. */
    private void lostWhileClosing(Side side, Pump toOther, Pump toGone) {
        if (gone == side) {
            return;
        }
        if (gone != null || !settings.framed()) {
            end(closing == null ? Reason.SHUTDOWN : closing, closingCause);
            return;
        }
        gone = side;
        toOther.sourceIsGone();
        toGone.mute();
        release(side.leg(), false);
        toGone.run();
        closingMoved();
    }

    /** What {@code side} is told when the other one has left without a Close frame. */
    ByteBuffer farewell(Side side) {
        return side == client
                ? ControlFrame.close(ControlFrame.INTERNAL_ERROR, "the backend is gone", false)
                : ControlFrame.close(ControlFrame.GOING_AWAY, "the client is gone", true);
    }

    private void closing(Reason reason, @Nullable Throwable cause) {
        closing = reason;
        closingCause = cause;
        closingNanos = loop.now();
    }

    /** Whether {@code side} was closed before the tunnel: nothing of it may be touched any more. */
    boolean isGone(Side side) {
        return gone == side;
    }

    boolean isClosing() {
        return closing != null;
    }

    /** While it closes: ends it when both peers have what they shall have, and have said all that is waited for. */
    void closingMoved() {
        Pump up = toBackend;
        Pump down = toClient;
        Reason reason = closing;
        if (reason != null && up != null && down != null) {
            Side clientSide = client;
            boolean clientDone = gone == client || (up.sourceIsDone() && down.isSent());
            // A server ends the connection first, a client waits for that (RFC 6455 section 7.1.1).
            boolean backendDone = gone == backend || (down.sourceHasEnded() && up.isSent());
            if (clientDone && backendDone) {
                end(reason, closingCause);
            } else if (clientDone && gone == null && clientSide != null) {
                gone = clientSide;
                up.sourceIsGone();
                release(clientSide.leg(), false);
            }
        }
    }

    /** A rule of the route's was broken: both peers are told. */
    void breached(Breach breach) {
        Reason reason = breach.closeCode() == ControlFrame.PROTOCOL_ERROR ? Reason.PROTOCOL : Reason.LIMIT;
        close(reason, breach.closeCode(), breach.reason(), new IOException(breach.reason()));
    }

    /** A leg that looks at what passes does not let it go on: both peers are told. */
    void refusedFor(Reason reason, int code, String text) {
        if (!ended) {
            close(reason, code, text, new IOException(text));
        }
    }

    /** Tells both peers that it ends, and ends it when they have answered, or after closeTimeout. */
    private void close(Reason reason, int code, String text, @Nullable Throwable cause) {
        Pump up = toBackend;
        Pump down = toClient;
        if (up == null || down == null) {
            leaveBackend(reason);
        } else if (closing == null) {
            closing(reason, cause);
            if (!settings.framed()) {
                down.leave();
                // Its failure may have ended the tunnel, and then neither leg is to be touched.
                if (!ended) {
                    up.leave();
                }
                return;
            }
            down.close(ControlFrame.close(code, text, false));
            if (!ended) {
                up.close(ControlFrame.close(code, text, true));
            }
            closingMoved();
        }
    }

    /** The loop's tick: ends what is over its time, and what was closed from below; pings. */
    void check(long now) {
        Side clientSide = client;
        Side backendSide = backend;
        Reason reason = closing;
        if (clientSide == null || backendSide == null) {
            if (!handedOver.get() && over(now, startNanos, settings.connectTimeout())) {
                abandon();
            }
        } else if (reason != null && over(now, closingNanos, settings.closeTimeout())) {
            end(reason, closingCause);
        } else if (gone != clientSide && !clientSide.alive()) {
            failed(clientSide, new ClosedChannelException());
        } else if (gone != backendSide && !backendSide.alive()) {
            failed(backendSide, new ClosedChannelException());
        } else if (reason == null) {
            if (firstEnded != null && over(now, lastByteNanos, settings.closeTimeout())) {
                silentAfterEnd();
            } else if (firstEnded == null && firstClosed != null && over(now, lastByteNanos, settings.closeTimeout())) {
                end(firstClosed == clientSide ? Reason.CLIENT_CLOSED : Reason.BACKEND_CLOSED, null);
            } else if (over(now, lastByteNanos, settings.idleTimeout())) {
                close(Reason.IDLE, ControlFrame.GOING_AWAY, "idle for longer than tunnelIdleTimeout", null);
            } else if (leaveNanos != null && now - leaveNanos >= 0) {
                close(Reason.DRAINED, ControlFrame.SERVICE_RESTART, leaveReason, null);
            } else if (over(now, startNanos, maxAge)) {
                close(Reason.AGE, ControlFrame.GOING_AWAY, "older than maxTunnelAge", null);
            } else if (firstEnded == null) {
                pingBoth(clientSide, backendSide, now);
            }
        }
    }

    private void pingBoth(Side clientSide, Side backendSide, long now) {
        Pump up = toBackend;
        Pump down = toClient;
        if (up == null || down == null || settings.pingInterval().isZero() || !settings.framed()) {
            return;
        }
        // Before the client gets its ping: that blocks this way until it is out, which is no reason not to ping the
        // backend.
        boolean backendIsRead = !down.isBlocked();
        ping(clientSide, !up.isBlocked(), down, now, false);
        ping(backendSide, backendIsRead, up, now, true);
    }

    /** Pings {@code side}, or finds that it is dead. A peer that takes nothing gets no ping, and is dead after as long. */
    private void ping(Side side, boolean isRead, Pump toSide, long now, boolean masked) {
        Duration interval = settings.pingInterval();
        if (ended || closing != null) {
            return;
        }
        if (!isRead) {
            side.notListenedTo(now);
        } else if (side.pingUnanswered()) {
            // What it has taken of that which waited before the ping was a sign of life, too.
            long since = Math.max(toSide.blockedNanos(), side.pingSentNanos());
            if (over(now, since, settings.pongTimeout())) {
                failed(side, new SocketTimeoutException("no answer to a ping within pongTimeout"));
            }
        } else if (toSide.isBlocked()) {
            Duration patience = interval.plus(settings.pongTimeout());
            if (over(now, toSide.blockedNanos(), patience) && over(now, side.heardNanos(), patience)) {
                failed(
                        side,
                        new SocketTimeoutException(
                                "it has taken nothing, and sent nothing, for pingInterval and pongTimeout"));
            }
        } else if (over(now, side.pingSentNanos(), interval) && toSide.ping(ControlFrame.ping(now, masked))) {
            side.pinged(now);
        }
    }

    /** One side has ended its stream, or takes no more bytes, and the other one has said nothing for too long. */
    private void silentAfterEnd() {
        if (failure == null) {
            end(Reason.IDLE, null);
        } else {
            end(firstEnded == client ? Reason.CLIENT_FAILED : Reason.BACKEND_FAILED, failure);
        }
    }

    private static boolean over(long now, long since, Duration limit) {
        return !limit.isZero() && now - since >= limit.toNanos();
    }

    /** Ends the tunnel as its owner stops: the peers are told. */
    void shutdown() {
        handedOver.set(true);
        close(Reason.SHUTDOWN, ControlFrame.SERVICE_RESTART, STOPS, null);
    }

    /** Has it closed at some time, unless it ends before. */
    void leaveAt(long nanos, String why) {
        leaveReason = why;
        leaveNanos = nanos;
    }

    /** Takes {@link #leaveAt} back. */
    void stay() {
        leaveNanos = null;
    }

    /** Ends the tunnel at once. */
    void cut() {
        handedOver.set(true);
        end(closing == null ? Reason.SHUTDOWN : closing, closingCause);
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
        listener.accept(new TunnelEnd(reason, account(), cause));
    }

    /** What it has carried so far. */
    TunnelAccount account() {
        Side clientSide = client;
        Side backendSide = backend;
        Side closer = firstClosed;
        return new TunnelAccount(
                about,
                traffic(toBackend),
                traffic(toClient),
                clientSide == null ? null : clientSide.roundTrip(),
                backendSide == null ? null : backendSide.roundTrip(),
                Duration.ofNanos(loop.nanoTime() - startNanos),
                closer == null ? null : closer == clientSide ? Peer.CLIENT : Peer.BACKEND);
    }

    private static Traffic traffic(@Nullable Pump pump) {
        return pump == null ? Traffic.ofBytes(0) : pump.traffic();
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
