package io.fairlead.proxy.tunnel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameScannerTest {

    /** A stream of frames and what a scanner has to find in it. */
    private static final class Stream {
        private final Random random;
        private final boolean masked;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final Set<Integer> boundaries = new HashSet<>(Set.of(0));
        private long frames;
        private long messages;
        private long pings;
        private long pongs;

        Stream(Random random, boolean masked) {
            this.random = random;
            this.masked = masked;
        }

        void frame(int first, byte[] payload) {
            bytes.write(first);
            int flag = masked ? 0x80 : 0;
            if (payload.length <= 125) {
                bytes.write(flag | payload.length);
            } else if (payload.length <= 0xffff) {
                bytes.write(flag | 126);
                bytes.writeBytes(
                        ByteBuffer.allocate(2).putShort((short) payload.length).array());
            } else {
                bytes.write(flag | 127);
                bytes.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
            }
            byte[] mask = new byte[4];
            if (masked) {
                random.nextBytes(mask);
                bytes.writeBytes(mask);
            }
            for (int i = 0; i < payload.length; i++) {
                bytes.write(payload[i] ^ mask[i % 4]);
            }
            boundaries.add(bytes.size());
            frames++;
        }

        void message() {
            int fragments = 1 + random.nextInt(3);
            for (int i = 0; i < fragments; i++) {
                boolean last = i == fragments - 1;
                // The reserved bits are an extension's.
                int reserved = random.nextInt(8) << 4;
                frame((last ? 0x80 : 0) | reserved | (i == 0 ? 1 + random.nextInt(2) : 0), payload());
                if (!last && random.nextBoolean()) {
                    control();
                }
            }
            messages++;
        }

        void control() {
            boolean ping = random.nextBoolean();
            frame(ping ? 0x89 : 0x8a, bytes(random.nextInt(126)));
            if (ping) {
                pings++;
            } else {
                pongs++;
            }
        }

        private byte[] payload() {
            return bytes(
                    switch (random.nextInt(8)) {
                        case 0 -> 0;
                        case 1 -> 125;
                        case 2 -> 126;
                        case 3 -> 0xffff;
                        case 4 -> 0x10000;
                        default -> random.nextInt(300);
                    });
        }

        private byte[] bytes(int length) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            return bytes;
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void anyStreamInAnyPieces(boolean masked) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            Stream stream = new Stream(random, masked);
            for (int i = random.nextInt(20); i > 0; i--) {
                if (random.nextInt(3) == 0) {
                    stream.control();
                } else {
                    stream.message();
                }
            }
            byte[] all = stream.bytes.toByteArray();
            FrameScanner scanner = new FrameScanner(masked, FrameRules.NONE);
            int at = 0;
            while (at < all.length) {
                int length = Math.min(all.length - at, 1 + random.nextInt(random.nextBoolean() ? 5 : 70_000));
                ByteBuffer piece = ByteBuffer.wrap(all, at, length);
                scanner.scan(piece);
                assertThat(piece.remaining()).isEqualTo(length);
                at += length;
                assertThat(scanner.atBoundary())
                        .as("boundary at %d, seed %d", at, seed)
                        .isEqualTo(stream.boundaries.contains(at));
            }
            assertThat(scanner.fault()).as("seed %d", seed).isNull();
            assertThat(scanner.frames()).as("seed %d", seed).isEqualTo(stream.frames);
            assertThat(scanner.messages()).isEqualTo(stream.messages);
            assertThat(scanner.pings()).isEqualTo(stream.pings);
            assertThat(scanner.pongs()).isEqualTo(stream.pongs);
            assertThat(scanner.isClosed()).isFalse();
            assertThat(scanner.closeCode()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"1000, going", "4999, ''", "1011, a reason of many words"})
    void theCodeOfACloseFrame(int code, String reason) {
        byte[] words = reason.getBytes(UTF_8);
        byte[] payload = ByteBuffer.allocate(2 + words.length)
                .putShort((short) code)
                .put(words)
                .array();
        for (boolean masked : new boolean[] {true, false}) {
            Stream stream = new Stream(new Random(code), masked);
            stream.message();
            stream.frame(0x88, payload);
            byte[] all = stream.bytes.toByteArray();
            for (int piece = 1; piece < 5; piece++) {
                FrameScanner scanner = new FrameScanner(masked, FrameRules.NONE);
                for (int at = 0; at < all.length; at += piece) {
                    assertThat(scanner.isClosed()).isFalse();
                    assertThat(scanner.closeCode()).isZero();
                    scanner.scan(ByteBuffer.wrap(all, at, Math.min(piece, all.length - at)));
                }
                assertThat(scanner.isClosed()).isTrue();
                assertThat(scanner.closeCode()).isEqualTo(code);
                assertThat(scanner.atBoundary()).as("nothing goes behind it").isFalse();
                scanner.scan(ByteBuffer.wrap(new byte[] {(byte) 0xff, 0}));
                assertThat(scanner.fault()).as("what follows is not looked at").isNull();
            }
        }
    }

    @Test
    void aCloseFrameWithoutACode() {
        FrameScanner scanner = scanned(false, "88 00");
        assertThat(scanner.isClosed()).isTrue();
        assertThat(scanner.closeCode()).isEqualTo(FrameScanner.NO_CODE);
    }

    @ParameterizedTest
    @CsvSource({
        "false, 83 00, a reserved opcode",
        "false, 8b 00, a reserved opcode",
        "false, 09 00, a control frame in fragments",
        "false, 80 00, a continuation of nothing",
        "false, 01 00 01 00, a message within a message",
        "false, 81 80 00 00 00 00, a server's frame with a mask",
        "true, 81 00, a client's frame without a mask",
        "false, 89 7e 00 7e, a control frame of more than 125 bytes",
        "false, 81 7e 00 7d, a length in more bytes than it needs",
        "false, 81 7f 00 00 00 00 00 00 ff ff, a length in more bytes than it needs",
        "false, 81 7f 80 00 00 00 00 00 00 00, a length of more than 63 bits"
    })
    void aBreachOfTheRulesEndsTheScan(boolean masked, String bytes, String fault) {
        FrameScanner scanner = scanned(masked, bytes + " 81 00");
        assertThat(scanner.fault()).isEqualTo(fault);
        assertThat(scanner.atBoundary()).isFalse();
        assertThat(scanner.messages()).isZero();
    }

    @Test
    void theLongestFrameOfAllIsFollowedLikeAnyOther() {
        FrameScanner scanner = scanned(false, "82 7f 7f ff ff ff ff ff ff ff 00 00 00");
        assertThat(scanner.fault()).isNull();
        assertThat(scanner.atBoundary()).isFalse();
        assertThat(scanner.frames()).isZero();
    }

    private static FrameScanner scanned(boolean masked, String hex) {
        FrameScanner scanner = new FrameScanner(masked, FrameRules.NONE);
        scanner.scan(ByteBuffer.wrap(HexFormat.ofDelimiter(" ").parseHex(hex)));
        return scanner;
    }
}
