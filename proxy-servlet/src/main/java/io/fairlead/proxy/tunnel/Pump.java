package io.fairlead.proxy.tunnel;

import io.fairlead.proxy.tunnel.FrameScanner.Breach;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a tunnel, and the only writer of its destination.
 *
 * <pre>
 *   FLOWING ──── the destination took only a part ───▶ BLOCKED
 *   FLOWING ◀──────────── it took the rest ─────────── BLOCKED
 *   FLOWING ──── the source ended its stream ────────▶ ENDING ──── all of it has left, the end too ───▶ FINISHED
 *   any     ──── the destination failed ───────────────────────────────────────────────────────────▶ FINISHED
 * </pre>
 *
 * <p>It reads only after the last write was completed, so at most one buffer waits. The loop's thread only.
 *
 * <p>In a WebSocket tunnel it follows the frames, and can put control frames of the proxy's own between them. After a Close
 * frame of the proxy's own it is <em>muted</em>: what still comes is looked at and dropped.
 */
final class Pump {

    /** A frame's: two bytes, eight of a length, four of a mask. */
    private static final int LONGEST_HEAD = 14;

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /** Reads in a row before the other tunnels of the loop have their turn. */
    private static final int TURNS = 16;

    private enum State {
        FLOWING,
        BLOCKED,
        ENDING,
        FINISHED
    }

    private final Tunnel tunnel;
    private final Side from;
    private final Side to;
    private final TunnelLoop loop;
    private final @Nullable FrameScanner scanner;
    private State state = State.FLOWING;
    private @Nullable ByteBuffer pending;

    /** Whether {@link #pending} is a frame of ours, and none of the loop's buffers. */
    private boolean pendingIsOurs;

    /** A Close frame that waits for a boundary. */
    private @Nullable ByteBuffer close;

    /** What waits to be written ends at a boundary, so {@link #close} comes right behind it. */
    private boolean closeIsNext;

    private boolean muted;
    private boolean sourceEnded;
    private boolean endPassed;
    private long bytes;

    /** The beginning of a frame's head that is not to be passed on before all of it is known. */
    private byte @Nullable [] head;

    private int headLength;

    /** When the destination last took something while more of it waited; when the tunnel began, if it never had to. */
    private long blockedNanos;

    /** When the messages so far would all have come, had they come at the most that is allowed. */
    private long rateNanos;

    /** The messages and pings that the rate has counted. */
    private long counted;

    /** Whether all that the source had sent was read at some time since the rate was last looked at. */
    private boolean caughtUp = true;

    /** @param scanner null when what passes is no WebSocket */
    Pump(Tunnel tunnel, Side from, Side to, TunnelLoop loop, @Nullable FrameScanner scanner) {
        this.tunnel = tunnel;
        this.from = from;
        this.to = to;
        this.loop = loop;
        this.scanner = scanner;
        this.rateNanos = tunnel.now();
        this.blockedNanos = rateNanos;
    }

    /** Moves what there is. */
    void run() {
        if (state != State.FLOWING || sourceEnded || tunnel.ended()) {
            return;
        }
        Leg source = from.leg();
        try {
            for (int turn = 0; turn < TURNS; turn++) {
                ByteBuffer buffer = loop.buffers().current();
                if (head != null) {
                    buffer.put(head, 0, headLength);
                }
                int capacity = buffer.remaining();
                int length = source.read(buffer);
                if (length < 0) {
                    end();
                    return;
                }
                if (length == 0) {
                    caughtUp(source);
                    return;
                }
                headLength = 0;
                from.heard();
                if (!deliver(buffer.flip())) {
                    return;
                }
                if (length < capacity && !source.buffersInput()) {
                    caughtUp(source);
                    return;
                }
            }
        } catch (IOException failure) {
            sourceEnded = true;
            tunnel.failed(from, failure);
            return;
        } catch (RuntimeException closedMeanwhile) {
            tunnel.broken(from, closedMeanwhile);
            return;
        }
        if (source.buffersInput() || source.channel() == null) {
            // No event tells of the bytes that are still inside.
            loop.again(this::run);
        }
    }

