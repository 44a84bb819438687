package io.fairlead.proxy.tunnel;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Follows the frames in one direction of a WebSocket stream (RFC 6455 section 5.2): where they begin and end, what they are,
 * and how many there were. It changes, copies and allocates nothing; payload is skipped, extensions are the peers' business.
 *
 * <p>A stream that breaks the rules of framing is followed no further: {@link #fault} tells, and there is no boundary to be
 * found in it any more. Nor is what follows a Close frame looked at. One thread at a time.
 *
 * <p>Where there are {@linkplain FrameRules rules} that a frame's head is judged by, {@link #scan} tells what may be passed on.
 */
final class FrameScanner {

    /** What the next byte is. */
    private enum Expected {
        OPCODE,
        LENGTH,
        EXTENDED_LENGTH,
        MASK,
        PAYLOAD,
        /** Nothing that matters: after a Close frame, or after a fault. */
        ANYTHING
    }

    private static final int FIN = 0x80;
    private static final int MASKED = 0x80;
    private static final int CONTINUATION = 0;
    private static final int BINARY = 2;
    private static final int CONTROL = 8;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int PONG = 10;
    private static final int MOST_OF_CONTROL = 125;

    /** A Close frame without a code (RFC 6455 section 7.1.5). */
    static final int NO_CODE = 1005;

    /** Why a stream is to be closed. */
    record Breach(int closeCode, String reason) {}

    private final boolean masked;
    private final FrameRules rules;
    private Expected expected = Expected.OPCODE;

    // The frame that is under way.
    private int opcode;
    private boolean fin;
    private int lengthBytes;
    private int lengthBytesLeft;
    private int maskBytesLeft;
    private int mask;
    private long length;
    private long left;

    /** Where in the buffer the frame began that is under way, if it began there. */
    private int headIndex;

    private long messageLength;

    /** Whether a message has begun whose last frame is still to come. */
    private boolean fragmented;

    private long frames;
    private long messages;
    private long pings;
    private long pongs;
    private int closeCode;
    private int closeEnd;
    private boolean closed;
    private @Nullable String fault;
    private @Nullable Breach breach;
    private int breachIndex;

    /** @param masked whether its sender masks: a client does, a server does not (section 5.1) */
    FrameScanner(boolean masked, FrameRules rules) {
        this.masked = masked;
        this.rules = rules;
    }

    /** Follows what is between the position and the limit of {@code bytes}, and leaves both. */
    void scan(ByteBuffer bytes) {
        int index = bytes.position();
        boolean before = closed;
        while (index < bytes.limit()) {
            index = follow(bytes, index, bytes.limit());
            if (closed && !before) {
                before = true;
                closeEnd = index;
            }
        }
    }

    /**
     * As {@link #scan}, for a stream with rules.
     *
     * @return the index of the first byte that must not be passed on: of the frame that broke a rule, which {@link #breach}
     *     tells then; or of a frame whose head is not complete, which is to be shown once more with the bytes that follow
     */
    int scanByRules(ByteBuffer bytes) {
        scan(bytes);
        if (breach != null) {
            return breachIndex;
        }
        switch (expected) {
            case LENGTH, EXTENDED_LENGTH, MASK -> {
                expected = Expected.OPCODE;
                return headIndex;
            }
            default -> {
                return bytes.limit();
            }
        }
    }

    /**
     * Follows {@code bytes} up to the next boundary, at most to the limit.
     *
     * @return the index of the first byte that was not looked at
     */
    int scanToBoundary(ByteBuffer bytes) {
        int index = bytes.position();
        while (index < bytes.limit() && expected != Expected.OPCODE && expected != Expected.ANYTHING) {
            index = follow(bytes, index, bytes.limit());
        }
        return index;
    }

    private int follow(ByteBuffer bytes, int index, int limit) {
        switch (expected) {
            case OPCODE -> {
                headIndex = index;
                opcode(bytes.get(index) & 0xff);
            }
            case LENGTH -> length(bytes.get(index) & 0xff);
            case EXTENDED_LENGTH -> extendedLength(bytes.get(index) & 0xff);
            case MASK -> mask(bytes.get(index) & 0xff);
            case PAYLOAD -> {
                return payload(bytes, index, limit);
            }
            case ANYTHING -> {
                return limit;
            }
        }
        return index + 1;
    }

    private void opcode(int first) {
        opcode = first & 0x0f;
        fin = (first & FIN) != 0;
        if (opcode >= CONTROL) {
            if (opcode > PONG) {
                broken("a reserved opcode");
                return;
            }
            if (!fin) {
                broken("a control frame in fragments");
                return;
            }
        } else if (opcode > BINARY) {
            broken("a reserved opcode");
            return;
        } else if (opcode == CONTINUATION && !fragmented) {
            broken("a continuation of nothing");
            return;
        } else if (opcode != CONTINUATION && fragmented) {
            broken("a message within a message");
            return;
        }
        expected = Expected.LENGTH;
    }

    private void length(int second) {
        if (((second & MASKED) != 0) != masked) {
            broken(masked ? "a client's frame without a mask" : "a server's frame with a mask");
            return;
        }
        length = second & 0x7f;
        if (opcode >= CONTROL && length > MOST_OF_CONTROL) {
            broken("a control frame of more than 125 bytes");
            return;
        }
        if (length <= 125) {
            lengthIsKnown();
            return;
        }
        lengthBytes = length == 126 ? 2 : 8;
        lengthBytesLeft = lengthBytes;
        length = 0;
        expected = Expected.EXTENDED_LENGTH;
    }

    private void extendedLength(int next) {
        length = length << 8 | next;
        if (--lengthBytesLeft > 0) {
            return;
        }
        if (length < 0) {
            broken("a length of more than 63 bits");
        } else if (length < (lengthBytes == 2 ? 126 : 0x10000)) {
            broken("a length in more bytes than it needs");
        } else {
            lengthIsKnown();
        }
    }

    private void lengthIsKnown() {
        left = length;
        if (masked) {
            mask = 0;
            maskBytesLeft = 4;
            expected = Expected.MASK;
        } else {
            headIsKnown();
        }
    }

    private void judgeSize() {
        long before = opcode == CONTINUATION ? messageLength : 0;
        messageLength = before > Long.MAX_VALUE - length ? Long.MAX_VALUE : before + length;
        if (rules.maxFrameSize() > 0 && length > rules.maxFrameSize()) {
            breach(ControlFrame.MESSAGE_TOO_BIG, "a frame is larger than maxFrameSize");
        } else if (rules.maxMessageSize() > 0 && messageLength > rules.maxMessageSize()) {
            breach(ControlFrame.MESSAGE_TOO_BIG, "a message is larger than maxMessageSize");
        }
    }

    private void mask(int next) {
        mask = mask << 8 | next;
        if (--maskBytesLeft == 0) {
            headIsKnown();
        }
    }

    private void headIsKnown() {
        if (opcode < CONTROL) {
            judgeSize();
        }
        if (left == 0) {
            frameEnds();
        } else {
            expected = Expected.PAYLOAD;
        }
    }

    private int payload(ByteBuffer bytes, int index, int limit) {
        int end = left < limit - index ? index + (int) left : limit;
        if (opcode == CLOSE) {
            for (int i = index; i < end && length - left + (i - index) < 2; i++) {
                int at = (int) (length - left) + (i - index);
                int unmasked = (bytes.get(i) ^ (masked ? mask >>> (24 - 8 * at) : 0)) & 0xff;
                closeCode = closeCode << 8 | unmasked;
            }
        }
        left -= end - index;
        if (left == 0) {
            frameEnds();
        }
        return end;
    }

    private void frameEnds() {
        frames++;
        expected = Expected.OPCODE;
        switch (opcode) {
            case CLOSE -> {
                if (length < 2) {
                    closeCode = NO_CODE;
                }
                closed = true;
                expected = Expected.ANYTHING;
            }
            case PING -> pings++;
            case PONG -> pongs++;
            default -> {
                fragmented = !fin;
                if (fin) {
                    messages++;
                }
            }
        }
    }

    private void broken(String what) {
        fault = what;
        expected = Expected.ANYTHING;
        if (rules.closeAtFault()) {
            breach(ControlFrame.PROTOCOL_ERROR, what);
        }
    }

    private void breach(int closeCode, String reason) {
        if (breach == null) {
            breach = new Breach(closeCode, reason);
            breachIndex = headIndex;
        }
    }

    /** Whether the next byte begins a frame; false after a Close frame and after a fault. */
    boolean atBoundary() {
        return expected == Expected.OPCODE;
    }

    /** Whether a Close frame has passed, all of it. */
    boolean isClosed() {
        return closed;
    }

    /** The index behind the Close frame, in the buffer that it ended in. */
    int closeEnd() {
        return closeEnd;
    }

    /** Of the Close frame that has passed; {@value #NO_CODE} if it had none, 0 if there was none. */
    int closeCode() {
        return closed ? closeCode : 0;
    }

    /** The first breach of the rules of framing, for the log; null as long as there is none. */
    @Nullable
    String fault() {
        return fault;
    }

    FrameRules rules() {
        return rules;
    }

    /** The first breach of a rule; null as long as there is none. */
    @Nullable
    Breach breach() {
        return breach;
    }

    /** The frames that have passed, all of each. */
    long frames() {
        return frames;
    }

    /** The messages whose last frame has passed. */
    long messages() {
        return messages;
    }

    long pings() {
        return pings;
    }

    long pongs() {
        return pongs;
    }
}
