package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.http2.ErrorCode;
import org.eclipse.jetty.http2.api.Stream;
import org.eclipse.jetty.http2.frames.DataFrame;
import org.eclipse.jetty.http2.frames.ResetFrame;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * A leg over one stream of an HTTP/2 connection (RFC 8441), which other streams share.
 *
 * <p>There is no channel of its own: Jetty's threads tell when the stream has data or has taken some, and only enqueue. The
 * client may send more when the loop has read (flow control), so a slow backend stops its own stream and no other. One write
 * is under way at a time; its bytes are copied, since Jetty keeps them until the client gives credit, and the loop's buffer
 * serves other tunnels meanwhile.
 *
 * <p>END_STREAM is an end, RST_STREAM(CANCEL) a reset (RFC 8441 section 5). The connection below is never touched.
 *
 * <p>Defined against the server's Jetty, see {@link ServerBridge}.
 */
public final class JettyStreamLeg implements Leg {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final Runnable NOBODY = () -> {};

    private final EndPoint endPoint;
    private final Stream stream;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final Callback readable = new Readable();
    private final Callback written = new Written();
    private Stream.@Nullable Data data;
    private boolean inputEnded;
    private boolean outputEnded;
    private volatile boolean writing;

    /** The loop's thread while it hands bytes to the server, which often are gone when it comes back. */
    private @Nullable Thread sender;

    private volatile @Nullable Throwable failure;
    private volatile Runnable listener = NOBODY;

    /**
     * @param endPoint of a tunnel over HTTP/2
     * @throws IOException when there is no HTTP/2 stream below it
     */
    JettyStreamLeg(EndPoint endPoint) throws IOException {
        if (!(endPoint.getTransport() instanceof Stream http2)) {
            throw new IOException(
                    "no HTTP/2 stream to take over below " + endPoint.getClass().getName());
        }
        this.endPoint = endPoint;
        this.stream = http2;
    }

    /** The loop's own limits are the stream's from now on. */
    void taken() {
        stream.setIdleTimeout(0);
    }

    /** The stream or the connection failed; a thread of Jetty's. */
    void failed(@Nullable Throwable cause) {
        failure = cause == null ? new IOException("the HTTP/2 stream was closed") : cause;
        listener.run();
    }

    private void throwFailure() throws IOException {
        Throwable cause = failure;
        // A reset that came before the stream was handed over was told to nobody.
        if (cause != null || stream.isReset()) {
            throw new IOException("the client's HTTP/2 stream was reset or broke off", cause);
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        while (!inputEnded) {
            Stream.Data chunk = data == null ? stream.readData() : data;
            if (chunk == null) {
                endPoint.tryFillInterested(readable);
                throwFailure();
                return 0;
            }
            ByteBuffer from = chunk.frame().getByteBuffer();
            int length = Math.min(from.remaining(), into.remaining());
            into.put(into.position(), from, from.position(), length);
            into.position(into.position() + length);
            from.position(from.position() + length);
            data = chunk;
            if (!from.hasRemaining()) {
                inputEnded = chunk.frame().isEndStream();
                releaseData();
            }
            if (length > 0) {
                return length;
            }
        }
        return -1;
    }

    private void releaseData() {
        Stream.Data chunk = data;
        data = null;
        if (chunk != null) {
            chunk.release();
        }
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        throwFailure();
        if (!writing && from.hasRemaining()) {
            byte[] bytes = new byte[from.remaining()];
            from.get(bytes);
            send(ByteBuffer.wrap(bytes), false);
        }
    }

    @Override
    public boolean flush() throws IOException {
        throwFailure();
        return !writing;
    }

    @Override
    public void shutdownOutput() throws IOException {
        throwFailure();
        outputEnded = true;
        send(NOTHING, true);
    }

    private void send(ByteBuffer bytes, boolean last) {
        writing = true;
        sender = Thread.currentThread();
        stream.data(new DataFrame(stream.getId(), bytes, last), written);
        sender = null;
    }

    /** END_STREAM, and RST_STREAM(NO_ERROR) behind it when the client has not ended its side. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        releaseData();
        if (stream.isClosed()) {
            return;
        }
        if (writing) {
            // The client refuses what is before the end: there is no orderly one.
            cancel(ErrorCode.CANCEL_STREAM_ERROR);
        } else if (outputEnded) {
            cancel(ErrorCode.NO_ERROR);
        } else {
            stream.data(
                    new DataFrame(stream.getId(), NOTHING, true),
                    Callback.from(() -> cancel(ErrorCode.NO_ERROR), gone -> cancel(ErrorCode.CANCEL_STREAM_ERROR)));
        }
    }

    @Override
    public void reset() {
        if (closed.compareAndSet(false, true)) {
            releaseData();
            cancel(ErrorCode.CANCEL_STREAM_ERROR);
        }
    }

    private void cancel(ErrorCode code) {
        if (!stream.isClosed()) {
            stream.reset(new ResetFrame(stream.getId(), code.code), Callback.NOOP);
        }
    }

    @Override
    public @Nullable SelectableChannel channel() {
        return null;
    }

    @Override
    public boolean buffersInput() {
        return true;
    }

    @Override
    public boolean isOpen() {
        return failure == null && !stream.isReset();
    }

    @Override
    public void onReady(Runnable enqueue) {
        listener = enqueue;
    }

    /** The stream has data, its end, or a failure. */
    private final class Readable implements Callback {
        @Override
        public void succeeded() {
            listener.run();
        }

        @Override
        public void failed(Throwable cause) {
            JettyStreamLeg.this.failed(cause);
        }

        @Override
        public InvocationType getInvocationType() {
            return InvocationType.NON_BLOCKING;
        }
    }

    /** The write under way has left, or never will. */
    private final class Written implements Callback {
        @Override
        public void succeeded() {
            writing = false;
            if (sender != Thread.currentThread()) {
                listener.run();
            }
        }

        @Override
        public void failed(Throwable cause) {
            JettyStreamLeg.this.failed(cause);
        }

        @Override
        public InvocationType getInvocationType() {
            return InvocationType.NON_BLOCKING;
        }
    }
}
