package io.fairlead.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ScenarioTest {

    private static List<String> named(String text) {
        return Scenario.all().stream()
                .filter(scenario -> scenario.isNamed(text))
                .map(Scenario::name)
                .toList();
    }

    @Test
    void namesTellScenariosApart() {
        assertThat(Scenario.all().stream().map(Scenario::name))
                .doesNotHaveDuplicates()
                .contains("ws-64B-c64", "wss-64KiB-c1000", "http-100KiB-c1", "handshake", "tls-idle");
    }

    @Test
    void aNameOrItsBeginningChooses() {
        assertThat(named("ws-64B-c1")).containsExactly("ws-64B-c1");
        assertThat(named("ws-64B")).containsExactly("ws-64B-c1", "ws-64B-c64", "ws-64B-c1000");
        assertThat(named("tls")).containsExactly("tls-handshake", "tls-idle");
        assertThat(named("ws-6")).isEmpty();
    }
}
