package io.fairlead.proxy.tunnel;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.ArrayDeque;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A leg in memory whose peer is the test: it gives and takes as few bytes at a time as its random source says, holds written
 * bytes until flushed as TLS does, and counts what must not happen.
 */
final class PipeLeg implements Leg {

    private final Random random;
    private final int most;
    private final ArrayDeque<Byte> toRead = new ArrayDeque<>();
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private boolean eof;
    private boolean taking = true;
    private @Nullable IOException readFailure;
    private @Nullable IOException writeFailure;
    private boolean held;
    private boolean outputShut;
    private boolean closed;
    private boolean reset;
    private int misuses;
    private Runnable listener = () -> {};

    PipeLeg(long seed, int most) {
        this.random = new Random(seed);
        this.most = most;
    }

    // ---- the peer's side

    synchronized void send(byte[] bytes) {
        for (byte b : bytes) {
            toRead.add(b);
        }
        listener.run();
    }

    synchronized void end() {
        eof = true;
        listener.run();
    }

    synchronized void failReads(IOException failure) {
        readFailure = failure;
        listener.run();
    }

    synchronized void failWrites(IOException failure) {
        writeFailure = failure;
        listener.run();
    }

    synchronized void take(boolean takes) {
        taking = takes;
        listener.run();
    }

    synchronized byte[] received() {
        return written.toByteArray();
    }

    synchronized int unread() {
        return toRead.size();
    }

    synchronized boolean sawEnd() {
        return outputShut && !held || closed;
    }

    synchronized boolean isClosed() {
        return closed;
    }

    synchronized boolean wasReset() {
        return reset;
    }

    synchronized int misuses() {
        return misuses;
    }

    // ---- the tunnel's side

    @Override
    public synchronized int read(ByteBuffer into) throws IOException {
        misuses += closed ? 1 : 0;
        if (toRead.isEmpty()) {
            if (readFailure != null) {
                throw readFailure;
            }
            return eof ? -1 : 0;
        }
        int length = Math.min(Math.min(toRead.size(), into.remaining()), 1 + random.nextInt(most));
        for (int i = 0; i < length; i++) {
            into.put(toRead.remove());
        }
        return length;
    }

    @Override
    public synchronized void write(ByteBuffer from) throws IOException {
        misuses += closed || outputShut ? 1 : 0;
        if (writeFailure != null) {
            throw writeFailure;
        }
        if (held && taking && random.nextBoolean()) {
            held = false;
        }
        int length = taking && !held ? Math.min(from.remaining(), random.nextInt(most + 1)) : 0;
        for (int i = 0; i < length; i++) {
            written.write(from.get());
        }
        held |= length > 0 && random.nextInt(3) == 0;
        if (taking && (from.hasRemaining() || held)) {
            listener.run();
        }
    }

    @Override
    public synchronized boolean flush() throws IOException {
        misuses += closed ? 1 : 0;
        if (writeFailure != null) {
            throw writeFailure;
        }
        if (held && taking && random.nextBoolean()) {
            held = false;
        }
        if (taking && held) {
            listener.run();
        }
        return !held;
    }

    @Override
    public synchronized void shutdownOutput() {
        misuses += closed || outputShut ? 1 : 0;
        outputShut = true;
        held |= random.nextBoolean();
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    @Override
    public synchronized void reset() {
        closed = true;
        reset = true;
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
    public synchronized void onReady(Runnable ready) {
        listener = ready;
    }
}
