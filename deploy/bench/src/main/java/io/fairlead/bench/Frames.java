package io.fairlead.bench;

import java.nio.ByteBuffer;
import java.util.Random;

/** Frames that are made once and sent often (RFC 6455 section 5). */
final class Frames {

    static final int CLOSE = 0x8;
    static final int PING = 0x9;
    static final int PONG = 0xa;
    private static final int BINARY = 0x2;

    private Frames() {}

    /** A client's message. Its mask is zero, so that whoever sends it back need not unmask it. */
    static ByteBuffer fromClient(byte[] payload) {
        return frame(BINARY, payload, true);
    }

    /** The same message from a server. */
    static ByteBuffer fromServer(byte[] payload) {
        return frame(BINARY, payload, false);
    }

    static ByteBuffer control(int opcode, byte[] payload, boolean masked) {
        return frame(opcode, payload, masked);
    }

    private static ByteBuffer frame(int opcode, byte[] payload, boolean masked) {
        ByteBuffer frame = ByteBuffer.allocateDirect(payload.length + 14);
        head(frame, opcode, payload.length, masked);
        return frame.put(payload).flip();
    }

    static void head(ByteBuffer into, int opcode, long length, boolean masked) {
        int mask = masked ? 0x80 : 0;
        into.put((byte) (0x80 | opcode));
        if (length < 126) {
            into.put((byte) (mask | length));
        } else if (length < 65_536) {
            into.put((byte) (mask | 126)).putShort((short) length);
        } else {
            into.put((byte) (mask | 127)).putLong(length);
        }
        if (masked) {
            into.putInt(0);
        }
    }

    static byte[] payload(int length) {
        byte[] payload = new byte[length];
        new Random(length).nextBytes(payload);
        return payload;
    }
}
