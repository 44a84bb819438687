package io.fairlead.suite.peer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Random;

/**
 * A client's half of the handshake of draft-hixie-thewebsocketprotocol-76 (section 4.1): two keys among the header fields, 8
 * bytes behind the head, and the 16 that prove that a server has read them.
 */
public final class HixieHandshake {

    private static final int MOST_SPACES = 12;
    private static final int MOST_NOISE = 12;

    private final Random random;
    private final MessageDigest digest = md5();
    private final String key1;
    private final String key2;
    private final byte[] key3 = new byte[8];
    private final byte[] answer;

    /** Equal seeds make equal handshakes. */
    public HixieHandshake(long seed) {
        random = new Random(seed);
        key1 = key();
        key2 = key();
        random.nextBytes(key3);
        answer = digest.digest(key3);
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** A number times a number of spaces in decimal digits, with these spaces and some other characters in between. */
    private String key() {
        // Two at least, in one place, which no field of HTTP may lose.
        int spaces = 2 + random.nextInt(MOST_SPACES - 1);
        int number = (int) (random.nextDouble() * (0xFFFF_FFFFL / spaces));
        digest.update(ByteBuffer.allocate(4).putInt(number).array());
        StringBuilder key = new StringBuilder(Long.toString(Integer.toUnsignedLong(number) * spaces));
        for (int noise = 1 + random.nextInt(MOST_NOISE); noise > 0; noise--) {
            key.insert(random.nextInt(key.length() + 1), noise());
        }
        // Not at an end: such spaces would be the field's, not the key's.
        return key.insert(1 + random.nextInt(key.length() - 1), " ".repeat(spaces))
                .toString();
    }

    /** A visible character of ASCII that is no digit. */
    private char noise() {
        int character = 0x21 + random.nextInt(0x7F - 0x21 - 10);
        return (char) (character < '0' ? character : character + 10);
    }

    public String key1() {
        return key1;
    }

    public String key2() {
        return key2;
    }

    /** What follows the head of the request. */
    public byte[] key3() {
        return key3.clone();
    }

    /** What has to follow the head of the answer. */
    public byte[] answer() {
        return answer.clone();
    }

    /** A message as it is framed in both directions. */
    public static byte[] frame(String text) {
        byte[] payload = text.getBytes(StandardCharsets.UTF_8);
        byte[] frame = new byte[payload.length + 2];
        System.arraycopy(payload, 0, frame, 1, payload.length);
        frame[frame.length - 1] = (byte) 0xFF;
        return frame;
    }

    /** Reads one message. */
    public static String read(Wire wire) throws IOException {
        int first = wire.read(1)[0];
        if (first != 0) {
            throw new AssertionError("a frame that begins with " + first + " and not with 0");
        }
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        for (byte b = wire.read(1)[0]; b != (byte) 0xFF; b = wire.read(1)[0]) {
            payload.write(b);
        }
        return payload.toString(StandardCharsets.UTF_8);
    }
}
