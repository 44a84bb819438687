package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.proxy.backend.Health.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

class BalancerTest {

    private static final int MANY = 1_000_000;

    private final Backend a = Some.backend("a", 5);
    private final Backend b = Some.backend("b", 1);
    private final Backend c = Some.backend("c", 1);
    private final List<Backend> all = List.of(a, b, c);

    private static Balancer balancer(Balance balance) {
        return new Balancer(balance, Some.PASSIVE, new SplittableRandom(42));
    }

    private static String sequence(Balancer balancer, List<Backend> candidates, int length) {
        StringBuilder hosts = new StringBuilder();
        for (int i = 0; i < length; i++) {
            hosts.append(balancer.choose(candidates, 0, 0).host());
        }
        return hosts.toString();
    }

    private static void load(Backend backend, int requests, int tunnels) {
        for (int i = 0; i < requests + tunnels; i++) {
            assertThat(backend.take(MANY)).isTrue();
        }
        for (int i = 0; i < tunnels; i++) {
            backend.becomesTunnel();
        }
    }

    // ---- roundrobin

    @Test
    void roundRobinMixesWeightsAsNginxDoes() {
        assertThat(sequence(balancer(Balance.ROUNDROBIN), all, 14)).isEqualTo("aabacaa" + "aabacaa");
    }

    @Test
    void equalWeightsTakeTurns() {
        assertThat(sequence(balancer(Balance.ROUNDROBIN), List.of(b, c, Some.backend("d", 1)), 6))
                .isEqualTo("bcdbcd");
    }

    @Test
    void oneThatIsLeftOutAWhileDoesNotCatchUp() {
        Balancer balancer = balancer(Balance.ROUNDROBIN);
        List<Backend> equal = List.of(b, c);
        sequence(balancer, equal, 2);
        sequence(balancer, List.of(b), 50);
        assertThat(sequence(balancer, equal, 4)).isEqualTo("bcbc");
    }

    @Test
    void oneThatComesBackHasATenthAtFirst() {
        HealthRules slow = new HealthRules(1, Duration.ofSeconds(1), false, 2, 3, Duration.ofSeconds(10));
        Balancer balancer = new Balancer(Balance.ROUNDROBIN, slow, null);
        assertThat(b.note(Event.USE_FAILED, slow, 0, 0)).isNegative();
        assertThat(b.note(Event.USE_SUCCEEDED, slow, 0, 0)).isPositive();
        String first = sequence(balancer, List.of(b, c), 110);
        assertThat(first.chars().filter(host -> host == 'b').count()).isEqualTo(10);
        StringBuilder later = new StringBuilder();
        for (int i = 0; i < 100; i++) {
            later.append(
                    balancer.choose(List.of(b, c), 0, Duration.ofSeconds(10).toNanos())
                            .host());
        }
        assertThat(later.chars().filter(host -> host == 'b').count()).isEqualTo(50);
    }

    // ---- leastconn

    @Test
    void leastConnGoesWhereTheLeastIsUnderWayRequestsAndTunnels() {
        Backend d = Some.backend("d", 1);
        List<Backend> equal = List.of(b, c, d);
        load(b, 2, 0);
        load(c, 0, 3);
        load(d, 1, 0);
        assertThat(sequence(balancer(Balance.LEASTCONN), equal, 3)).isEqualTo("ddd");
        load(d, 1, 1);
        assertThat(sequence(balancer(Balance.LEASTCONN), equal, 3)).isEqualTo("bbb");
    }

    @Test
    void leastConnWeighsTheLoad() {
        // (4 + 1) / 5 against 1 / 1: equal.
        load(a, 4, 0);
        assertThat(sequence(balancer(Balance.LEASTCONN), List.of(a, b), 6))
                .contains("a")
                .contains("b");
        load(a, 1, 0);
        assertThat(sequence(balancer(Balance.LEASTCONN), List.of(a, b), 3)).isEqualTo("bbb");
        load(b, 1, 0);
        assertThat(sequence(balancer(Balance.LEASTCONN), List.of(a, b), 3)).isEqualTo("aaa");
    }

    @Test
    void leastConnTakesTurnsAmongEquals() {
        assertThat(sequence(balancer(Balance.LEASTCONN), List.of(b, c), 4)).isEqualTo("bcbc");
    }

    // ---- random

    @Test
    void randomTakesTheLessLoadedOfTwo() {
        List<Backend> equal = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            equal.add(Some.backend("n" + i, 1));
        }
        Backend busy = equal.get(2);
        load(busy, 9, 0);
        Balancer balancer = balancer(Balance.RANDOM);
        Map<Backend, Integer> counts = new HashMap<>();
        for (int i = 0; i < 16_000; i++) {
            counts.merge(balancer.choose(equal, 0, 0), 1, Integer::sum);
        }
        // Only when both draws are it: 1/16. The others share the rest.
        assertThat(counts.getOrDefault(busy, 0) / 16_000.0).isCloseTo(1 / 16.0, within(0.01));
        assertThat(counts.getOrDefault(equal.get(0), 0) / 16_000.0).isCloseTo(5 / 16.0, within(0.02));
    }

    @Test
    void randomDrawsByWeight() {
        Map<Backend, Integer> counts = new HashMap<>();
        // The first draw decides between those whose load is the same for their weight.
        load(a, 4, 0);
        Balancer balancer = balancer(Balance.RANDOM);
        for (int i = 0; i < 14_000; i++) {
            counts.merge(balancer.choose(all, 0, 0), 1, Integer::sum);
        }
        assertThat(counts.getOrDefault(a, 0) / 14_000.0).isCloseTo(5 / 7.0, within(0.02));
    }

    @Test
    void aDrawAtTheVeryEndStillFindsOne() {
        RandomGenerator last = new RandomGenerator() {
            @Override
            public long nextLong() {
                return -1;
            }
        };
        assertThat(new Balancer(Balance.RANDOM, Some.PASSIVE, last).choose(all, 0, 0))
                .isSameAs(c);
    }

    // ---- by hash

    @Test
    void sourceAndUriGoByTheKey() {
        for (Balance balance : List.of(Balance.SOURCE, Balance.URI)) {
            for (int i = 0; i < 100; i++) {
                long key = Rendezvous.hash("key" + i);
                assertThat(balancer(balance).choose(all, key, 0)).isSameAs(Rendezvous.first(key, all));
            }
        }
    }

    @Test
    void oneCandidateIsTheChoice() {
        for (Balance balance : Balance.values()) {
            assertThat(balancer(balance).choose(List.of(b), 7, 0)).isSameAs(b);
        }
    }
}