    /** There is no more to be read until the selector says so. */
    private void caughtUp(Leg source) {
        caughtUp = true;
        if (source.wantsWrite()) {
            from.wantWrite(true);
        }
    }

    /** Passes on what was read, as far as it shall; false when it has to wait, or the tunnel has ended. */
    private boolean deliver(ByteBuffer buffer) {
        FrameScanner frames = scanner;
        if (frames == null) {
            tunnel.touch();
            return send(buffer, false);
        }
        if (frames.isClosed() && !muted) {
            // Nothing follows a Close frame.
            return true;
        }
        long pongs = frames.pongs();
        long others = frames.frames() - pongs;
        if (close == null || muted) {
            int end = buffer.limit();
            if (muted || !frames.rules().judgesHeads()) {
                frames.scan(buffer);
            } else {
                end = frames.scanByRules(buffer);
            }
            if (frames.isClosed()) {
                tunnel.closedBy(from);
                end = Math.min(end, frames.closeEnd());
            }
            if (frames.pongs() != pongs) {
                from.pong();
            }
            if (frames.frames() - frames.pongs() != others || !frames.atBoundary()) {
                // An answer to a ping is no sign that the tunnel is of use.
                tunnel.touch();
            }
            if (muted) {
                tunnel.closingMoved();
                return !sourceEnded && !tunnel.ended();
            }
            return sendUpTo(end, buffer, frames);
        }
        ByteBuffer rest = buffer.duplicate().position(frames.scanToBoundary(buffer));
        if (frames.isClosed()) {
            // The source has closed it itself.
            close = null;
        } else if (!frames.atBoundary()) {
            return send(buffer, false);
        }
        buffer.limit(rest.position());
        frames.scan(rest);
        if (!send(buffer, false)) {
            closeIsNext = true;
            return false;
        }
        return sendClose();
    }

    /** Sends what is before {@code end}. What follows is a head to be completed, or a frame that must not pass. */
    private boolean sendUpTo(int end, ByteBuffer buffer, FrameScanner frames) {
        Breach breach = frames.breach();
        if (breach == null) {
            breach = rateBreach(frames);
            if (end < buffer.limit() && !frames.isClosed()) {
                hold(buffer, end);
            }
        }
        buffer.limit(end);
        boolean sent = !buffer.hasRemaining() || send(buffer, false);
        if (breach != null && !tunnel.ended()) {
            tunnel.breached(breach);
            // Its own Close is still to be read, and nothing else may tell that it is there.
            return state == State.FLOWING && !sourceEnded && !tunnel.ended();
        }
        return sent;
    }

    private void hold(ByteBuffer buffer, int from) {
        if (head == null) {
            head = new byte[LONGEST_HEAD];
        }
        headLength = buffer.limit() - from;
        buffer.get(from, head, 0, headLength);
    }

    /** Not null when more messages have come than may. */
    private @Nullable Breach rateBreach(FrameScanner frames) {
        int rate = frames.rules().maxMessageRate();
        if (rate == 0) {
            return null;
        }
        long now = loop.now();
        if (caughtUp && now - rateNanos > 0) {
            rateNanos = now;
        }
        // Until then it may all have been sent in time, while its destination was slow.
        caughtUp = false;
        long count = frames.messages() + frames.pings();
        rateNanos += (count - counted) * (SECOND / rate);
        counted = count;
        return rateNanos - now <= SECOND
                ? null
                : new Breach(ControlFrame.POLICY_VIOLATION, "more messages in a second than maxMessageRate");
    }

    /** Sends the Close frame, if there is one to send, and nothing after it. */
    private boolean sendClose() {
        ByteBuffer frame = close;
        close = null;
        closeIsNext = false;
        muted = true;
        if (frame != null && !send(frame, true)) {
            return false;
        }
        tunnel.closingMoved();
        return !sourceEnded && !tunnel.ended();
    }

