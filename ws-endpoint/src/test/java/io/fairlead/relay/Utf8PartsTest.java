package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8PartsTest {

    private static final String TEXT = "aé€😀\uD83D\uDE00z".repeat(20);

    @Test
    void partsThatEndWithinACharacterGiveTheSameText() throws Breach {
        byte[] bytes = TEXT.getBytes(StandardCharsets.UTF_8);
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Utf8Parts parts = new Utf8Parts();
        for (int round = 0; round < 200; round++) {
            StringBuilder heard = new StringBuilder();
            int at = 0;
            while (at < bytes.length) {
                int end = Math.min(bytes.length, at + random.nextInt(6));
                String text = parts.decode(ByteBuffer.wrap(bytes, at, end - at), end == bytes.length);
                assertThat(text.isEmpty() || !Character.isHighSurrogate(text.charAt(text.length() - 1)))
                        .as("seed %d", seed)
                        .isTrue();
                heard.append(text);
                at = end;
            }
            assertThat(heard).as("seed %d", seed).hasToString(TEXT);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"c328", "c0af", "eda080", "f4908080", "80", "ff", "f5808080", "e28228"})
    void whatIsNoTextIs1007(String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex);
        assertThatExceptionOfType(Breach.class)
                .isThrownBy(() -> new Utf8Parts().decode(ByteBuffer.wrap(bytes), true))
                .satisfies(breach -> assertThat(breach.code()).isEqualTo(1007));
        Utf8Parts parts = new Utf8Parts();
        assertThatExceptionOfType(Breach.class).isThrownBy(() -> {
            for (int i = 0; i < bytes.length; i++) {
                parts.decode(ByteBuffer.wrap(bytes, i, 1), i == bytes.length - 1);
            }
        });
    }

    @Test
    void aMessageThatEndsWithinACharacterIs1007() {
        assertThatExceptionOfType(Breach.class)
                .isThrownBy(() -> new Utf8Parts().decode(ByteBuffer.wrap(new byte[] {(byte) 0xe2, (byte) 0x82}), true));
    }

    @Test
    void aPairOfSurrogatesIsNotCut() {
        SurrogateParts parts = new SurrogateParts();
        assertThat(parts.join("a\uD83D", false)).isEqualTo("a");
        assertThat(parts.join("", false)).isEmpty();
        assertThat(parts.join("\uDE00b", true)).isEqualTo("😀b");
        assertThat(parts.join("next", true)).isEqualTo("next");
    }
}
