package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RendezvousTest {

    private static final int KEYS = 40_000;

    private static long key(int number) {
        return Rendezvous.hash("session-" + number);
    }

    @Test
    void hashesAreTheSameInEveryJvm() {
        // FNV-1a of the UTF-16 bytes, low first, then SplitMix64's finalizer; computed elsewhere.
        assertThat(Rendezvous.hash("")).isEqualTo(0xf52a15e9a9b5e89bL);
        assertThat(Rendezvous.hash("b0:80")).isEqualTo(0x4f9b673e6f9d5357L);
        assertThat(Rendezvous.hash("\u20ac")).isEqualTo(0xfc2e25f13003cd15L);
    }

    @Test
    void theOrderOfTheListHasNoPartInIt() {
        List<Backend> all = Some.backends(7);
        List<Backend> shuffled = new ArrayList<>(all);
        Collections.shuffle(shuffled, new Random(1));
        for (int i = 0; i < 1000; i++) {
            assertThat(Rendezvous.first(key(i), shuffled)).isSameAs(Rendezvous.first(key(i), all));
            assertThat(Rendezvous.order(key(i), shuffled)).isEqualTo(Rendezvous.order(key(i), all));
        }
    }

    @Test
    void theOrderBeginsWithTheFirstAndHasAll() {
        List<Backend> all = Some.backends(5);
        for (int i = 0; i < 1000; i++) {
            List<Backend> order = Rendezvous.order(key(i), all);
            assertThat(order).containsExactlyInAnyOrderElementsOf(all);
            assertThat(order.get(0)).isSameAs(Rendezvous.first(key(i), all));
            // Without the first, the second is.
            assertThat(Rendezvous.first(key(i), order.subList(1, 5))).isSameAs(order.get(1));
        }
    }

    @Test
    void whoComesTakesOnlyItsOwnShareAndWhoGoesLeavesOnlyItsOwn() {
        List<Backend> five = Some.backends(5);
        List<Backend> four = five.subList(0, 4);
        Backend fifth = five.get(4);
        int moved = 0;
        for (int i = 0; i < KEYS; i++) {
            Backend before = Rendezvous.first(key(i), four);
            Backend after = Rendezvous.first(key(i), five);
            if (after != before) {
                assertThat(after).isSameAs(fifth);
                moved++;
            }
        }
        assertThat((double) moved / KEYS).isCloseTo(0.2, within(0.01));
    }

    @Test
    void weightsAreKept() {
        List<Backend> all = List.of(Some.backend("a", 1), Some.backend("b", 2), Some.backend("c", 5));
        Map<Backend, Integer> counts = new HashMap<>();
        for (int i = 0; i < KEYS; i++) {
            counts.merge(Rendezvous.first(key(i), all), 1, Integer::sum);
        }
        for (Backend backend : all) {
            double expected = KEYS * backend.weight() / 8.0;
            assertThat(counts.getOrDefault(backend, 0) / expected)
                    .as("%s", backend)
                    .isCloseTo(1, within(0.05));
        }
    }
}
