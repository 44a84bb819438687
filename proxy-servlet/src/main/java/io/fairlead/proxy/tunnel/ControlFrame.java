package io.fairlead.proxy.tunnel;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.security.SecureRandom;

/** Control frames that Fairlead sends of its own (RFC 6455 section 5.5), ready to be written. */
final class ControlFrame {

    /** All is done (section 7.4.1). */
    static final int NORMAL = 1000;

    /** The other side is going away: idle for too long, too old, or gone itself (section 7.4.1). */
    static final int GOING_AWAY = 1001;

    /** Section 7.4.1. */
    static final int PROTOCOL_ERROR = 1002;

    /** Section 7.4.1. */
    static final int POLICY_VIOLATION = 1008;

    /** Section 7.4.1. */
    static final int MESSAGE_TOO_BIG = 1009;

    /** The backend is gone (section 7.4.1). */
    static final int INTERNAL_ERROR = 1011;

    /** The server restarts, and is back soon (IANA's registry of close codes). */
    static final int SERVICE_RESTART = 1012;

    /** Overloaded (IANA's registry of close codes). */
    static final int TRY_AGAIN_LATER = 1013;

    private static final int FIN = 0x80;
    private static final int MASKED = 0x80;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int MOST = 125;

    /** Section 10.3 asks for masks that nobody can foretell. */
    private static final SecureRandom RANDOM = new SecureRandom();

    private ControlFrame() {}

    /** @param masked toward a backend, as every client's frame */
    static ByteBuffer ping(long payload, boolean masked) {
        return frame(PING, ByteBuffer.allocate(Long.BYTES).putLong(payload).flip(), masked);
    }

    /**
     * @param reason cut at 123 bytes
     * @param masked toward a backend, as every client's frame
     */
    static ByteBuffer close(int code, String reason, boolean masked) {
        ByteBuffer payload = ByteBuffer.allocate(MOST).putShort((short) code);
        // Ends before a character that does not fit.
        UTF_8.newEncoder().encode(CharBuffer.wrap(reason), payload, true);
        return frame(CLOSE, payload.flip(), masked);
    }

    private static ByteBuffer frame(int opcode, ByteBuffer payload, boolean masked) {
        ByteBuffer frame = ByteBuffer.allocate(2 + 4 + MOST).put((byte) (FIN | opcode));
        int length = payload.remaining();
        if (!masked) {
            return frame.put((byte) length).put(payload).flip();
        }
        byte[] mask = new byte[4];
        RANDOM.nextBytes(mask);
        frame.put((byte) (MASKED | length)).put(mask);
        for (int i = 0; i < length; i++) {
            frame.put((byte) (payload.get(i) ^ mask[i % 4]));
        }
        return frame.flip();
    }
}