    /** Writes {@code buffer}; false when a part of it has to wait, or the tunnel has ended. */
    private boolean send(ByteBuffer buffer, boolean ours) {
        boolean sent;
        try {
            sent = write(buffer, ours);
        } catch (NoMemoryException full) {
            tunnel.outOfMemory(to, full);
            return false;
        } catch (IOException failure) {
            refused(failure);
            return false;
        } catch (RuntimeException closedMeanwhile) {
            tunnel.broken(to, closedMeanwhile);
            return false;
        }
        if (!sent) {
            state = State.BLOCKED;
            blockedNanos = loop.now();
            from.wantRead(false);
        }
        return sent;
    }

    /** False when something of it has to wait. */
    private boolean write(ByteBuffer buffer, boolean ours) throws IOException {
        int length = buffer.remaining();
        to.leg().write(buffer);
        boolean sent = !buffer.hasRemaining() && to.leg().flush();
        if (!ours) {
            bytes += length - buffer.remaining();
        }
        if (!sent) {
            pendingIsOurs = ours;
            if (buffer.hasRemaining()) {
                pending = ours ? buffer : loop.buffers().keep();
                if (pending == null) {
                    throw new NoMemoryException();
                }
            }
            to.wantWrite(true);
        }
        return sent;
    }

    /** The loops hold as much for slow destinations as they may. */
    private static final class NoMemoryException extends IOException {
        private static final long serialVersionUID = 1;

        NoMemoryException() {
            super("as much waits for slow connections as tunnelMemory allows");
        }
    }

    /** The destination may take more. */
    void resume() {
        try {
            if (!sendPending()) {
                return;
            }
        } catch (IOException failure) {
            refused(failure);
            return;
        } catch (RuntimeException closedMeanwhile) {
            tunnel.broken(to, closedMeanwhile);
            return;
        }
        to.wantWrite(false);
        switch (state) {
            case FLOWING, BLOCKED -> {
                if (state == State.BLOCKED) {
                    state = State.FLOWING;
                    from.wantRead(!sourceEnded);
                }
                if (closeIsNext && !sendClose()) {
                    return;
                }
                if (muted) {
                    tunnel.closingMoved();
                }
                run();
            }
            case ENDING -> {
                if (endPassed) {
                    finished();
                } else {
                    passEnd();
                }
            }
            case FINISHED -> {}
        }
    }

    private boolean sendPending() throws IOException {
        ByteBuffer waiting = pending;
        if (waiting != null) {
            int length = waiting.remaining();
            to.leg().write(waiting);
            int taken = length - waiting.remaining();
            if (!pendingIsOurs) {
                bytes += taken;
            }
            if (taken > 0) {
                blockedNanos = loop.now();
                tunnel.touch();
            }
            if (waiting.hasRemaining()) {
                return false;
            }
            discard();
        }
        return to.leg().flush();
    }

    /** The source has ended, and nothing of it waits: passes the end on. */
    private void end() {
        sourceEnded = true;
        from.wantRead(false);
        tunnel.sideEnded(from);
        if (tunnel.isClosing()) {
            state = State.FINISHED;
            tunnel.closingMoved();
            return;
        }
        state = State.ENDING;
        if (tunnel.hasFailed(from) && !canClose()) {
            // Its reset was told to the writer already; to the other side it must not look like an end.
            finished();
            return;
        }
        if (canClose()) {
            // It has left without a word. The other side is told as WebSocket has it.
            muted = true;
            try {
                if (!write(tunnel.farewell(to), true)) {
                    return;
                }
            } catch (IOException failure) {
                refused(failure);
                return;
            } catch (RuntimeException closedMeanwhile) {
                tunnel.broken(to, closedMeanwhile);
                return;
            }
        }
        passEnd();
    }

    private void passEnd() {
        endPassed = true;
        try {
            to.leg().shutdownOutput();
            if (!to.leg().flush()) {
                to.wantWrite(true);
                return;
            }
        } catch (IOException failure) {
            refused(failure);
            return;
        } catch (RuntimeException closedMeanwhile) {
            tunnel.broken(to, closedMeanwhile);
            return;
        }
        finished();
    }

