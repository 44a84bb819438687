package io.fairlead.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UndertowAdapterTest {

    private static final String HEAD =
            String.join("\r\n", "GET / HTTP/1.1", "X-Key: other  one", "x-key:  a  b   c ", "X-Keys: a  b  c", "", "");

    @Test
    void theValueIsTheOneThatTheServerShowsButForItsSpaces() {
        assertThat(UndertowAdapter.valueIn(HEAD, "X-Key", "a b c")).isEqualTo("a  b   c");
    }

    @Test
    void anythingElseStaysAsTheServerShowsIt() {
        assertThat(UndertowAdapter.valueIn(HEAD, "X-Key", "a b")).isEqualTo("a b");
        assertThat(UndertowAdapter.valueIn(HEAD, "Y-Key", "a b c")).isEqualTo("a b c");
        assertThat(UndertowAdapter.valueIn("", "X-Key", "a b c")).isEqualTo("a b c");
    }
}
