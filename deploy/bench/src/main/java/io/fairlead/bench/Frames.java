package io.fairlead.bench;

import java.nio.ByteBuffer;
import java.util.Random;

/** Frames that are made once and sent often (RFC 6455 section 5). */
final class Frames {

    static final int FIN = 0x80;
    static final int CONTINUATION = 0x0;
    static final int BINARY = 0x2;
    static final int CLOSE = 0x8;
    static final int PING = 0x9;
    static final int PONG = 0xa;

    private Frames() {}

    /** A client's message. Its mask is zero, so that whoever sends it back need not unmask it. */
    static ByteBuffer fromClient(byte[] payload) {
        return frame(BINARY, payload, true);
    }

    static ByteBuffer control(int opcode, byte[] payload, boolean masked) {
        return frame(opcode, payload, masked);
    }

    private static ByteBuffer frame(int opcode, byte[] payload, boolean masked) {
        ByteBuffer frame = ByteBuffer.allocateDirect(payload.length + 14);
        head(frame, FIN | opcode, payload.length, masked);
        return frame.put(payload).flip();
    }

    /** @param first the opcode, and whether the message ends with it */
    static void head(ByteBuffer into, int first, long length, boolean masked) {
        int mask = masked ? 0x80 : 0;
        into.put((byte) first);
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