    /**
     * The destination takes no more. What it sent before it failed is still to be read, so the other direction goes on
     * until it ends.
     */
    private void refused(IOException failure) {
        discard();
        from.wantRead(false);
        to.wantWrite(false);
        state = State.FINISHED;
        tunnel.refused(to, failure);
    }

    private void finished() {
        state = State.FINISHED;
        tunnel.directionFinished();
    }

    // ---- control frames of the proxy's own

    /** Whether what was passed on so far ends with a frame. */
    private static boolean endsAtBoundary(FrameScanner frames) {
        return frames.atBoundary() || frames.breach() != null;
    }

    /** Whether a Close frame can be put behind what was passed on so far. */
    boolean canClose() {
        return scanner != null && endsAtBoundary(scanner) && !muted && !endPassed && state != State.FINISHED;
    }

    /** Sends {@code frame} at the next boundary, and nothing after it. */
    void close(ByteBuffer frame) {
        if (scanner == null || muted || close != null || state == State.ENDING || state == State.FINISHED) {
            return;
        }
        if (scanner.isClosed() && scanner.breach() == null) {
            // Its own has passed.
            muted = true;
            return;
        }
        close = frame;
        closeIsNext = endsAtBoundary(scanner);
        if (closeIsNext && state == State.FLOWING) {
            sendClose();
        }
    }

    /** Sends {@code frame} now if it fits between two frames, and nothing waits; else not at all. */
    boolean ping(ByteBuffer frame) {
        if (scanner == null || !scanner.atBoundary() || muted || close != null || state != State.FLOWING) {
            return false;
        }
        send(frame, true);
        return true;
    }

    /** The destination is gone: what still comes from the source is looked at, for its Close frame, and dropped. */
    void mute() {
        discard();
        close = null;
        closeIsNext = false;
        muted = true;
        state = sourceEnded ? State.FINISHED : State.FLOWING;
        from.wantRead(!sourceEnded);
    }

    /** The source is gone: nothing is read any more, what waits is still sent. */
    void sourceIsGone() {
        sourceEnded = true;
        from.wantRead(false);
        if (!closeIsNext) {
            // The boundary that it waits for will not come.
            close = null;
        }
    }

    /** What is no WebSocket: sends what waits, and the end of the stream; reads no more. */
    void leave() {
        if (state == State.ENDING || state == State.FINISHED) {
            return;
        }
        sourceEnded = true;
        from.wantRead(false);
        boolean waits = state == State.BLOCKED;
        state = State.ENDING;
        if (!waits) {
            passEnd();
        }
    }

    /** Whether nothing more is to be expected of the source: it has sent a Close frame, or has ended. */
    boolean sourceIsDone() {
        return sourceEnded || (scanner != null && scanner.isClosed());
    }

    /** Whether the source has ended its stream, or is gone. */
    boolean sourceHasEnded() {
        return sourceEnded;
    }

    /** Whether nothing waits that the destination shall still have. */
    boolean isSent() {
        return pending == null && close == null && state != State.BLOCKED;
    }

    /** Whether the destination has to take what waits before more is read. */
    boolean isBlocked() {
        return state == State.BLOCKED;
    }

    /** While it is blocked: when the destination last took something. */
    long blockedNanos() {
        return blockedNanos;
    }

    boolean isFinished() {
        return state == State.FINISHED;
    }

    /** What has passed so far. */
    TunnelEnd.Traffic traffic() {
        FrameScanner seen = scanner;
        return seen == null
                ? TunnelEnd.Traffic.ofBytes(bytes)
                : new TunnelEnd.Traffic(
                        bytes,
                        seen.frames(),
                        seen.messages(),
                        seen.pings(),
                        seen.pongs(),
                        seen.closeCode(),
                        seen.fault());
    }

    /** Gives back the buffer that it holds, if any. */
    void discard() {
        ByteBuffer waiting = pending;
        if (waiting != null) {
            pending = null;
            if (!pendingIsOurs) {
                loop.buffers().release(waiting);
            }
        }
    }
}
