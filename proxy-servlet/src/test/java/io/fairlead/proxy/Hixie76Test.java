package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Hixie76Test {

    @ParameterizedTest
    @ValueSource(strings = {"4 @1  46546xW%0l 1 5", "12998 5 Y3 1  .P00", "x 0", "4294967295 ", "1   2"})
    void keysThatAClientCanHaveMade(String key) {
        assertThat(Hixie76.arePossible(List.of(key))).isTrue();
    }

    /** Without a space, not divided by the spaces, or beyond 32 bits. */
    @ParameterizedTest
    @ValueSource(strings = {"", "12", "1  1", "4 @1 46546xW%0l 1 5", "4294967296 ", "99999999999999999999 "})
    void keysThatTheWayHasChanged(String key) {
        assertThat(Hixie76.arePossible(List.of("x 0", key))).isFalse();
    }
}
