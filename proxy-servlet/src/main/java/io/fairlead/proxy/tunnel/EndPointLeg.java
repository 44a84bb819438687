package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.RetainableByteBuffer;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.jspecify.annotations.Nullable;

/**
 * A leg over a Jetty {@link EndPoint}, of Jetty's client or of its server.
 *
 * <p>A plain socket is used directly, as a {@link SocketLeg}: Jetty's {@code fill} tells a reset as an end of stream. Under
 * TLS the bytes go through the end point, and the loop selects the socket below it.
 *
 * <p>This class and {@link EndPointTakeover} are also defined a second time, against the Jetty of a Jetty server; so they
 * use only public members of the other classes of this package.
 */
public final class EndPointLeg implements Leg {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final @Nullable VarHandle ENCRYPTED_INPUT = inputOfTls("_encryptedInput");
    private static final @Nullable VarHandle DECRYPTED_INPUT = inputOfTls("_decryptedInput");

    private final EndPoint endPoint;
    private final SslConnection tls;
    private final SocketChannel channel;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final EarlyBytes early;
    private boolean held;

    private EndPointLeg(EndPoint endPoint, SslConnection tls, SocketChannel channel, @Nullable ByteBuffer early) {
        this.endPoint = endPoint;
        this.tls = tls;
        this.channel = channel;
        this.early = EarlyBytes.of(early);
    }

    /**
     * Takes {@code endPoint} over: from now on Jetty neither reads it nor times it out.
     *
     * @param early bytes that Jetty had read already; kept, not copied
     * @throws IOException when there is no socket that can be selected below it
     */
    public static Leg of(EndPoint endPoint, @Nullable ByteBuffer early) throws IOException {
        EndPoint below = endPoint instanceof SslConnection.SslEndPoint ssl
                ? ssl.getSslConnection().getEndPoint()
                : endPoint;
        if (!(below instanceof SocketChannelEndPoint socket)) {
            throw new IOException(
                    "no socket to take over below " + endPoint.getClass().getName());
        }
        SocketChannel channel = socket.getChannel();
        endPoint.setIdleTimeout(0);
        below.setIdleTimeout(0);
        return endPoint instanceof SslConnection.SslEndPoint ssl
                ? new EndPointLeg(endPoint, ssl.getSslConnection(), channel, early)
                : new SocketLeg(channel, early, endPoint::close);
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (!early.isEmpty()) {
            return early.drainTo(into);
        }
        // Jetty's buffers are kept ready to be drained: an empty one has its limit at its position.
        int start = into.position();
        int end = into.limit();
        into.limit(start);
        int length = endPoint.fill(into);
        into.position(into.limit());
        into.limit(end);
        return length;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        held = !endPoint.flush(from);
    }

    @Override
    public boolean flush() throws IOException {
        if (held || wantsWrite()) {
            held = !endPoint.flush(NOTHING);
        }
        return !held;
    }

    @Override
    public void shutdownOutput() {
        // Sends close_notify, then FIN; what does not go out at once is Jetty's to send.
        endPoint.shutdownOutput();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            endPoint.close();
        }
    }

    @Override
    public void reset() {
        if (closed.compareAndSet(false, true)) {
            SocketLeg.lingerZero(channel);
            // The socket first: a close_notify would make a failure look like an end.
            tls.getEndPoint().close();
            endPoint.close();
        }
    }

    @Override
    public SelectableChannel channel() {
        return channel;
    }

    /** Jetty's public methods do not tell; where its fields can't be read either, bytes may always lie there. */
    @Override
    public boolean buffersInput() {
        return !early.isEmpty() || mayHold(ENCRYPTED_INPUT) || mayHold(DECRYPTED_INPUT);
    }

    private boolean mayHold(@Nullable VarHandle field) {
        if (field == null) {
            return true;
        }
        RetainableByteBuffer input = (RetainableByteBuffer) field.get(tls);
        return input != null && input.hasRemaining();
    }

    static boolean seesInputOfTls() {
        return ENCRYPTED_INPUT != null && DECRYPTED_INPUT != null;
    }

    private static @Nullable VarHandle inputOfTls(String field) {
        try {
            return MethodHandles.privateLookupIn(SslConnection.class, MethodHandles.lookup())
                    .findVarHandle(SslConnection.class, field, RetainableByteBuffer.class);
        } catch (ReflectiveOperationException anotherJetty) {
            return null;
        }
    }

    @Override
    public boolean wantsWrite() {
        SSLEngine engine = tls.getSSLEngine();
        return engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && !engine.isOutboundDone();
    }
}
