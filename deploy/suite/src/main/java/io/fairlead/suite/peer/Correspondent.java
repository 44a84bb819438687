package io.fairlead.suite.peer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.SSLException;

/**
 * A WebSocket peer as it should be: it answers pings and Close frames, and finds every fault in what it is sent (RFC 6455
 * section 5). What two of them say to each other is random and can be checked.
 */
public final class Correspondent {

    /** How a connection ended: the Close frame's, or 1006 if there was none. */
    public record Closing(int code, String reason) {}

    private static final int LONGEST = 1 << 20;

    private final Wire wire;
    private final boolean client;
    /** What the one who talks is to send when he has finished his frame; so that listening never waits for sending. */
    private final Queue<Frame> answers = new ConcurrentLinkedQueue<>();

    private volatile boolean talking;
    private volatile boolean closed;
    private volatile int pings;

    private Correspondent(Wire wire, boolean client) {
        this.wire = wire;
        this.client = client;
    }

    /** At a client's end. */
    public static Correspondent client(Wire wire) {
        return new Correspondent(wire, true);
    }

    /** At a backend's end. */
    public static Correspondent backend(Wire wire) {
        return new Correspondent(wire, false);
    }

    /** The pings that it was sent so far. */
    public int pings() {
        return pings;
    }

    /** Sends a frame, unless the connection is being closed. */
    public synchronized void send(Frame frame) throws IOException {
        if (!closed) {
            wire.send(client ? frame.masked() : frame.plain());
        }
    }

    /** Sends random messages, in fragments, with pings between, in pieces that are no frames, until it is closed. */
    public void talk(Random random) throws IOException {
        for (int number = 0; !closed; number++) {
            byte[] message = message(number, random.nextInt(10) == 0 ? 70_000 : random.nextInt(3_000));
            int at = 0;
            do {
                int length = random.nextInt(3) == 0 ? random.nextInt(message.length - at + 1) : message.length - at;
                byte[] part = new byte[length];
                System.arraycopy(message, at, part, 0, length);
                int opcode = at == 0 ? Frame.BINARY : Frame.CONTINUATION;
                boolean last = at + length == message.length;
                if (at == 0 && length == 0) {
                    continue;
                }
                sendInPieces(random, last ? Frame.last(opcode, part) : Frame.more(opcode, part));
                at += length;
                for (Frame answer = answers.poll(); answer != null; answer = answers.poll()) {
                    sendAnswer(answer);
                }
                if (random.nextInt(8) == 0) {
                    sendInPieces(random, Frame.last(Frame.PING, new byte[random.nextInt(126)]));
                }
            } while (at < message.length && !closed);
        }
    }

    private void answer(Frame frame) throws IOException {
        if (talking) {
            answers.add(frame);
        } else {
            sendAnswer(frame);
        }
    }

    private synchronized void sendAnswer(Frame frame) throws IOException {
        send(frame);
        if (frame.opcode() == Frame.CLOSE && !closed) {
            closed = true;
            if (!client) {
                // A server closes first (section 7.1.1).
                wire.finish();
            }
        }
    }

    private synchronized void sendInPieces(Random random, Frame frame) throws IOException {
        if (closed) {
            return;
        }
        byte[] bytes = client ? frame.masked() : frame.plain();
        int cut = random.nextInt(bytes.length + 1);
        wire.out().write(bytes, 0, cut);
        wire.out().flush();
        wire.out().write(bytes, cut, bytes.length - cut);
        wire.out().flush();
    }

    /** Four bytes of its number, and then what follows from it. */
    private static byte[] message(int number, int length) {
        byte[] message = new byte[length + 4];
        ByteBuffer.wrap(message).putInt(number);
        for (int i = 4; i < message.length; i++) {
            message[i] = (byte) (number * 31 + i);
        }
        return message;
    }

    /** {@link #talk} and {@link #listen} at once. */
    public Closing converse(Random random) throws Exception {
        talking = true;
        CompletableFuture<Void> talk = Crew.start(() -> {
            try {
                talk(random);
            } catch (IOException e) {
                // The other side has gone; how, the listener sees.
            }
        });
        Closing closing = listen(true);
        Crew.await(talk);
        return closing;
    }

    /**
     * Reads up to the end, and answers what is to be answered.
     *
     * @param talked whether the messages are another correspondent's talk
     * @throws AssertionError for the first fault in what it is sent
     */
    public Closing listen(boolean talked) throws IOException {
        return listen(talked, false);
    }

    /** As {@link #listen}, and sends every message back as one frame. */
    public Closing echo() throws IOException {
        return listen(false, true);
    }

    private Closing listen(boolean talked, boolean echoes) throws IOException {
        Closing closing = new Closing(1006, "");
        try {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            boolean fragmented = false;
            int number = 0;
            while (true) {
                int first = wire.in().read();
                if (first < 0) {
                    return closing;
                }
                if (closing.code() != 1006) {
                    throw new AssertionError("a byte behind a Close frame: " + first);
                }
                Frame frame = read(first);
                switch (frame.opcode()) {
                    case Frame.PING -> {
                        pings++;
                        answer(Frame.last(Frame.PONG, frame.payload()));
                    }
                    case Frame.PONG -> {}
                    case Frame.CLOSE -> {
                        closing = new Closing(frame.closeCode(), frame.closeReason());
                        answer(frame);
                    }
                    case Frame.TEXT, Frame.BINARY, Frame.CONTINUATION -> {
                        check((frame.opcode() == Frame.CONTINUATION) == fragmented, "a fragment out of place");
                        message.writeBytes(frame.payload());
                        fragmented = (frame.firstByte() & 0x80) == 0;
                        if (!fragmented && talked) {
                            byte[] whole = message.toByteArray();
                            check(
                                    Arrays.equals(whole, message(number, whole.length - 4)),
                                    "message " + number + " is not what was sent");
                            number++;
                        }
                        if (!fragmented && echoes) {
                            send(Frame.last(Frame.BINARY, message.toByteArray()));
                        }
                        if (!fragmented) {
                            message.reset();
                        }
                    }
                    default -> check(false, "opcode " + frame.opcode());
                }
            }
        } catch (SocketException | SSLException cut) {
            return closing;
        } finally {
            closed = true;
        }
    }

    private Frame read(int first) throws IOException {
        check((first & 0x70) == 0, "reserved bits");
        int second = readByte();
        check((second & 0x80) != 0 != client, client ? "a masked frame" : "a frame without a mask");
        long length = second & 0x7f;
        if (length > 125) {
            check((first & 0x08) == 0, "a long control frame");
            length = length == 126
                    ? ByteBuffer.wrap(wire.read(2)).getShort() & 0xffff
                    : ByteBuffer.wrap(wire.read(8)).getLong();
            check(length <= LONGEST, "a frame of " + length + " bytes");
        }
        byte[] mask = client ? new byte[4] : wire.read(4);
        byte[] payload = wire.read((int) length);
        for (int i = 0; i < payload.length; i++) {
            payload[i] ^= mask[i & 3];
        }
        return new Frame(first, payload);
    }

    private int readByte() throws IOException {
        return wire.read(1)[0] & 0xff;
    }

    private static void check(boolean right, String fault) {
        if (!right) {
            throw new AssertionError(fault);
        }
    }
}
