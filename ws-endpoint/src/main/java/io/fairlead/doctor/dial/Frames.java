package io.fairlead.doctor.dial;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Arrays;

/**
 * A WebSocket's client side, frame by frame (RFC 6455 section 5.2): control frames are understood, the payload of others is
 * passed over. Pings of the server's are answered.
 *
 * <p>Blocking; for one thread.
 */
final class Frames {

    private static final int CLOSE = 0x8;
    private static final int PING = 0x9;
    private static final int PONG = 0xA;
    private static final int FIN = 0x80;
    private static final int MASKED = 0x80;
    private static final int NORMAL = 1000;
    private static final int NO_CODE = 1005;
    private static final int LOST = 1006;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Socket socket;
    private final DataInputStream in;
    private byte[] pinged = {};
    private boolean ponged;
    private int received;
    private int closeCode = LOST;

    Frames(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new DataInputStream(socket.getInputStream());
    }

    /** Frames that came, but for answers to our pings. */
    int received() {
        return received;
    }

    /** Of the Close frame that came; 1006 without one. */
    int closeCode() {
        return closeCode;
    }

    void ping() throws IOException {
        pinged = new byte[8];
        RANDOM.nextBytes(pinged);
        ponged = false;
        send(PING, pinged);
    }

    void close() throws IOException {
        send(CLOSE, ByteBuffer.allocate(2).putShort((short) NORMAL).array());
    }

    private void send(int opcode, byte[] payload) throws IOException {
        byte[] mask = new byte[4];
        RANDOM.nextBytes(mask);
        ByteBuffer frame = ByteBuffer.allocate(6 + payload.length);
        frame.put((byte) (FIN | opcode)).put((byte) (MASKED | payload.length)).put(mask);
        for (int i = 0; i < payload.length; i++) {
            frame.put((byte) (payload[i] ^ mask[i & 3]));
        }
        socket.getOutputStream().write(frame.array());
    }

    /** @return whether the answer to the last ping came in time */
    boolean awaitPong(Duration patience) throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        while (!ponged && readOne(end)) {
            // Others may come before it.
        }
        return ponged;
    }

    /**
     * Takes what comes, for so long.
     *
     * @throws IOException when the connection ends; then {@link #closeCode} says how
     */
    void listen(Duration time) throws IOException {
        long end = System.nanoTime() + time.toNanos();
        while (readOne(end)) {
            // It is counted.
        }
    }

    /** @return false when nothing came until then */
    private boolean readOne(long end) throws IOException {
        int first;
        try {
            first = readInTime(end);
        } catch (SocketTimeoutException e) {
            return false;
        }
        int second = in.readUnsignedByte();
        if ((second & MASKED) != 0) {
            throw new IOException("a frame of the server's is masked");
        }
        long length = second & 0x7F;
        if (length == 126) {
            length = in.readUnsignedShort();
        } else if (length == 127) {
            length = in.readLong();
        }
        int opcode = first & 0xF;
        if (opcode < CLOSE) {
            in.skipNBytes(length);
            received++;
        } else if (length > 125) {
            throw new IOException("a control frame has " + length + " bytes");
        } else {
            control(opcode, in.readNBytes((int) length));
        }
        return true;
    }

    private int readInTime(long end) throws IOException {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
            throw new SocketTimeoutException();
        }
        int patience = socket.getSoTimeout();
        socket.setSoTimeout((int) Math.min(left, Integer.MAX_VALUE));
        try {
            InputStream stream = in;
            int b = stream.read();
            if (b < 0) {
                throw new EOFException("the connection was ended without a Close frame");
            }
            return b;
        } finally {
            if (!socket.isClosed()) {
                socket.setSoTimeout(patience);
            }
        }
    }

    private void control(int opcode, byte[] payload) throws IOException {
        if (opcode == PONG && Arrays.equals(payload, pinged)) {
            ponged = true;
            return;
        }
        received++;
        if (opcode == PING) {
            send(PONG, payload);
        } else if (opcode == CLOSE) {
            closeCode = payload.length < 2 ? NO_CODE : ByteBuffer.wrap(payload).getShort() & 0xffff;
            throw new EOFException("the server closed with " + closeCode);
        }
    }
}
