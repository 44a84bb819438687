package io.fairlead.relay;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A backend's frames as messages (RFC 6455 section 5.2). A frame of up to {@value #PART} bytes is one part of a message, a larger one
 * is several. It follows a stream whose framing was checked before, and checks what is in the frames.
 *
 * <p>One thread at a time, but for {@link #close}.
 */
final class FrameReader implements AutoCloseable {

    /** The most bytes in a part. */
    static final int PART = 64 * 1024;

    private static final int FIN = 0x80;
    private static final int RESERVED = 0x70;
    private static final int COMPRESSED = 0x40;
    private static final int TEXT = 1;
    private static final int CONTROL = 8;
    private static final int CLOSE = 8;
    private static final int PING = 9;
    private static final int MOST_OF_HEAD = 10;

    /** What is found, in order. */
    interface Sink {
        void message(Message part);

        void ping(ByteBuffer payload);

        void pong(ByteBuffer payload);

        /** @param code {@link CloseCode#NONE} if there is none */
        void close(int code, String reason);
    }

    private final Sink sink;
    private final Deflate.@Nullable Inflation inflation;
    private final Utf8Parts utf8 = new Utf8Parts();
    private final ByteBuffer head = ByteBuffer.allocate(MOST_OF_HEAD);

    // The frame that is under way.
    private boolean inPayload;
    private int opcode;
    private boolean fin;
    private long left;
    private ByteBuffer payload = ByteBuffer.allocate(0);

    // The message that is under way.
    private boolean text;
    private boolean first;
    private boolean compressed;

    /** Whether the inflater holds something of the frame that was read last, and whether the message ends with that. */
    private boolean inflating;

    private boolean inflatingLast;

    /** @param inflation null when no compression was agreed on */
    FrameReader(Deflate.@Nullable Inflation inflation, Sink sink) {
        this.inflation = inflation;
        this.sink = sink;
    }

    /** Whether something of what was read has not been told yet: {@link #step} will, without more bytes. */
    boolean holdsMore() {
        return inflating;
    }

    /**
     * Reads on, up to the next thing to be told at the most.
     *
     * @return false when there is nothing to do before more bytes come
     * @throws Breach when a frame holds what it may not
     */
    boolean step(ByteBuffer from) throws Breach {
        if (inflating) {
            inflate();
            return true;
        }
        if (!from.hasRemaining()) {
            return false;
        }
        if (!inPayload) {
            readHead(from);
            return true;
        }
        int length = Math.min(from.remaining(), payload.remaining());
        payload.put(payload.position(), from, from.position(), length);
        payload.position(payload.position() + length);
        from.position(from.position() + length);
        if (!payload.hasRemaining()) {
            partIsRead();
        }
        return true;
    }

    private void readHead(ByteBuffer from) throws Breach {
        head.put(from.get());
        if (head.position() < 2) {
            return;
        }
        int length = head.get(1) & 0x7f;
        int more = length < 126 ? 0 : length == 126 ? 2 : 8;
        if (head.position() < 2 + more) {
            return;
        }
        left = more == 0 ? length : more == 2 ? head.getShort(2) & 0xffff : head.getLong(2);
        begin(head.get(0) & 0xff);
        head.clear();
        inPayload = true;
        payload = ByteBuffer.allocate((int) Math.min(left, PART));
        if (left == 0) {
            partIsRead();
        }
    }

    private void begin(int firstByte) throws Breach {
        opcode = firstByte & 0x0f;
        fin = (firstByte & FIN) != 0;
        boolean begins = opcode != 0 && opcode < CONTROL;
        int reserved = firstByte & RESERVED;
        if (reserved != 0 && !(begins && inflation != null && reserved == COMPRESSED)) {
            throw Breach.ofProtocol(CloseCode.PROTOCOL_ERROR, "a reserved bit is set that nothing was agreed on for");
        }
        if (begins) {
            text = opcode == TEXT;
            first = true;
            compressed = reserved != 0;
        }
    }

    /** A frame is there, or as much of one as a part takes. */
    private void partIsRead() throws Breach {
        ByteBuffer part = payload.flip();
        left -= part.remaining();
        boolean ends = left == 0;
        if (ends) {
            inPayload = false;
        } else {
            payload = ByteBuffer.allocate((int) Math.min(left, PART));
        }
        if (opcode >= CONTROL) {
            control(part);
        } else if (compressed && inflation != null) {
            byte[] bytes = new byte[part.remaining()];
            part.get(bytes);
            inflation.take(bytes);
            inflating = true;
            inflatingLast = ends && fin;
        } else {
            tell(part, ends && fin);
        }
    }

    private void inflate() throws Breach {
        if (inflation == null) {
            inflating = false;
            return;
        }
        ByteBuffer piece = inflation.next(inflatingLast);
        if (piece.hasRemaining()) {
            tell(piece, false);
            return;
        }
        inflating = false;
        if (inflatingLast) {
            tell(piece, true);
        }
    }

    private void tell(ByteBuffer part, boolean last) throws Breach {
        sink.message(text ? Message.of(utf8.decode(part, last), first, last) : Message.of(part, first, last));
        first = false;
    }

    private void control(ByteBuffer content) throws Breach {
        switch (opcode) {
            case PING -> sink.ping(content);
            case CLOSE -> {
                if (!content.hasRemaining()) {
                    sink.close(CloseCode.NONE, "");
                    return;
                }
                if (content.remaining() == 1) {
                    throw Breach.ofProtocol(CloseCode.PROTOCOL_ERROR, "a Close frame with half a code");
                }
                int code = content.getShort() & 0xffff;
                if (!CloseCode.maySend(code)) {
                    throw Breach.ofProtocol(CloseCode.PROTOCOL_ERROR, "a Close frame with a code that can't be sent");
                }
                sink.close(code, reason(content));
            }
            default -> sink.pong(content);
        }
    }

    private static String reason(ByteBuffer text) throws Breach {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(text).toString();
        } catch (CharacterCodingException noText) {
            throw Breach.ofProtocol(CloseCode.BAD_DATA, "the reason of a Close frame is not UTF-8");
        }
    }

    @Override
    public void close() {
        if (inflation != null) {
            inflation.close();
        }
    }
}
