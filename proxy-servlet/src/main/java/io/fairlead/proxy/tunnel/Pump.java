package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.ByteBuffer;
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
 */
final class Pump {

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
    private State state = State.FLOWING;
    private @Nullable ByteBuffer pending;
    private long bytes;
    private final @Nullable FrameScanner scanner;

    /** @param scanner null when what passes is no WebSocket */
    Pump(Tunnel tunnel, Side from, Side to, TunnelLoop loop, @Nullable FrameScanner scanner) {
        this.tunnel = tunnel;
        this.from = from;
        this.to = to;
        this.loop = loop;
        this.scanner = scanner;
    }

    /** Moves what there is. */
    void run() {
        if (state != State.FLOWING || tunnel.ended()) {
            return;
        }
        Leg source = from.leg();
        try {
            for (int turn = 0; turn < TURNS; turn++) {
                ByteBuffer buffer = loop.buffers().current();
                boolean mayHoldMore = source.buffersInput();
                int length = source.read(buffer);
                if (length < 0) {
                    end();
                    return;
                }
                if (length == 0) {
                    if (source.wantsWrite()) {
                        from.wantWrite(true);
                    }
                    return;
                }
                tunnel.touch();
                buffer.flip();
                if (scanner != null) {
                    scanner.scan(buffer);
                }
                if (!send(buffer)) {
                    return;
                }
                if (!mayHoldMore && buffer.limit() < buffer.capacity()) {
                    return;
                }
            }
        } catch (IOException failure) {
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

    /** Writes {@code buffer}; false when a part of it has to wait, or the tunnel has ended. */
    private boolean send(ByteBuffer buffer) {
        int length = buffer.remaining();
        boolean sent;
        try {
            to.leg().write(buffer);
            sent = !buffer.hasRemaining() && to.leg().flush();
        } catch (IOException failure) {
            refused(failure);
            return false;
        } catch (RuntimeException closedMeanwhile) {
            tunnel.broken(to, closedMeanwhile);
            return false;
        }
        bytes += length - buffer.remaining();
        if (!sent) {
            state = State.BLOCKED;
            pending = buffer.hasRemaining() ? loop.buffers().keep() : null;
            from.wantRead(false);
            to.wantWrite(true);
        }
        return sent;
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
                    from.wantRead(true);
                }
                run();
            }
            case ENDING -> finished();
            case FINISHED -> {}
        }
    }

    private boolean sendPending() throws IOException {
        ByteBuffer waiting = pending;
        if (waiting != null) {
            int length = waiting.remaining();
            to.leg().write(waiting);
            int taken = length - waiting.remaining();
            bytes += taken;
            if (taken > 0) {
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
        state = State.ENDING;
        from.wantRead(false);
        tunnel.sideEnded(from);
        if (tunnel.hasFailed(from)) {
            // Its reset was told to the writer already; to the other side it must not look like an end.
            finished();
            return;
        }
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
            loop.buffers().release(waiting);
        }
    }
}
