package io.fairlead.suite.peer;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.concurrent.ThreadLocalRandom;

/** A WebSocket frame (RFC 6455 section 5.2), legal or not. */
public record Frame(int firstByte, byte[] payload) {

    public static final int CONTINUATION = 0x0;
    public static final int TEXT = 0x1;
    public static final int BINARY = 0x2;
    public static final int CLOSE = 0x8;
    public static final int PING = 0x9;
    public static final int PONG = 0xA;

    private static final int FIN = 0x80;

    /** A frame that ends its message. */
    public static Frame last(int opcode, byte[] payload) {
        return new Frame(FIN | opcode, payload);
    }

    /** A frame that more of its message follow. */
    public static Frame more(int opcode, byte[] payload) {
        return new Frame(opcode, payload);
    }

    public static Frame text(String text) {
        return last(TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    public static Frame close(int code, String reason) {
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        return last(
                CLOSE,
                ByteBuffer.allocate(2 + text.length)
                        .putShort((short) code)
                        .put(text)
                        .array());
    }

    /** The same frame with reserved bits set. */
    public Frame reserved(int bits) {
        return new Frame(firstByte | bits << 4, payload);
    }

    public int opcode() {
        return firstByte & 0xF;
    }

    /** Of a Close frame; 1005 if it has none. */
    public int closeCode() {
        return payload.length < 2 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xffff;
    }

    /** Of a Close frame. */
    public String closeReason() {
        return payload.length < 2 ? "" : new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
    }

    public String text() {
        return new String(payload, StandardCharsets.UTF_8);
    }

    /** As a client sends it, masked. */
    public byte[] masked() {
        byte[] mask = new byte[4];
        ThreadLocalRandom.current().nextBytes(mask);
        ByteArrayOutputStream out = head(0x80);
        out.writeBytes(mask);
        byte[] body = payload.clone();
        for (int i = 0; i < body.length; i++) {
            body[i] ^= mask[i & 3];
        }
        out.writeBytes(body);
        return out.toByteArray();
    }

    /** As a server sends it. */
    public byte[] plain() {
        ByteArrayOutputStream out = head(0);
        out.writeBytes(payload);
        return out.toByteArray();
    }

    private ByteArrayOutputStream head(int maskBit) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(payload.length + 14);
        out.write(firstByte);
        if (payload.length < 126) {
            out.write(maskBit | payload.length);
        } else if (payload.length < 65_536) {
            out.write(maskBit | 126);
            out.writeBytes(
                    ByteBuffer.allocate(2).putShort((short) payload.length).array());
        } else {
            out.write(maskBit | 127);
            out.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
        }
        return out;
    }

    /** Reads a frame of either kind and takes the mask off. */
    public static Frame read(Wire wire) throws IOException {
        DataInputStream in = new DataInputStream(wire.in());
        int first = in.readUnsignedByte();
        int second = in.readUnsignedByte();
        long length = second & 0x7F;
        if (length == 126) {
            length = in.readUnsignedShort();
        } else if (length == 127) {
            length = in.readLong();
        }
        byte[] mask = (second & 0x80) != 0 ? wire.read(4) : new byte[4];
        byte[] payload = wire.read(Math.toIntExact(length));
        for (int i = 0; i < payload.length; i++) {
            payload[i] ^= mask[i & 3];
        }
        return new Frame(first, payload);
    }

    /** The Sec-WebSocket-Accept that answers a key (RFC 6455 section 4.2.2). */
    public static String accept(String key) {
        try {
            byte[] text = (key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(StandardCharsets.ISO_8859_1);
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-1").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }
}
