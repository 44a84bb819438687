package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import org.jspecify.annotations.Nullable;

/**
 * A leg over a socket under TLS whose socket and {@code SSLEngine} were both taken over from their former owner, after the
 * handshake. Records are decrypted and encrypted here.
 *
 * <p>It holds buffers only while there is something in them.
 */
public final class EngineLeg implements Leg {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel channel;
    private final SSLEngine engine;
    private final Runnable owner;
    private final AtomicBoolean closed = new AtomicBoolean();
    private final EarlyBytes early;

    /** Encrypted, from 0 to its position. */
    private ByteBuffer received;

    /** Decrypted, from its position to its limit: a record that had no room where it was asked for. */
    private ByteBuffer decrypted = NOTHING;

    /** Encrypted, from its position to its limit. */
    private volatile ByteBuffer sending = NOTHING;

    private boolean ending;
    private boolean finSent;

    /**
     * @param channel non-blocking
     * @param early decrypted, what the owner had read beyond the head; kept, not copied
     * @param encrypted what the owner had read behind that and could not decrypt yet: the beginning of a record
     * @param owner closes the channel and forgets the connection
     */
    public EngineLeg(
            SocketChannel channel,
            SSLEngine engine,
            @Nullable ByteBuffer early,
            @Nullable ByteBuffer encrypted,
            Runnable owner) {
        this.channel = channel;
        this.engine = engine;
        this.early = EarlyBytes.of(early);
        this.owner = owner;
        this.received = NOTHING;
        if (encrypted != null) {
            received = room(encrypted.remaining());
            received.put(encrypted);
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        if (!early.isEmpty()) {
            return early.drainTo(into);
        }
        if (decrypted.hasRemaining()) {
            return drain(into);
        }
        int start = into.position();
        while (true) {
            Status status = received.position() == 0 ? Status.BUFFER_UNDERFLOW : unwrap(into);
            if (into.position() > start) {
                return into.position() - start;
            }
            if (decrypted.hasRemaining()) {
                return drain(into);
            }
            if (status == Status.CLOSED) {
                return -1;
            }
            if (status == Status.BUFFER_UNDERFLOW) {
                if (!received.hasRemaining()) {
                    grow();
                }
                int length = channel.read(received);
                if (length <= 0) {
                    if (received.position() == 0) {
                        received = NOTHING;
                    }
                    return length;
                }
            }
        }
    }

    /** One record, into {@code into} or, if that has too little room, into {@link #decrypted}. */
    private Status unwrap(ByteBuffer into) throws IOException {
        received.flip();
        SSLEngineResult result;
        try {
            result = engine.unwrap(received, into);
            if (result.getStatus() == Status.BUFFER_OVERFLOW) {
                ByteBuffer room = ByteBuffer.allocate(engine.getSession().getApplicationBufferSize());
                result = engine.unwrap(received, room);
                decrypted = room.flip();
            }
        } finally {
            received.compact();
        }
        if (result.getStatus() == Status.BUFFER_OVERFLOW) {
            throw new IOException("a record is larger than the TLS session says");
        }
        afterwards(result.getHandshakeStatus());
        return result.getStatus();
    }

    /** What TLS wants besides: as the answer to a key update. */
    private void afterwards(HandshakeStatus status) throws IOException {
        if (status == HandshakeStatus.NEED_TASK) {
            Runnable task;
            while ((task = engine.getDelegatedTask()) != null) {
                task.run();
            }
        }
        if (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && !sending.hasRemaining() && !ending) {
            wrap(NOTHING);
            flush();
        }
    }

    private int drain(ByteBuffer into) {
        int length = Math.min(decrypted.remaining(), into.remaining());
        into.put(decrypted.slice().limit(length));
        decrypted.position(decrypted.position() + length);
        if (!decrypted.hasRemaining()) {
            decrypted = NOTHING;
        }
        return length;
    }

    private ByteBuffer room(int atLeast) {
        return ByteBuffer.allocate(Math.max(atLeast, engine.getSession().getPacketBufferSize()));
    }

    private void grow() throws IOException {
        if (received.capacity() >= 4 * engine.getSession().getPacketBufferSize()) {
            throw new IOException("a TLS record is too large");
        }
        ByteBuffer larger = room(2 * received.capacity());
        larger.put(received.flip());
        received = larger;
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        while (from.hasRemaining() && sent()) {
            int left = from.remaining();
            wrap(from);
            if (from.remaining() == left && !sending.hasRemaining()) {
                // A new handshake, which waits for the peer.
                return;
            }
        }
        sent();
    }

    /** One record; {@link #sending} must be empty. */
    private void wrap(ByteBuffer from) throws IOException {
        ByteBuffer record = room(0);
        SSLEngineResult result = engine.wrap(from, record);
        sending = record.flip();
        if (result.getStatus() == Status.CLOSED && !ending && from.hasRemaining()) {
            throw new IOException("TLS was ended by the peer");
        }
        if (result.getStatus() == Status.BUFFER_OVERFLOW) {
            throw new IOException("a record is larger than the TLS session says");
        }
    }

    /** Whether nothing encrypted waits any more. */
    private boolean sent() throws IOException {
        ByteBuffer waiting = sending;
        if (waiting.hasRemaining()) {
            channel.write(waiting);
            if (waiting.hasRemaining()) {
                return false;
            }
        }
        sending = NOTHING;
        return true;
    }

    @Override
    public boolean flush() throws IOException {
        if (!sent()) {
            return false;
        }
        if (!ending || finSent) {
            return true;
        }
        if (!engine.isOutboundDone()) {
            wrap(NOTHING);
            if (!sent()) {
                return false;
            }
        }
        finSent = true;
        channel.shutdownOutput();
        return true;
    }

    /** close_notify, and FIN behind it. */
    @Override
    public void shutdownOutput() {
        ending = true;
        engine.closeOutbound();
    }

    /** Sends a close_notify if there is nothing before it that waits, and room for it. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            if (!sending.hasRemaining() && !engine.isOutboundDone()) {
                engine.closeOutbound();
                ByteBuffer record = room(0);
                engine.wrap(NOTHING, record);
                channel.write(record.flip());
            }
        } catch (IOException gone) {
            // Then it needs no farewell.
        } finally {
            owner.run();
        }
    }

    @Override
    public void reset() {
        if (closed.compareAndSet(false, true)) {
            SocketLeg.lingerZero(channel);
            owner.run();
        }
    }

    @Override
    public SelectableChannel channel() {
        return channel;
    }

    @Override
    public boolean buffersInput() {
        return !early.isEmpty() || decrypted.hasRemaining() || received.position() > 0;
    }

    @Override
    public boolean wantsWrite() {
        return sending.hasRemaining();
    }
}
