package io.fairlead.suite.peer;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** A frame of HTTP/2 (RFC 9113 section 4.1), legal or not. */
public record Http2Frame(int type, int flags, int stream, byte[] payload) {

    public static final int DATA = 0;
    public static final int HEADERS = 1;
    public static final int PRIORITY = 2;
    public static final int RST_STREAM = 3;
    public static final int SETTINGS = 4;
    public static final int PUSH_PROMISE = 5;
    public static final int PING = 6;
    public static final int GOAWAY = 7;
    public static final int WINDOW_UPDATE = 8;
    public static final int CONTINUATION = 9;

    /** Of DATA and HEADERS. */
    public static final int END_STREAM = 0x1;
    /** Of SETTINGS and PING. */
    public static final int ACK = 0x1;
    /** Of HEADERS and CONTINUATION. */
    public static final int END_HEADERS = 0x4;

    private static final int PADDED = 0x8;
    private static final int PRIORITIZED = 0x20;

    public static final int NO_ERROR = 0;
    public static final int PROTOCOL_ERROR = 1;
    public static final int STREAM_CLOSED = 5;
    public static final int REFUSED_STREAM = 7;
    public static final int CANCEL = 8;

    /** The numbers of settings. */
    public static final int ENABLE_PUSH = 2;

    public static final int MAX_CONCURRENT_STREAMS = 3;
    public static final int INITIAL_WINDOW_SIZE = 4;
    public static final int MAX_FRAME_SIZE = 5;
    /** RFC 8441 section 3. */
    public static final int ENABLE_CONNECT_PROTOCOL = 8;

    /** A frame whose payload is one number of 32 bits. */
    static Http2Frame of(int type, int stream, int number) {
        return new Http2Frame(
                type, 0, stream, ByteBuffer.allocate(4).putInt(number).array());
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    byte[] bytes() {
        return ByteBuffer.allocate(9 + payload.length)
                .put((byte) (payload.length >> 16))
                .putShort((short) payload.length)
                .put((byte) type)
                .put((byte) flags)
                .putInt(stream)
                .put(payload)
                .array();
    }

    /** The payload without padding and priority. */
    byte[] content() throws IOException {
        int from = 0;
        int to = payload.length;
        if (has(PADDED)) {
            from = 1;
            to -= payload[0] & 0xFF;
        }
        if (type == HEADERS && has(PRIORITIZED)) {
            from += 5;
        }
        if (from > to) {
            throw new IOException("more padding than payload");
        }
        return from == 0 && to == payload.length ? payload : java.util.Arrays.copyOfRange(payload, from, to);
    }

    static Http2Frame read(InputStream from) throws IOException {
        DataInputStream in = new DataInputStream(from);
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        if (length > 1 << 14) {
            throw new IOException("a frame of " + length + " bytes, larger than was allowed");
        }
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt() & 0x7FFF_FFFF;
        byte[] payload = new byte[length];
        in.readFully(payload);
        return new Http2Frame(type, flags, stream, payload);
    }
}
