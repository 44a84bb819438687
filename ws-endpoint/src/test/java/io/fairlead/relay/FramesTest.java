package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link FrameReader} and {@link FrameWriter}. */
class FramesTest {

    /** Writes down what it is told, messages joined. */
    private static final class Heard implements FrameReader.Sink {

        private final List<String> all = new ArrayList<>();
        private final ByteArrayOutputStream message = new ByteArrayOutputStream();
        private int largest;

        @Override
        public void message(Message part) {
            largest = Math.max(largest, part.bytes().remaining());
            byte[] bytes = new byte[part.bytes().remaining()];
            part.bytes().get(bytes);
            message.writeBytes(bytes);
            if (part.isLast()) {
                byte[] whole = message.toByteArray();
                message.reset();
                all.add(
                        part.isText()
                                ? "text " + new String(whole, StandardCharsets.UTF_8)
                                : "binary " + HexFormat.of().formatHex(whole));
            }
        }

        @Override
        public void ping(ByteBuffer payload) {
            all.add("ping " + StandardCharsets.UTF_8.decode(payload));
        }

        @Override
        public void pong(ByteBuffer payload) {
            all.add("pong " + StandardCharsets.UTF_8.decode(payload));
        }

        @Override
        public void close(int code, String reason) {
            all.add("close " + code + " " + reason);
        }
    }

    private static List<String> read(String hex, Deflate.@Nullable Inflation inflation) throws Breach {
        Heard heard = new Heard();
        FrameReader reader = new FrameReader(inflation, heard);
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
        while (reader.step(bytes)) {}
        return heard.all;
    }

    @ParameterizedTest
    @CsvSource({
        "8105 48656c6c6f, text Hello",
        "0103 48656c 8002 6c6f, text Hello",
        "0102 e282 8001 ac, text €",
        "8203 010203, binary 010203",
        "8200, 'binary '",
        "8902 6869, ping hi",
        "8a02 6869, pong hi",
        "8800, 'close 1005 '",
        "8805 03e8 627965, close 1000 bye",
        "8802 1387, 'close 4999 '"
    })
    void framesBecomeMessages(String hex, String heard) throws Breach {
        assertThat(read(hex, null)).containsExactly(heard);
    }

    @Test
    void aControlFrameBetweenFragmentsIsToldAtOnce() throws Breach {
        assertThat(read("0103 48656c 8902 6869 8002 6c6f", null)).containsExactly("ping hi", "text Hello");
    }

    @ParameterizedTest
    @CsvSource({
        "c105 48656c6c6f, 1002",
        "a105 48656c6c6f, 1002",
        "8102 c328, 1007",
        "8101 e2, 1007",
        "8801 03, 1002",
        "8802 03ed, 1002",
        "8802 03ee, 1002",
        "8802 03f7, 1002",
        "8802 03e7, 1002",
        "8804 03e8 c328, 1007"
    })
    void whatAFrameMayNotHoldIsABreach(String hex, int code) {
        assertThatExceptionOfType(Breach.class)
                .isThrownBy(() -> read(hex, null))
                .satisfies(breach -> assertThat(breach.code()).isEqualTo(code));
    }

    @Test
    void aCompressedMessageInFragments() throws Breach {
        try (Deflate.Inflation inflation = new Deflate.Inflation(new Deflate(true, true))) {
            assertThat(read("4103 f248cd 8004 c9c90700", inflation)).containsExactly("text Hello");
        }
        try (Deflate.Inflation inflation = new Deflate.Inflation(new Deflate(true, true))) {
            // The second one refers to the first; an uncompressed one is between them.
            assertThat(read("c107 f248cdc9c90700 8102 6869 c105 f200110000", inflation))
                    .containsExactly("text Hello", "text hi", "text Hello");
        }
    }

    @Test
    void aBitOfCompressionWithinAMessageIsABreach() {
        try (Deflate.Inflation inflation = new Deflate.Inflation(new Deflate(true, true))) {
            assertThatExceptionOfType(Breach.class).isThrownBy(() -> read("4103 f248cd c004 c9c90700", inflation));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125, 126, 65_535, 65_536, 300_000})
    void whatIsWrittenReadsTheSameInAnyPieces(int length) throws Breach {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        byte[] content = new byte[length];
        random.nextBytes(content);
        ByteBuffer frame = new FrameWriter(null).message(Message.of(ByteBuffer.wrap(content)));
        ByteBuffer plain = unmasked(frame);
        Heard heard = new Heard();
        FrameReader reader = new FrameReader(null, heard);
        while (plain.hasRemaining()) {
            int next = 1 + random.nextInt(Math.min(plain.remaining(), 70_000));
            ByteBuffer piece = plain.slice(plain.position(), next);
            plain.position(plain.position() + next);
            while (reader.step(piece)) {}
        }
        assertThat(heard.all)
                .as("seed %d", seed)
                .containsExactly("binary " + HexFormat.of().formatHex(content));
        assertThat(heard.largest).isLessThanOrEqualTo(FrameReader.PART);
    }

    @Test
    void partsBecomeFragments() {
        FrameWriter writer = new FrameWriter(null);
        assertThat(HexFormat.of()
                        .formatHex(unmasked(writer.message(Message.of("Hel", true, false)))
                                .array()))
                .isEqualTo("010348656c");
        assertThat(HexFormat.of()
                        .formatHex(unmasked(writer.message(Message.of("", false, false)))
                                .array()))
                .isEqualTo("0000");
        assertThat(HexFormat.of()
                        .formatHex(unmasked(writer.message(Message.of("lo", false, true)))
                                .array()))
                .isEqualTo("80026c6f");
        assertThat(HexFormat.of().formatHex(unmasked(writer.close(1001, "x")).array()))
                .isEqualTo("880303e978");
        assertThat(HexFormat.of().formatHex(unmasked(writer.close(1005, "")).array()))
                .isEqualTo("8800");
    }

    /** A client's frame as a server's. */
    private static ByteBuffer unmasked(ByteBuffer frame) {
        byte first = frame.get();
        int length = frame.get();
        assertThat(length & 0x80).as("mask bit").isEqualTo(0x80);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(first);
        out.write(length & 0x7f);
        int more = (length & 0x7f) < 126 ? 0 : (length & 0x7f) == 126 ? 2 : 8;
        for (int i = 0; i < more; i++) {
            out.write(frame.get());
        }
        byte[] mask = new byte[4];
        frame.get(mask);
        for (int i = 0; frame.hasRemaining(); i++) {
            out.write(frame.get() ^ mask[i & 3]);
        }
        return ByteBuffer.wrap(out.toByteArray());
    }
}
