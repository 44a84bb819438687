package io.fairlead.relay;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/**
 * Messages as a client's frames, masked (RFC 6455 section 5.2), a frame for each part.
 *
 * <p>One thread at a time.
 */
final class FrameWriter {

    private static final int FIN = 0x80;
    private static final int COMPRESSED = 0x40;
    private static final int MASKED = 0x80;
    private static final int CONTINUATION = 0;
    private static final int TEXT = 1;
    private static final int BINARY = 2;
    private static final int CLOSE = 8;
    private static final int PONG = 10;
    private static final int LONGEST_HEAD = 14;

    /** Nobody can foretell its masks (section 10.3). */
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Deflate.@Nullable Compression compression;

    /** @param compression null when none was agreed on */
    FrameWriter(Deflate.@Nullable Compression compression) {
        this.compression = compression;
    }

    ByteBuffer message(Message part) {
        int opcode = !part.isFirst() ? CONTINUATION : part.isText() ? TEXT : BINARY;
        ByteBuffer payload = part.bytes();
        if (compression != null) {
            payload = compression.compress(payload, part.isLast());
            opcode |= part.isFirst() ? COMPRESSED : 0;
        }
        return frame((part.isLast() ? FIN : 0) | opcode, payload);
    }

    ByteBuffer pong(ByteBuffer payload) {
        return frame(FIN | PONG, payload);
    }

    /** @param code {@link CloseCode#NONE} for a Close frame without one */
    ByteBuffer close(int code, String reason) {
        if (code == CloseCode.NONE) {
            return frame(FIN | CLOSE, ByteBuffer.allocate(0));
        }
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        return frame(
                FIN | CLOSE,
                ByteBuffer.allocate(2 + text.length)
                        .putShort((short) code)
                        .put(text)
                        .flip());
    }

    private static ByteBuffer frame(int first, ByteBuffer payload) {
        int length = payload.remaining();
        ByteBuffer frame = ByteBuffer.allocate(LONGEST_HEAD + length).put((byte) first);
        if (length <= 125) {
            frame.put((byte) (MASKED | length));
        } else if (length <= 0xffff) {
            frame.put((byte) (MASKED | 126)).putShort((short) length);
        } else {
            frame.put((byte) (MASKED | 127)).putLong(length);
        }
        int mask = RANDOM.nextInt();
        frame.putInt(mask);
        ByteBuffer from = payload.duplicate().order(ByteOrder.BIG_ENDIAN);
        while (from.remaining() >= Integer.BYTES) {
            frame.putInt(from.getInt() ^ mask);
        }
        for (int shift = 24; from.hasRemaining(); shift -= 8) {
            frame.put((byte) (from.get() ^ mask >>> shift));
        }
        return frame.flip();
    }
}
