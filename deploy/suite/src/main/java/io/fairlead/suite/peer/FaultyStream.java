package io.fairlead.suite.peer;

import io.fairlead.suite.peer.Correspondent.Closing;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SSLException;

/**
 * A stream of frames that breaks one rule of RFC 6455, once: some messages, perhaps the beginning of one more, the fault, and
 * messages behind it that nobody may hear. All of it follows from a seed. One thread at a time.
 */
public final class FaultyStream {

    /** The rule that is broken, and the codes that may answer it (section 7.4.1). */
    public enum Fault {
        RESERVED_OPCODE(1002),
        RESERVED_BIT(1002),
        RESERVED_BIT_OF_CONTROL(1002),
        WRONG_MASK(1002),
        CONTROL_IN_FRAGMENTS(1002),
        CONTROL_TOO_LONG(1002),
        CONTINUATION_OF_NOTHING(1002),
        MESSAGE_WITHIN_MESSAGE(1002),
        /** Also a length that is too large. */
        LENGTH_OF_64_BITS(1002, 1009),
        LENGTH_IN_MORE_BYTES_THAN_NEEDED(1002),
        CLOSE_WITH_HALF_A_CODE(1002),
        CLOSE_WITH_A_CODE_THAT_IS_NEVER_SENT(1002),
        /** Section 8.1 is of messages; to Tomcat this is a control frame that is not right. */
        CLOSE_WITH_A_REASON_THAT_IS_NO_UTF8(1007, 1002),
        TEXT_THAT_IS_NO_UTF8(1007),
        TEXT_THAT_IS_NO_UTF8_ACROSS_FRAMES(1007),
        TEXT_THAT_ENDS_WITHIN_A_CHARACTER(1007);

        private final List<Integer> codes;

        Fault(Integer... codes) {
            this.codes = List.of(codes);
        }

        /** Fairlead's own comes first, the others are servers'. */
        public List<Integer> codes() {
            return codes;
        }
    }

    private static final int FIN = 0x80;
    private static final int MASKED = 0x80;

