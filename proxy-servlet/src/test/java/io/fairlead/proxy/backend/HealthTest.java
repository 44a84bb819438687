package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.proxy.backend.Health.Event;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HealthTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private static Event event(char letter) {
        return switch (letter) {
            case 's' -> Event.USE_SUCCEEDED;
            case 'f' -> Event.USE_FAILED;
            case '+' -> Event.PROBE_SUCCEEDED;
            case '-' -> Event.PROBE_FAILED;
            default -> throw new IllegalArgumentException(String.valueOf(letter));
        };
    }

    private static Health after(String events, HealthRules rules) {
        Health health = Health.assumed(false, 0);
        long now = 0;
        for (char letter : events.toCharArray()) {
            health = health.next(event(letter), rules, ++now);
        }
        return health;
    }

    /** s and f: a use succeeded, or failed. Three failures take a backend down. */
    @ParameterizedTest
    @CsvSource({
        "'', true, 0, 0",
        "s, true, 0, 0",
        "ff, true, 2, 0",
        "ffs, true, 0, 0",
        "ffsff, true, 2, 0",
        "fff, false, 0, 3",
        "ffff, false, 0, 4",
        "fffs, true, 0, 4",
        "fffsff, true, 2, 4",
        "fffsfff, false, 0, 7"
    })
    void usesAlone(String events, boolean up, int fails, long since) {
        Health health = after(events, Some.PASSIVE);
        assertThat(health.up()).isEqualTo(up);
        assertThat(health.fails()).isEqualTo(fails);
        assertThat(health.sinceNanos()).isEqualTo(since);
    }

    /** + and -: a probe succeeded, or failed. Three failures take a backend down, two successes bring it back. */
    @ParameterizedTest
    @CsvSource({
        "+, true, 0",
        "--, true, 2",
        "--+, true, 0",
        "--+--, true, 2",
        "---, false, 0",
        "---+, false, 1",
        "---+-, false, 0",
        "---+-+, false, 1",
        "---++, true, 0",
        // Uses take it down, too, but they don't bring it back.
        "fff, false, 0",
        "fffs, false, 0",
        "fff+s, false, 1",
        "fff+f, false, 1",
        "fff++, true, 0",
        // Neither forgets what the other counts.
        "-f-f, true, 2",
        "-f-f-, false, 0",
        "f-f-f, false, 0",
        "--s-, false, 0",
        "ff+f, false, 0"
    })
    void usesAndProbes(String events, boolean up, int probes) {
        Health health = after(events, Some.PROBED);
        assertThat(health.up()).isEqualTo(up);
        assertThat(health.probes()).isEqualTo(probes);
    }

    @Test
    void whatChangesNothingGivesTheSame() {
        Health up = Health.assumed(false, 0);
        assertThat(up.next(Event.USE_SUCCEEDED, Some.PASSIVE, 1)).isSameAs(up);
        assertThat(up.next(Event.PROBE_SUCCEEDED, Some.PROBED, 1)).isSameAs(up);
        Health down = after("---", Some.PROBED);
        assertThat(down.next(Event.PROBE_FAILED, Some.PROBED, 9)).isSameAs(down);
        assertThat(down.next(Event.USE_FAILED, Some.PROBED, 9)).isSameAs(down);
        assertThat(down.next(Event.USE_SUCCEEDED, Some.PROBED, 9)).isSameAs(down);
    }

    @Test
    void withoutMaxFailsUsesTakeNobodyDown() {
        HealthRules never = new HealthRules(0, Duration.ofSeconds(10), false, 2, 3, Duration.ZERO);
        assertThat(after("f".repeat(50), never).up()).isTrue();
    }

    @Test
    void aTrialIsDueWhenFailTimeoutIsOver() {
        Health down = after("fff", Some.PASSIVE);
        assertThat(down.isTrialDue(Some.PASSIVE, 3 + 10 * SECOND - 1, 1)).isFalse();
        assertThat(down.isTrialDue(Some.PASSIVE, 3 + 10 * SECOND, 1)).isTrue();
        assertThat(down.isTrialDue(Some.PASSIVE, 3 + 30 * SECOND - 1, 3)).isFalse();
        assertThat(down.isTrialDue(Some.PASSIVE, 3 + 30 * SECOND, 3)).isTrue();
        assertThat(down.isTrialDue(Some.PROBED, 3 + 10 * SECOND, 1))
                .as("for probes to say")
                .isFalse();
        Health stillDown = down.next(Event.USE_FAILED, Some.PASSIVE, 11 * SECOND);
        assertThat(stillDown.isTrialDue(Some.PASSIVE, 20 * SECOND, 1)).isFalse();
        assertThat(stillDown.isTrialDue(Some.PASSIVE, 21 * SECOND, 1)).isTrue();
        assertThat(Health.assumed(false, 0).isTrialDue(Some.PASSIVE, 99 * SECOND, 1))
                .isFalse();
    }

    @Test
    void theShareOfWhoComesBackGrowsOverSlowStart() {
        HealthRules slow = new HealthRules(3, Duration.ofSeconds(10), false, 2, 3, Duration.ofSeconds(20));
        Health back = after("fff", slow).next(Event.USE_SUCCEEDED, slow, 100 * SECOND);
        assertThat(back.share(slow, 100 * SECOND)).isEqualTo(0.1);
        assertThat(back.share(slow, 102 * SECOND)).isCloseTo(0.1, within(1e-9));
        assertThat(back.share(slow, 105 * SECOND)).isCloseTo(0.25, within(1e-9));
        assertThat(back.share(slow, 119 * SECOND)).isCloseTo(0.95, within(1e-9));
        assertThat(back.share(slow, 120 * SECOND)).isEqualTo(1);
        assertThat(back.share(Some.PASSIVE, 100 * SECOND))
                .as("without slowStart")
                .isEqualTo(1);
    }

    @Test
    void whoIsThereFromTheStartHasItsShareAtOnceAndWhoComesLaterHasNot() {
        HealthRules slow = new HealthRules(3, Duration.ofSeconds(10), false, 2, 3, Duration.ofSeconds(20));
        assertThat(Health.assumed(false, 0).share(slow, 0)).isEqualTo(1);
        assertThat(Health.assumed(true, 0).share(slow, 10 * SECOND)).isCloseTo(0.5, within(1e-9));
    }
}
