package io.fairlead.suite.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HixieHandshakeTest {

    private static int number(String key) {
        long digits = Long.parseLong(key.replaceAll("[^0-9]", ""));
        long spaces = key.chars().filter(c -> c == ' ').count();
        assertThat(digits % spaces).as(key).isZero();
        return (int) (digits / spaces);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void theAnswerIsWhatAServerComputes(long seed) throws Exception {
        HixieHandshake handshake = new HixieHandshake(seed);
        for (String key : new String[] {handshake.key1(), handshake.key2()}) {
            assertThat(key)
                    .matches("[!-~].*[!-~]")
                    .containsPattern(" {2}")
                    .containsPattern("[^0-9 ]")
                    .containsPattern("[0-9]");
        }
        assertThat(handshake.answer())
                .isEqualTo(MessageDigest.getInstance("MD5")
                        .digest(ByteBuffer.allocate(16)
                                .putInt(number(handshake.key1()))
                                .putInt(number(handshake.key2()))
                                .put(handshake.key3())
                                .array()));
    }
}
