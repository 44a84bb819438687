package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class SessionTableTest {

    private static final long LIFE = 1000;

    private final Backend a = Some.backend("a", 1);
    private final Backend b = Some.backend("b", 1);

    private static SessionTable table(int capacity) {
        return new SessionTable(capacity, Duration.ofNanos(LIFE));
    }

    @Test
    void whatIsRememberedIsFoundAndWhatIsForgottenIsNot() {
        SessionTable table = table(10);
        assertThat(table.find("s", 0)).isNull();
        table.remember("s", a, 0);
        assertThat(table.find("s", 1)).isSameAs(a);
        table.forget("s");
        table.forget("s");
        assertThat(table.find("s", 2)).isNull();
        assertThat(table.size()).isZero();
        assertThat(a.sessions()).isZero();
    }

    @Test
    void beyondTheCapacityTheLeastRecentlyUsedIsForgotten() {
        SessionTable table = table(3);
        table.remember("1", a, 1);
        table.remember("2", a, 2);
        table.remember("3", b, 3);
        assertThat(table.find("1", 4)).isSameAs(a);
        table.remember("4", b, 5);
        assertThat(table.size()).isEqualTo(3);
        assertThat(table.find("2", 6)).isNull();
        assertThat(table.find("1", 6)).isSameAs(a);
        table.remember("1", a, 7);
        assertThat(table.size()).isEqualTo(3);
        assertThat(table.find("3", 8)).isSameAs(b);
    }

    @Test
    void whatIsNotUsedForALifeIsForgottenAndAUseProlongsIt() {
        SessionTable table = table(10);
        table.remember("s", a, 0);
        assertThat(table.find("s", LIFE)).isSameAs(a);
        assertThat(table.find("s", 2 * LIFE)).isSameAs(a);
        assertThat(table.find("s", 3 * LIFE + 1)).isNull();
        assertThat(a.sessions()).isZero();
    }

    @Test
    void newSessionsSweepOldOnesAway() {
        SessionTable table = table(100);
        for (int i = 0; i < 10; i++) {
            table.remember("old" + i, a, i);
        }
        for (int i = 0; i < 10; i++) {
            table.remember("new" + i, b, 5 * LIFE);
        }
        assertThat(table.size()).isEqualTo(10);
        assertThat(a.sessions()).isZero();
        assertThat(b.sessions()).isEqualTo(10);
    }

    @Test
    void eachBackendKnowsHowManyItHas() {
        SessionTable table = table(3);
        table.remember("1", a, 0);
        table.remember("2", a, 0);
        table.remember("2", a, 1);
        assertThat(a.sessions()).isEqualTo(2);
        table.remember("2", b, 2);
        assertThat(a.sessions()).isOne();
        assertThat(b.sessions()).isOne();
        table.remember("3", b, 3);
        table.remember("4", b, 4);
        assertThat(a.sessions()).as("the eldest was its").isZero();
        assertThat(b.sessions()).isEqualTo(3);
    }

    @Test
    void aBackendThatIsRemovedHasNone() {
        SessionTable table = table(3);
        table.remember("1", a, 0);
        a.removed();
        assertThat(table.find("1", 1)).isNull();
        assertThat(table.size()).isZero();
    }

    @Test
    void noCapacityNoSessions() {
        SessionTable table = table(0);
        table.remember("1", a, 0);
        assertThat(table.find("1", 0)).isNull();
        assertThat(a.sessions()).isZero();
    }
}
