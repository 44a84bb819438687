package io.fairlead.suite.peer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/**
 * One side's messages, as they follow from a seed: text and binary of many lengths, cut into frames anywhere, also within a
 * character, with pings between. Who has the seed can tell whether they came through as they were.
 */
public record Talk(long seed, int messages) {

    private static final int[] LENGTHS = {0, 1, 2, 125, 126, 127, 8191, 8192, 8193, 65_535, 65_536, 200_000};

    private record Message(boolean text, byte[] content) {}

    private static Message next(Random random) {
        int length = random.nextInt(3) == 0 ? LENGTHS[random.nextInt(LENGTHS.length)] : random.nextInt(2000);
        if (random.nextBoolean()) {
            byte[] content = new byte[length];
            random.nextBytes(content);
            return new Message(false, content);
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length / 2; i++) {
            switch (random.nextInt(4)) {
                case 0 -> text.appendCodePoint(0x1F600 + random.nextInt(50));
                case 1 -> text.append((char) (0x4E00 + random.nextInt(1000)));
                case 2 -> text.append((char) (0xC0 + random.nextInt(50)));
                default -> text.append((char) ('a' + random.nextInt(26)));
            }
        }
        return new Message(true, text.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Says all of it. */
    public void say(Wire wire, boolean client) throws IOException {
        Random content = new Random(seed);
        Random cuts = new Random(seed + 1);
        for (int i = 0; i < messages; i++) {
            Message message = next(content);
            int opcode = message.text() ? Frame.TEXT : Frame.BINARY;
            byte[] bytes = message.content();
            int at = 0;
            int frames = cuts.nextInt(5);
            for (int frame = 0; frame < frames; frame++) {
                int end = at + cuts.nextInt(bytes.length - at + 1);
                send(wire, client, Frame.more(opcode, Arrays.copyOfRange(bytes, at, end)));
                opcode = Frame.CONTINUATION;
                at = end;
                if (cuts.nextInt(3) == 0) {
                    send(wire, client, Frame.last(Frame.PING, new byte[cuts.nextInt(126)]));
                }
            }
            send(wire, client, Frame.last(opcode, Arrays.copyOfRange(bytes, at, bytes.length)));
        }
    }

    /** The answers to pings are left out: nobody here counts them, and the other direction is another thread's. */
    private static void send(Wire wire, boolean client, Frame frame) throws IOException {
        byte[] bytes = client ? frame.masked() : frame.plain();
        synchronized (wire) {
            wire.send(bytes);
        }
    }

    /**
     * Hears all of it.
     *
     * @throws AssertionError when something is not as it was said
     */
    public void hear(Wire wire) throws IOException {
        Random content = new Random(seed);
        for (int i = 0; i < messages; i++) {
            Message expected = next(content);
            ByteArrayOutputStream whole = new ByteArrayOutputStream();
            int opcode = -1;
            while (true) {
                Frame frame = Frame.read(wire);
                if (frame.opcode() == Frame.CLOSE) {
                    throw new AssertionError("message " + i + " is missing: closed by " + frame.closeCode() + " "
                            + frame.closeReason() + ", seed " + seed);
                }
                if (frame.opcode() >= Frame.CLOSE) {
                    continue;
                }
                check((frame.opcode() == Frame.CONTINUATION) == (opcode >= 0), i, "a fragment out of place");
                opcode = opcode < 0 ? frame.opcode() : opcode;
                whole.writeBytes(frame.payload());
                if ((frame.firstByte() & 0x80) != 0) {
                    break;
                }
            }
            check(opcode == (expected.text() ? Frame.TEXT : Frame.BINARY), i, "another kind: " + opcode);
            check(Arrays.equals(whole.toByteArray(), expected.content()), i, "not what was said");
        }
    }

    private void check(boolean right, int message, String fault) {
        if (!right) {
            throw new AssertionError("message " + message + ": " + fault + ", seed " + seed);
        }
    }
}
