package io.fairlead.proxy.tunnel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A WebSocket peer at the end of a {@link PipeLeg}: what it has sent, and what it has got. */
final class FramedPeer {

    /** One frame, decoded. */
    record Seen(int opcode, boolean fin, byte[] payload) {
        int code() {
            return ByteBuffer.wrap(payload).getShort() & 0xffff;
        }

        String reason() {
            return new String(payload, 2, payload.length - 2, UTF_8);
        }
    }

    final PipeLeg leg;
    private final boolean masks;
    private final Random random;
    final List<Seen> sent = new ArrayList<>();

    FramedPeer(long seed, int most, boolean masks) {
        this.leg = new PipeLeg(seed, most);
        this.random = new Random(seed);
        this.masks = masks;
    }

    byte[] bytes(Seen frame) {
        byte[] payload = frame.payload();
        ByteBuffer bytes = ByteBuffer.allocate(14 + payload.length);
        bytes.put((byte) ((frame.fin() ? 0x80 : 0) | frame.opcode()));
        int flag = masks ? 0x80 : 0;
        if (payload.length <= 125) {
            bytes.put((byte) (flag | payload.length));
        } else {
            bytes.put((byte) (flag | 126)).putShort((short) payload.length);
        }
        byte[] mask = new byte[4];
        if (masks) {
            random.nextBytes(mask);
            bytes.put(mask);
        }
        for (int i = 0; i < payload.length; i++) {
            bytes.put((byte) (payload[i] ^ mask[i % 4]));
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    void send(Seen frame) {
        sent.add(frame);
        leg.send(bytes(frame));
    }

    void sendMessages(int count) {
        for (int i = 0; i < count; i++) {
            byte[] payload = new byte[random.nextInt(400)];
            random.nextBytes(payload);
            int fragments = 1 + random.nextInt(2);
            for (int j = 0; j < fragments; j++) {
                send(new Seen(j == 0 ? 2 : 0, j == fragments - 1, payload));
            }
        }
    }

    void close(int code) {
        send(new Seen(8, true, ByteBuffer.allocate(2).putShort((short) code).array()));
        if (!masks) {
            // A server ends the connection.
            leg.end();
        }
    }

    /** What it has got so far; frames that are not there whole do not count. */
    List<Seen> got() {
        ByteBuffer bytes = ByteBuffer.wrap(leg.received());
        List<Seen> frames = new ArrayList<>();
        while (bytes.remaining() >= 2) {
            int first = bytes.get() & 0xff;
            int second = bytes.get() & 0xff;
            assertThat((second & 0x80) != 0).as("masked").isEqualTo(!masks);
            int length = second & 0x7f;
            if (length == 126) {
                if (bytes.remaining() < 2) {
                    return frames;
                }
                length = bytes.getShort() & 0xffff;
            }
            byte[] mask = new byte[4];
            if (bytes.remaining() < length + (masks ? 0 : 4)) {
                return frames;
            }
            if (!masks) {
                bytes.get(mask);
            }
            byte[] payload = new byte[length];
            bytes.get(payload);
            for (int i = 0; i < length; i++) {
                payload[i] ^= mask[i % 4];
            }
            frames.add(new Seen(first & 0x0f, (first & 0x80) != 0, payload));
        }
        return frames;
    }

    @Nullable
    Seen gotClose() {
        return got().stream().filter(frame -> frame.opcode() == 8).findFirst().orElse(null);
    }

    Seen close() {
        Seen close = gotClose();
        if (close == null) {
            throw new AssertionError("no Close frame");
        }
        return close;
    }

    /** The other's frames, from the first on and unchanged, and behind them, if anything, one Close frame. */
    void assertLegal(FramedPeer other) {
        List<Seen> got = got();
        int whole = got.stream()
                .mapToInt(frame -> bytes(frame).length + (masks ? -4 : 4))
                .sum();
        assertThat(leg.received()).as("no part of a frame").hasSize(whole);
        for (int i = 0; i < got.size(); i++) {
            Seen frame = got.get(i);
            if (frame.opcode() == 8) {
                assertThat(i).as("nothing follows a Close frame").isEqualTo(got.size() - 1);
                break;
            }
            assertThat(frame.payload()).isEqualTo(other.sent.get(i).payload());
            assertThat(frame.opcode()).isEqualTo(other.sent.get(i).opcode());
            assertThat(frame.fin()).isEqualTo(other.sent.get(i).fin());
        }
    }
}
