package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AnswersTest {

    @Test
    void aClientCannotWriteLinesIntoTheLog() {
        assertThat(Answers.clean("/a\r\n2026 ERROR forged\t\u001b[2J\u0085\u2028"))
                .isEqualTo("/a\\u000d\\u000a2026 ERROR forged\\u0009\\u001b[2J\\u0085\\u2028");
        assertThat(Answers.clean("/plain/é?")).isEqualTo("/plain/é?");
        assertThat(Answers.clean(null)).isEmpty();
    }

    @Test
    void requestIdsDiffer() {
        assertThat(Answers.id()).matches("[0-9a-f]{16}").isNotEqualTo(Answers.id());
    }
}
