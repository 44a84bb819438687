package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.EarlyBytes;
import io.fairlead.proxy.tunnel.Leg;
import io.undertow.connector.ByteBufferPool;
import io.undertow.connector.PooledByteBuffer;
import io.undertow.server.ServerConnection;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectableChannel;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.xnio.IoUtils;
import org.xnio.Options;
import org.xnio.StreamConnection;
import org.xnio.XnioIoThread;
import org.xnio.conduits.ConduitStreamSinkChannel;
import org.xnio.conduits.ConduitStreamSourceChannel;

/**
 * A leg over a connection of Undertow's that only Undertow can use, as one under TLS.
 *
 * <p>XNIO's channels belong to one thread of Undertow's, their TLS above all, which answers readiness of its own accord. So
 * that thread does all reads, writes and closes, and the loop asks for them. Between the two lies at most one buffer in
 * each direction, and it belongs to one of them at a time:
 *
 * <pre>
 *   loop                     Undertow's thread
 *   read: 0, asks    ──────▶ reads when there is something
 *   read: takes it   ◀────── {@link #input}, an end or a failure; reads no more until asked again
 *   write: copies    ──────▶ {@link #output}: writes until it is out
 *   flush: true      ◀────── null
 * </pre>
 *
 * <p>While nothing moves there is no buffer. Defined against the server's Undertow, see {@link ServerBridge}.
 */
public final class UndertowLeg implements Leg {

    private static final long LOOK_MILLIS = 20;
    private static final Runnable NOBODY = () -> {};

    private final StreamConnection connection;
    private final ConduitStreamSourceChannel source;
    private final ConduitStreamSinkChannel sink;
    private final XnioIoThread thread;
    private final ByteBufferPool pool;
    private final AtomicBoolean closed = new AtomicBoolean();

    // The loop's thread only.
    private final EarlyBytes early;
    private boolean asked;

    // From one thread to the other.
    private volatile @Nullable PooledByteBuffer input;
    private volatile boolean inputEnded;
    private volatile @Nullable IOException inputFailure;
    private volatile @Nullable ByteBuffer output;
    private volatile boolean ending;
    private volatile boolean outputEnded;
    private volatile @Nullable IOException outputFailure;
    private volatile Runnable listener = NOBODY;

    // Undertow's thread only.
    private boolean reading;
    private boolean endSeen;
    private @Nullable IOException laterFailure;
    /** Whether our own end has been given to Undertow. */
    private boolean ended;

    private boolean looking;
    private boolean over;

    private UndertowLeg(StreamConnection connection, ByteBufferPool pool, @Nullable ByteBuffer early) {
        this.connection = connection;
        this.source = connection.getSourceChannel();
        this.sink = connection.getSinkChannel();
        this.thread = connection.getIoThread();
        this.pool = pool;
        this.early = EarlyBytes.of(early);
    }

    /**
     * Takes {@code connection} over. To be called by its own thread.
     *
     * @param early bytes that Undertow had read already; kept, not copied
     */
    static UndertowLeg over(StreamConnection connection, ServerConnection server, @Nullable ByteBuffer early) {
        UndertowLeg leg = new UndertowLeg(connection, server.getByteBufferPool(), early);
        try {
            // The tunnel's own limit counts.
            connection.setOption(Options.READ_TIMEOUT, 0);
            connection.setOption(Options.WRITE_TIMEOUT, 0);
        } catch (IOException closedAlready) {
            leg.closedBelow();
        }
        leg.source.setReadListener(channel -> leg.readReady());
        leg.sink.setWriteListener(channel -> leg.writeOn());
        // When the thread is done with what it does now: that may be the read which finds the orderly end.
        server.addCloseListener(gone -> leg.execute(leg::closedBelow));
        if (!connection.isOpen()) {
            leg.closedBelow();
        }
        return leg;
    }

    /** Has {@code task} done by Undertow's thread; by this one when that has ended, since then nobody else is there. */
    private void execute(Runnable task) {
        try {
            thread.execute(task);
        } catch (RejectedExecutionException serverStops) {
            task.run();
        }
    }

    // ---- the loop's side

    @Override
    public void onReady(Runnable enqueue) {
        listener = enqueue;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (!early.isEmpty()) {
            return early.drainTo(into);
        }
        PooledByteBuffer full = input;
        if (full != null) {
            return take(full, into);
        }
        IOException failure = inputFailure;
        if (failure != null) {
            throw failure;
        }
        if (inputEnded) {
            return -1;
        }
        if (!asked) {
            asked = true;
            execute(this::startReading);
        }
        return 0;
    }

    private int take(PooledByteBuffer full, ByteBuffer into) {
        ByteBuffer from = full.getBuffer();
        int length = Math.min(from.remaining(), into.remaining());
        into.put(into.position(), from, from.position(), length);
        into.position(into.position() + length);
        from.position(from.position() + length);
        if (!from.hasRemaining()) {
            input = null;
            asked = false;
            full.close();
        }
        return length;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        throwOutputFailure();
        if (output == null && from.hasRemaining()) {
            // The loop's buffer serves other tunnels meanwhile.
            output = ByteBuffer.allocate(from.remaining()).put(from).flip();
            execute(this::writeOn);
        }
    }