    private static final int[] RESERVED_OPCODES = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15};
    private static final int[] CODES_NEVER_SENT = {0, 1, 999, 1005, 1006, 1015};

    /** Overlong, a surrogate, beyond the last character, no first byte, a first byte without its second, never a byte of it. */
    private static final byte[][] NO_UTF8 = {
        {(byte) 0xC0, (byte) 0x80},
        {(byte) 0xE0, (byte) 0x80, (byte) 0xAF},
        {(byte) 0xED, (byte) 0xA0, (byte) 0x80},
        {(byte) 0xF4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
        {(byte) 0x80, 'x'},
        {(byte) 0xC3, '('},
        {(byte) 0xF0, (byte) 0x9F, 'x'},
        {(byte) 0xFF, 'x'}
    };

    /** The beginnings of characters. */
    private static final byte[][] HALF_CHARACTERS = {
        {(byte) 0xC3}, {(byte) 0xE2, (byte) 0x9C}, {(byte) 0xF0, (byte) 0x9F, (byte) 0x98}
    };

    private final Fault fault;
    private final boolean client;
    private final Random random;
    private final List<byte[]> messages = new ArrayList<>();
    private final ByteArrayOutputStream before = new ByteArrayOutputStream();
    private final ByteArrayOutputStream wrong = new ByteArrayOutputStream();

    /** What may be heard of a message that never ends. */
    private final ByteArrayOutputStream begun = new ByteArrayOutputStream();

    /** @param client whether a client says it, to which it is legal to mask */
    public FaultyStream(Fault fault, boolean client, long seed) {
        this.fault = fault;
        this.client = client;
        this.random = new Random(seed);
        for (int i = random.nextInt(4); i > 0; i--) {
            message();
        }
        switch (fault) {
            case RESERVED_OPCODE -> {
                perhapsBegin();
                wrong(FIN | RESERVED_OPCODES[random.nextInt(RESERVED_OPCODES.length)], secret());
            }
            case RESERVED_BIT -> wrong(FIN | reserved() | Frame.TEXT + random.nextInt(2), secret());
            case RESERVED_BIT_OF_CONTROL -> {
                perhapsBegin();
                wrong(FIN | reserved() | Frame.PING + random.nextInt(2), secret());
            }
            case WRONG_MASK -> {
                perhapsBegin();
                int opcode = begun.size() > 0 ? Frame.CONTINUATION : Frame.TEXT;
                write(wrong, FIN | opcode, 0, secret(), !client);
            }
            case CONTROL_IN_FRAGMENTS -> {
                perhapsBegin();
                wrong(Frame.PING + random.nextInt(2), secret());
            }
            case CONTROL_TOO_LONG -> {
                perhapsBegin();
                wrong(FIN | Frame.PING + random.nextInt(2), new byte[126 + random.nextInt(1000)]);
            }
            case CONTINUATION_OF_NOTHING -> wrong((random.nextBoolean() ? FIN : 0), secret());
            case MESSAGE_WITHIN_MESSAGE -> {
                begin();
                wrong((random.nextBoolean() ? FIN : 0) | Frame.TEXT + random.nextInt(2), secret());
            }
            case LENGTH_OF_64_BITS -> length(ByteBuffer.allocate(8).putLong(Long.MIN_VALUE | random.nextInt(1000)));
            case LENGTH_IN_MORE_BYTES_THAN_NEEDED ->
                write(wrong, FIN | Frame.TEXT, random.nextBoolean() ? 2 : 8, secret(), client);
            case CLOSE_WITH_HALF_A_CODE -> {
                perhapsBegin();
                wrong(FIN | Frame.CLOSE, new byte[] {3});
            }
            case CLOSE_WITH_A_CODE_THAT_IS_NEVER_SENT -> {
                perhapsBegin();
                int code = CODES_NEVER_SENT[random.nextInt(CODES_NEVER_SENT.length)];
                // The reason is legal.
                wrong(FIN | Frame.CLOSE, Frame.close(code, "bye").payload());
            }
            case CLOSE_WITH_A_REASON_THAT_IS_NO_UTF8 -> {
                perhapsBegin();
                wrong(FIN | Frame.CLOSE, joined(Frame.close(1000, "secret").payload(), noUtf8()));
            }
            case TEXT_THAT_IS_NO_UTF8 -> {
                byte[] text = text();
                begun.writeBytes(text);
                wrong(FIN | Frame.TEXT, joined(text, noUtf8(), secret()));
            }
            case TEXT_THAT_IS_NO_UTF8_ACROSS_FRAMES -> {
                byte[] text = text();
                byte[] bad = noUtf8();
                begun.writeBytes(text);
                int cut = text.length + 1 + random.nextInt(bad.length - 1);
                byte[] all = joined(text, bad, secret());
                write(before, Frame.TEXT, 0, Arrays.copyOf(all, cut), client);
                wrong(FIN | Frame.CONTINUATION, Arrays.copyOfRange(all, cut, all.length));
            }
            case TEXT_THAT_ENDS_WITHIN_A_CHARACTER -> {
                byte[] text = text();
                byte[] half = HALF_CHARACTERS[random.nextInt(HALF_CHARACTERS.length)];
                begun.writeBytes(text);
                boolean empty = random.nextBoolean();
                if (empty) {
                    write(before, Frame.TEXT, 0, joined(text, half), client);
                }
                wrong(FIN | (empty ? Frame.CONTINUATION : Frame.TEXT), empty ? new byte[0] : joined(text, half));
            }
        }
        if (fault != Fault.LENGTH_OF_64_BITS) {
            // Else it would be payload.
            wrong(FIN | Frame.TEXT, secret());
        }
    }

    /** Whether it leaves a message without its end, of which something may be heard. */
    public boolean leavesAMessageOpen() {
        return begun.size() > 0;
    }

    private static byte[] secret() {
        return "secret".getBytes(StandardCharsets.UTF_8);
    }

    private byte[] noUtf8() {
        return NO_UTF8[random.nextInt(NO_UTF8.length)];
    }

    private int reserved() {
        return (1 + random.nextInt(7)) << 4;
    }

    private byte[] text() {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(10) == 0 ? 20_000 : random.nextInt(300); i >= 0; i--) {
            text.appendCodePoint(random.nextInt(4) == 0 ? 0x1F600 + random.nextInt(50) : 'a' + random.nextInt(26));
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] joined(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    private void message() {
        byte[] text = text();
        messages.add(text);
        int opcode = Frame.TEXT + random.nextInt(2);
        if (random.nextBoolean()) {
            int cut = random.nextInt(text.length);
            write(before, opcode, 0, Arrays.copyOf(text, cut), client);
            opcode = Frame.CONTINUATION;
            text = Arrays.copyOfRange(text, cut, text.length);
        }
        write(before, FIN | opcode, 0, text, client);
    }

    private void begin() {
        byte[] text = text();
        begun.writeBytes(text);
        write(before, Frame.TEXT, 0, text, client);
    }

    private void perhapsBegin() {
        if (random.nextBoolean()) {
            begin();
        }
    }

    private void wrong(int first, byte[] payload) {
        write(wrong, first, 0, payload, client);
    }

    /** A head, and nothing of the payload that it promises. */
    private void length(ByteBuffer length) {
        wrong.write(FIN | Frame.BINARY);
        wrong.write((client ? MASKED : 0) | 127);
        wrong.writeBytes(length.array());
        if (client) {
            wrong.writeBytes(new byte[4]);
        }
    }

    /** @param lengthBytes 2 or 8 for a length in so many; 0: in as few as it needs */
    private void write(ByteArrayOutputStream to, int first, int lengthBytes, byte[] payload, boolean masked) {
        int most = lengthBytes == 0 ? payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8 : lengthBytes;
        to.write(first);
        int mask = masked ? MASKED : 0;
        switch (most) {
            case 0 -> to.write(mask | payload.length);
            case 2 -> {
                to.write(mask | 126);
                to.writeBytes(
                        ByteBuffer.allocate(2).putShort((short) payload.length).array());
            }
            default -> {
                to.write(mask | 127);
                to.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
            }
        }
        byte[] key = new byte[4];
        if (masked) {
            random.nextBytes(key);
            to.writeBytes(key);
        }
        for (int i = 0; i < payload.length; i++) {
            to.write(payload[i] ^ key[i & 3]);
        }
    }

    /** Says it: up to the fault in pieces that are no frames; then the rest at once, so that it is there when the fault is found. */
    public void say(Wire wire) throws IOException {
        byte[] legal = before.toByteArray();
        int at = 0;
        while (at < legal.length) {
            int end = at + 1 + random.nextInt(legal.length - at);
            wire.out().write(legal, at, end - at);
            wire.out().flush();
            at = end;
        }
        wire.send(wrong.toByteArray());
    }

    /**
     * Hears what the other side passes on of it, up to the end, and answers pings and the Close frame.
     *
     * @param atClient whether a client hears it
     * @param all whether none of the messages from before the fault may be missing
     * @return how it was ended; 1006 if there was no Close frame
     * @throws AssertionError when a message is missing, or something is there that must not
     */
    public Closing hear(Wire wire, boolean atClient, boolean all) throws IOException {
        Closing closing = new Closing(1006, "");
        int whole = 0;
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        try {
            while (true) {
                Frame frame = Frame.read(wire);
                check(closing.code() == 1006, "a frame behind a Close frame");
                if (frame.opcode() == Frame.CLOSE) {
                    closing = new Closing(frame.closeCode(), frame.closeReason());
                    check(!closing.reason().contains("secret"), "the fault's own reason was passed on");
                    wire.send(atClient ? frame.masked() : frame.plain());
                    if (!atClient) {
                        // A server closes first (section 7.1.1).
                        wire.finish();
                    }
                } else if (frame.opcode() < Frame.CLOSE) {
                    message.writeBytes(frame.payload());
                    if ((frame.firstByte() & FIN) != 0) {
                        check(
                                whole < messages.size(),
                                "a message too many: " + message.toString(StandardCharsets.UTF_8));
                        check(
                                Arrays.equals(message.toByteArray(), messages.get(whole)),
                                "message " + whole + " differs");
                        message.reset();
                        whole++;
                    }
                } else {
                    check(!frame.text().contains("secret"), "a control frame that is not legal");
                    if (frame.opcode() == Frame.PING) {
                        Frame pong = Frame.last(Frame.PONG, frame.payload());
                        wire.send(atClient ? pong.masked() : pong.plain());
                    }
                }
            }
        } catch (EOFException | SocketException | SSLException end) {
            check(whole == messages.size() || !all, whole + " messages of " + messages.size());
            byte[] rest = message.toByteArray();
            byte[] legal = whole < messages.size() ? messages.get(whole) : begun.toByteArray();
            check(
                    rest.length <= legal.length && Arrays.equals(rest, Arrays.copyOf(legal, rest.length)),
                    "more of a message than what is legal of it");
            return closing;
        }
    }

    private void check(boolean right, String what) {
        if (!right) {
            throw new AssertionError(fault + ": " + what);
        }
    }
}
