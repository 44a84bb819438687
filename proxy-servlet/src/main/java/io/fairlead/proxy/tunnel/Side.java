package io.fairlead.proxy.tunnel;

import io.fairlead.proxy.tunnel.TunnelAccount.RoundTrip;
import java.io.IOException;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One side of a tunnel at its loop: the leg, what the loop waits for on it, and the two pumps that touch it.
 *
 * <p>The loop's thread only.
 */
final class Side {

    private final Tunnel tunnel;
    private Leg leg;
    private @Nullable Pump reader;
    private @Nullable Pump writer;
    private @Nullable SelectionKey key;
    private int interest = SelectionKey.OP_READ;
    private long heardNanos;
    private long pingSentNanos;
    private boolean pingUnanswered;
    private boolean pingUnderWay;
    private long roundTripNanos;
    private long lastRoundTripNanos;

    Side(Tunnel tunnel, Leg leg) {
        this.tunnel = tunnel;
        this.leg = leg;
        this.pingSentNanos = tunnel.now();
        this.heardNanos = pingSentNanos;
    }

    /** Names the pump that reads from this side and the one that writes to it. */
    void pumps(Pump reading, Pump writing) {
        reader = reading;
        writer = writing;
    }

    Leg leg() {
        return leg;
    }

    /** Begins to listen, with interest in reading. */
    void register(TunnelLoop loop) throws ClosedChannelException {
        SelectableChannel channel = leg.channel();
        if (channel == null) {
            leg.onReady(() -> loop.execute(() -> ready(interest)));
            leg.onRefusal((reason, code, text, closing) -> loop.execute(() -> {
                tunnel.refusedFor(reason, code, text);
                closing.run();
            }));
        } else {
            key = channel.register(loop.selector(), interest, this);
        }
    }

    /** Reads what is there already. */
    void begin() {
        ready(SelectionKey.OP_READ);
    }

    /** Goes on with {@code real} in place of the leg that stood in for it. */
    void become(Leg real, TunnelLoop loop) throws IOException {
        PromisedLeg before = (PromisedLeg) leg;
        leg = real;
        register(loop);
        before.handOverTo(real);
        ready(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
    }

    /** The selector's news. */
    void selected(SelectionKey selected) {
        int ready;
        try {
            ready = selected.readyOps();
        } catch (CancelledKeyException closedByItsServer) {
            tunnel.failed(this, new ClosedChannelException());
            return;
        }
        ready(ready);
    }

    /** Something may be possible; for a leg without a channel, whatever is wanted. */
    private void ready(int operations) {
        if (tunnel.isGone(this)) {
            return;
        }
        if ((operations & SelectionKey.OP_WRITE) != 0 && writer != null && !tunnel.ended()) {
            writer.resume();
        }
        // Under TLS a read may have waited for a write.
        boolean read = (operations & SelectionKey.OP_READ) != 0
                || ((operations & SelectionKey.OP_WRITE) != 0 && leg.buffersInput());
        if (read && reader != null && !tunnel.ended()) {
            reader.run();
        }
    }

    void broken(RuntimeException bug) {
        tunnel.broken(this, bug);
    }

    void wantRead(boolean wanted) {
        want(SelectionKey.OP_READ, wanted);
    }

    void wantWrite(boolean wanted) {
        want(SelectionKey.OP_WRITE, wanted);
    }

    private void want(int operation, boolean wanted) {
        int before = interest;
        interest = wanted ? before | operation : before & ~operation;
        if (key != null && interest != before && key.isValid()) {
            try {
                key.interestOps(interest);
            } catch (CancelledKeyException closedByItsServer) {
                tunnel.failed(this, new ClosedChannelException());
            }
        }
    }

    /** Bytes came from it. */
    void heard() {
        heardNanos = tunnel.now();
        pingUnanswered = false;
    }

    /** When bytes last came from it; when the tunnel began, if none have. */
    long heardNanos() {
        return heardNanos;
    }

    /** What it has sent is not read now, so it gets the time once more for its answer, which is not measured. */
    void notListenedTo(long now) {
        if (pingUnanswered) {
            pingSentNanos = now;
            pingUnderWay = false;
        }
    }

    /** A pong came from it. */
    void pong() {
        if (pingUnderWay) {
            pingUnderWay = false;
            long trip = tunnel.now() - pingSentNanos;
            lastRoundTripNanos = trip;
            roundTripNanos = roundTripNanos == 0 ? trip : roundTripNanos - roundTripNanos / 8 + trip / 8;
        }
    }

    /** A ping was sent to it. */
    void pinged(long now) {
        pingSentNanos = now;
        pingUnanswered = true;
        pingUnderWay = true;
    }

    /** When it was last asked for a sign of life; when the tunnel began, if it never was. */
    long pingSentNanos() {
        return pingSentNanos;
    }

    /** Whether not a byte has come since it was asked. */
    boolean pingUnanswered() {
        return pingUnanswered;
    }

    /** Null as long as no ping was answered. */
    @Nullable
    RoundTrip roundTrip() {
        return roundTripNanos == 0
                ? null
                : new RoundTrip(Duration.ofNanos(lastRoundTripNanos), Duration.ofNanos(roundTripNanos));
    }

    /** False when the stream was closed below the tunnel, of which no event tells. */
    boolean alive() {
        return key == null ? leg.isOpen() : key.isValid();
    }
}