    @Override
    public boolean flush() throws IOException {
        throwOutputFailure();
        return output == null && (!ending || outputEnded);
    }

    @Override
    public void shutdownOutput() throws IOException {
        throwOutputFailure();
        ending = true;
        execute(this::writeOn);
    }

    private void throwOutputFailure() throws IOException {
        IOException failure = outputFailure;
        if (failure != null) {
            throw failure;
        }
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            execute(() -> end(false));
        }
    }

    @Override
    public void reset() {
        if (closed.compareAndSet(false, true)) {
            execute(() -> end(true));
        }
    }

    @Override
    public @Nullable SelectableChannel channel() {
        return null;
    }

    /** It is asked again by the read that gives 0. */
    @Override
    public boolean buffersInput() {
        return true;
    }

    // ---- Undertow's side

    private void startReading() {
        IOException before = laterFailure;
        if (before != null) {
            inputFailed(before);
        } else if (endSeen) {
            inputEnds();
        } else if (!over) {
            reading = true;
            if (ended) {
                readReady();
            } else {
                source.resumeReads();
            }
        }
    }

    /**
     * Waits until there may be something. Undertow's TLS loses bytes when it is resumed after its own end, since it takes them
     * for a handshake; so from then on this looks from time to time, for as long as the tunnel allows the other half to last.
     */
    private void awaitInput() {
        if (!ended) {
            source.resumeReads();
        } else if (!looking) {
            looking = true;
            try {
                thread.executeAfter(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
            } catch (RejectedExecutionException serverStops) {
                inputFailed(new IOException(serverStops));
            }
        }
    }

    private void look() {
        looking = false;
        readReady();
    }

    /**
     * Reads what there is, once for each time it was asked.
     *
     * <p>Reading is suspended meanwhile, or Undertow's TLS would ask for another round after each record; resumed, it sees by
     * itself whether it has bytes already or has to write first.
     */
    private void readReady() {
        source.suspendReads();
        if (!reading) {
            return;
        }
        PooledByteBuffer buffer;
        try {
            buffer = pool.allocate();
        } catch (IllegalStateException serverStops) {
            inputFailed(new IOException(serverStops));
            return;
        }
        ByteBuffer bytes = buffer.getBuffer();
        int result = 0;
        IOException failure = null;
        try {
            // Undertow's TLS counts some bytes as none once its own end is sent, so the position tells.
            for (int start = -1; bytes.position() > start && bytes.hasRemaining(); ) {
                start = bytes.position();
                result = source.read(bytes);
            }
        } catch (IOException broken) {
            failure = broken;
        } catch (RuntimeException closedMeanwhile) {
            failure = new IOException(closedMeanwhile);
        }
        endSeen = result < 0;
        if (bytes.position() > 0) {
            bytes.flip();
            laterFailure = failure;
            input = buffer;
            answered();
            return;
        }
        buffer.close();
        if (failure != null) {
            inputFailed(failure);
        } else if (endSeen) {
            inputEnds();
        } else {
            awaitInput();
        }
    }

    private void inputEnds() {
        inputEnded = true;
        answered();
    }

    private void inputFailed(IOException failure) {
        inputFailure = failure;
        answered();
    }

    private void answered() {
        reading = false;
        listener.run();
    }

    /** Writes what there is, and the end behind it if that is wanted; again when the socket takes more. */
    private void writeOn() {
        if (over) {
            return;
        }
        try {
            ByteBuffer bytes = output;
            if (bytes != null && bytes.hasRemaining()) {
                for (int left = bytes.remaining() + 1; bytes.hasRemaining() && bytes.remaining() < left; ) {
                    left = bytes.remaining();
                    sink.write(bytes);
                }
                if (bytes.hasRemaining()) {
                    sink.resumeWrites();
                    return;
                }
            }
            boolean end = ending;
            if (end && !ended) {
                ended = true;
                source.suspendReads();
                sink.shutdownWrites();
                if (reading) {
                    awaitInput();
                }
            }
            if (!sink.flush()) {
                sink.resumeWrites();
                return;
            }
            sink.suspendWrites();
            if (bytes != null) {
                output = null;
            }
            outputEnded = end;
        } catch (IOException broken) {
            outputFailure = broken;
        } catch (RuntimeException closedMeanwhile) {
            outputFailure = new IOException(closedMeanwhile);
        }
        listener.run();
    }

    /** The connection is closed, by us or by the server. */
    private void closedBelow() {
        if (over) {
            return;
        }
        if (!endSeen && inputFailure == null) {
            inputFailure = new ClosedChannelException();
        }
        if (!outputEnded && outputFailure == null) {
            outputFailure = new ClosedChannelException();
        }
        listener.run();
    }

    private void end(boolean asFailure) {
        over = true;
        reading = false;
        PooledByteBuffer unread = input;
        input = null;
        if (unread != null) {
            unread.close();
        }
        try {
            if (asFailure) {
                connection.setOption(Options.CLOSE_ABORT, true);
            } else if (output == null && !ending) {
                sink.shutdownWrites();
                sink.flush();
            }
        } catch (IOException gone) {
            // Nothing is left to end.
        } finally {
            IoUtils.safeClose(connection);
        }
    }
}
