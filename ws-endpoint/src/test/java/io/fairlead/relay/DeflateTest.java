package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeflateTest {

    private static byte[] inflate(Deflate.Inflation inflation, byte[] frame, boolean last) throws Breach {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        inflation.take(frame);
        for (ByteBuffer piece = inflation.next(last); piece.hasRemaining(); piece = inflation.next(last)) {
            byte[] bytes = new byte[piece.remaining()];
            piece.get(bytes);
            out.writeBytes(bytes);
        }
        return out.toByteArray();
    }

    private static byte[] array(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void whatIsCompressedInflatesToTheSame(boolean context) throws Breach {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Deflate agreed = new Deflate(context, context);
        try (Deflate.Compression compression = new Deflate.Compression(agreed);
                Deflate.Inflation inflation = new Deflate.Inflation(agreed)) {
            for (int i = 0; i < 200; i++) {
                byte[] message = new byte[random.nextInt(4) == 0 ? 0 : random.nextInt(60_000)];
                if (random.nextBoolean()) {
                    random.nextBytes(message);
                }
                ByteArrayOutputStream heard = new ByteArrayOutputStream();
                int at = 0;
                boolean last;
                do {
                    int end = at + random.nextInt(message.length - at + 1);
                    last = random.nextInt(3) == 0;
                    end = last ? message.length : end;
                    byte[] frame = array(compression.compress(ByteBuffer.wrap(message, at, end - at), last));
                    heard.writeBytes(inflate(inflation, frame, last));
                    at = end;
                } while (!last);
                assertThat(heard.toByteArray())
                        .as("seed %d, message %d", seed, i)
                        .isEqualTo(message);
            }
        }
    }

    /** RFC 7692 section 7.2.3. */
    @ParameterizedTest
    @CsvSource({"f248cdc9c90700", "f348cdc9c9070000", "f248050000 00ffffcac9c90700", "000500faff48656c6c6f00"})
    void theSamplesOfTheRfcSayHello(String hex) throws Breach {
        byte[] frame = HexFormat.of().parseHex(hex.replace(" ", ""));
        try (Deflate.Inflation inflation = new Deflate.Inflation(new Deflate(true, true))) {
            assertThat(new String(inflate(inflation, frame, true), StandardCharsets.US_ASCII))
                    .isEqualTo("Hello");
        }
    }

    @Test
    void aShortFrameThatBecomesLongComesInBoundedPieces() throws Breach {
        Deflate agreed = new Deflate(true, true);
        try (Deflate.Compression compression = new Deflate.Compression(agreed);
                Deflate.Inflation inflation = new Deflate.Inflation(agreed)) {
            byte[] zeros = new byte[10_000_000];
            byte[] frame = array(compression.compress(ByteBuffer.wrap(zeros), true));
            assertThat(frame.length).isLessThan(50_000);
            inflation.take(frame);
            assertThat(inflation.next(true).remaining()).isBetween(1, 64 * 1024);
            Arrays.fill(frame, (byte) 0);
        }
    }

    @Test
    void whatIsNoDeflateIs1007() {
        try (Deflate.Inflation inflation = new Deflate.Inflation(new Deflate(true, true))) {
            assertThatExceptionOfType(Breach.class)
                    .isThrownBy(() -> inflate(inflation, new byte[] {(byte) 0xff, (byte) 0xff, 1}, true))
                    .satisfies(breach -> assertThat(breach.code()).isEqualTo(1007));
        }
    }

    @Test
    void theBackendsChoice() {
        assertThat(Deflate.chosen(List.of(), true)).isNull();
        assertThat(Deflate.chosen(List.of(), false)).isNull();
        assertThat(Deflate.chosen(List.of("permessage-deflate"), true)).isEqualTo(new Deflate(true, true));
        assertThat(Deflate.chosen(
                        List.of("permessage-deflate; server_no_context_takeover;client_no_context_takeover"), true))
                .isEqualTo(new Deflate(false, false));
        assertThat(Deflate.chosen(List.of("permessage-deflate; server_max_window_bits=10"), true))
                .isEqualTo(new Deflate(true, true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x-webkit-deflate-frame",
                "permessage-deflate; client_max_window_bits=10",
                "permessage-deflate; server_max_window_bits=16",
                "permessage-deflate; server_max_window_bits",
                "permessage-deflate; server_no_context_takeover=1",
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                "permessage-deflate, permessage-deflate"
            })
    void whatWasNotOfferedIsRefused(String chosen) {
        assertThatIllegalArgumentException().isThrownBy(() -> Deflate.chosen(List.of(chosen), true));
    }

    @Test
    void whereNothingWasOfferedAnyChoiceIsRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> Deflate.chosen(List.of("permessage-deflate"), false));
    }
}
