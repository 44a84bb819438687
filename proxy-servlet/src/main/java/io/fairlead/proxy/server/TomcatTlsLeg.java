package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.EarlyBytes;
import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.SocketLeg;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.apache.tomcat.util.net.SecureNioChannel;
import org.jspecify.annotations.Nullable;

/** A leg over a TLS channel of Tomcat's NIO connector. The records are Tomcat's, the readiness that of the socket below. */
final class TomcatTlsLeg implements Leg {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SecureNioChannel channel;
    private final SocketChannel socket;
    private final EarlyBytes early;
    private final Runnable owner;
    private final AtomicBoolean closed = new AtomicBoolean();
    private @Nullable SSLException broken;
    private @Nullable ByteBuffer closeNotify;
    private boolean finSent;

    TomcatTlsLeg(SecureNioChannel channel, SocketChannel socket, @Nullable ByteBuffer early, Runnable owner) {
        this.channel = channel;
        this.socket = socket;
        this.early = EarlyBytes.of(early);
        this.owner = owner;
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (!early.isEmpty()) {
            return early.drainTo(into);
        }
        SSLException before = broken;
        if (before != null) {
            throw before;
        }
        int start = into.position();
        try {
            return channel.read(into);
        } catch (SSLException failure) {
            // A bad record or an alert also ends the engine's input, but is no end.
            if (into.position() == start) {
                throw failure;
            }
            broken = failure;
            return into.position() - start;
        } catch (IOException failure) {
            // Tomcat tells a close_notify that comes alone as a failure to unwrap.
            if (into.position() > start) {
                return into.position() - start;
            }
            SSLEngine engine = channel.getSslEngine();
            if (engine != null && engine.isInboundDone()) {
                return -1;
            }
            throw failure;
        }
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        // Each call encrypts one record, and takes none while the one before is not out.
        int left = from.remaining();
        while (left > 0) {
            channel.write(from);
            if (from.remaining() == left) {
                return;
            }
            left = from.remaining();
        }
    }

    @Override
    public boolean flush() throws IOException {
        if (channel.getOutboundRemaining() > 0) {
            channel.flushOutbound();
            if (channel.getOutboundRemaining() > 0) {
                return false;
            }
        }
        ByteBuffer end = closeNotify;
        if (end == null || finSent) {
            return true;
        }
        if (end.hasRemaining()) {
            socket.write(end);
        }
        if (end.hasRemaining()) {
            return false;
        }
        finSent = true;
        socket.shutdownOutput();
        return true;
    }

    /** Tomcat can only close both directions, so the close_notify is made here and sent behind what Tomcat still holds. */
    @Override
    public void shutdownOutput() throws IOException {
        SSLEngine engine = channel.getSslEngine();
        if (engine == null) {
            return;
        }
        engine.closeOutbound();
        ByteBuffer record = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
        engine.wrap(NOTHING, record);
        closeNotify = record.flip();
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            owner.run();
        }
    }

    @Override
    public void reset() {
        if (closed.compareAndSet(false, true)) {
            SocketLeg.lingerZero(socket);
            owner.run();
        }
    }

    @Override
    public SelectableChannel channel() {
        return socket;
    }

    @Override
    public boolean buffersInput() {
        return true;
    }

    @Override
    public boolean wantsWrite() {
        return channel.getOutboundRemaining() > 0;
    }
}
