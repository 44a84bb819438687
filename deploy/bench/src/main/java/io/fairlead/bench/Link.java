package io.fairlead.bench;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection, plain or over TLS. It begins in blocking mode, in which the TLS handshake is done.
 *
 * <p>For one thread.
 */
final class Link implements Closeable {

    private static final int BUFFER = 64 * 1024;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final InetSocketAddress address;
    private final SocketChannel channel;
    private final @Nullable SSLEngine tls;
    private ByteBuffer sealed = NOTHING;

    /** Ready to be read from. */
    private ByteBuffer toUnseal = NOTHING;

    /**
     * Does not connect yet.
     *
     * @param tls null for a plain connection
     * @param mayResume whether a TLS session of an earlier connection may be used again
     */
    Link(InetSocketAddress address, @Nullable SSLContext tls, boolean mayResume) throws IOException {
        this.address = address;
        this.channel = SocketChannel.open();
        if (tls == null) {
            this.tls = null;
            return;
        }
        this.tls = mayResume ? tls.createSSLEngine(address.getHostString(), address.getPort()) : tls.createSSLEngine();
        this.tls.setUseClientMode(true);
        this.sealed = ByteBuffer.allocateDirect(BUFFER).flip();
        this.toUnseal = ByteBuffer.allocateDirect(BUFFER).flip();
    }

    void connect() throws IOException {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.connect(address);
        if (tls != null) {
            handshake(tls);
        }
    }

    private void handshake(SSLEngine engine) throws IOException {
        engine.beginHandshake();
        ByteBuffer none = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
        HandshakeStatus status = engine.getHandshakeStatus();
        while (status != HandshakeStatus.FINISHED && status != HandshakeStatus.NOT_HANDSHAKING) {
            switch (status) {
                case NEED_TASK -> {
                    for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                        task.run();
                    }
                    status = engine.getHandshakeStatus();
                }
                case NEED_WRAP -> {
                    sealed.clear();
                    status = engine.wrap(NOTHING, sealed).getHandshakeStatus();
                    sealed.flip();
                    while (sealed.hasRemaining()) {
                        channel.write(sealed);
                    }
                }
                default -> {
                    SSLEngineResult result = engine.unwrap(toUnseal, none);
                    status = result.getHandshakeStatus();
                    if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW && receive() < 0) {
                        throw new SSLException("the server ended the connection within the TLS handshake");
                    }
                }
            }
        }
    }

    SocketChannel channel() {
        return channel;
    }

    /** Reads some of what is there: 0 for nothing, -1 at the end. In blocking mode it waits for something. */
    int read(ByteBuffer into) throws IOException {
        SSLEngine engine = tls;
        if (engine == null) {
            return channel.read(into);
        }
        int before = into.position();
        while (true) {
            SSLEngineResult result = engine.unwrap(toUnseal, into);
            if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
                if (into.position() > before) {
                    return into.position() - before;
                }
                int length = receive();
                if (length <= 0) {
                    return length;
                }
            } else if (result.getStatus() != SSLEngineResult.Status.OK || !into.hasRemaining()) {
                boolean closed = result.getStatus() == SSLEngineResult.Status.CLOSED;
                return closed && into.position() == before ? -1 : into.position() - before;
            }
        }
    }

    private int receive() throws IOException {
        toUnseal.compact();
        int length = channel.read(toUnseal);
        toUnseal.flip();
        return length;
    }

    /** Writes as much as goes; true when all has gone, and nothing waits inside. */
    boolean write(ByteBuffer from) throws IOException {
        SSLEngine engine = tls;
        if (engine == null) {
            channel.write(from);
            return !from.hasRemaining();
        }
        while (true) {
            if (sealed.hasRemaining()) {
                channel.write(sealed);
                if (sealed.hasRemaining()) {
                    return false;
                }
            }
            if (!from.hasRemaining()) {
                return true;
            }
            sealed.clear();
            engine.wrap(from, sealed);
            sealed.flip();
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
