package io.fairlead.proxy.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class LimitsTest {

    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE - TimeUnit.SECONDS.toNanos(2));

    private Limits limits(int maxTunnels, int maxTunnelsPerAddress, double rate, int maxHandshakes) {
        return new Limits(new LimitSettings(maxTunnels, maxTunnelsPerAddress, rate, maxHandshakes), clock::get, 65_536);
    }

    private static Admission admitted(Limits limits, String address) {
        Decision decision = limits.admit(address);
        assertThat(decision).isInstanceOf(Admission.class);
        return (Admission) decision;
    }

    private static void assertRefused(Limits limits, String address, Limit limit, int retryAfter) {
        int tunnels = limits.tunnels();
        int handshakes = limits.handshakes();
        assertThat(limits.admit(address)).isEqualTo(new Refusal(limit, retryAfter));
        assertThat(limits.tunnels()).isEqualTo(tunnels);
        assertThat(limits.handshakes()).isEqualTo(handshakes);
    }

    private void passSeconds(double seconds) {
        clock.addAndGet((long) (seconds * 1e9));
    }

    @Test
    void tunnelsCountFromTheirHandshakeToTheirEnd() {
        Limits limits = limits(2, 0, 0, 0);
        Admission first = admitted(limits, "a");
        Admission second = admitted(limits, "b");
        assertRefused(limits, "c", Limit.MAX_TUNNELS, 1);
        first.opened();
        assertRefused(limits, "c", Limit.MAX_TUNNELS, 1);
        first.close();
        Admission third = admitted(limits, "c");
        assertRefused(limits, "d", Limit.MAX_TUNNELS, 1);
        second.close();
        third.close();
        assertThat(limits.tunnels()).isZero();
        assertThat(limits.handshakes()).isZero();
    }

    @Test
    void handshakesCountUntilTheTunnelIsOpenOrNeverWillBe() {
        Limits limits = limits(0, 0, 0, 2);
        Admission first = admitted(limits, "a");
        Admission second = admitted(limits, "a");
        assertRefused(limits, "a", Limit.MAX_HANDSHAKES, 1);
        first.opened();
        first.opened();
        Admission third = admitted(limits, "a");
        assertRefused(limits, "a", Limit.MAX_HANDSHAKES, 1);
        second.close();
        admitted(limits, "a");
        assertRefused(limits, "a", Limit.MAX_HANDSHAKES, 1);
        first.close();
        assertRefused(limits, "a", Limit.MAX_HANDSHAKES, 1);
        third.close();
        third.opened();
        assertThat(limits.handshakes()).isOne();
    }

    @Test
    void tunnelsOfOneAddressCountApart() {
        Limits limits = limits(0, 2, 0, 0);
        Admission first = admitted(limits, "a");
        first.opened();
        admitted(limits, "a");
        assertRefused(limits, "a", Limit.MAX_TUNNELS_PER_ADDRESS, 1);
        Admission other = admitted(limits, "b");
        first.close();
        admitted(limits, "a");
        assertRefused(limits, "a", Limit.MAX_TUNNELS_PER_ADDRESS, 1);
        other.close();
        assertThat(limits.addresses()).isOne();
    }

    @Test
    void aBurstThenTheRate() {
        Limits limits = limits(0, 0, 5, 0);
        for (int i = 0; i < 5; i++) {
            admitted(limits, "a").close();
        }
        assertRefused(limits, "a", Limit.HANDSHAKE_RATE_PER_ADDRESS, 1);
        admitted(limits, "b");
        passSeconds(0.199);
        assertRefused(limits, "a", Limit.HANDSHAKE_RATE_PER_ADDRESS, 1);
        passSeconds(0.001);
        admitted(limits, "a");
        assertRefused(limits, "a", Limit.HANDSHAKE_RATE_PER_ADDRESS, 1);
        passSeconds(60);
        for (int i = 0; i < 5; i++) {
            admitted(limits, "a");
        }
        assertRefused(limits, "a", Limit.HANDSHAKE_RATE_PER_ADDRESS, 1);
    }

    @Test
    void retryAfterSaysWhenThereIsAToken() {
        Limits limits = limits(0, 0, 0.1, 0);
        admitted(limits, "a");
        assertRefused(limits, "a", Limit.HANDSHAKE_RATE_PER_ADDRESS, 10);
        passSeconds(3.5);
        assertRefused(limits, "a", Limit.HANDSHAKE_RATE_PER_ADDRESS, 7);
        passSeconds(6.5);
        admitted(limits, "a");
    }

    @Test
    void whatAnotherLimitRefusesCostsNoToken() {
        Limits limits = limits(1, 0, 1, 0);
        Admission only = admitted(limits, "a");
        for (int i = 0; i < 3; i++) {
            assertRefused(limits, "b", Limit.MAX_TUNNELS, 1);
        }
        assertThat(limits.addresses()).isOne();
        only.close();
        admitted(limits, "b");
    }

    @Test
    void theClientsOwnDoingIsToldFirst() {
        Limits limits = limits(1, 1, 1, 1);
        admitted(limits, "a");
        assertRefused(limits, "a", Limit.MAX_TUNNELS_PER_ADDRESS, 1);
        assertRefused(limits, "b", Limit.MAX_TUNNELS, 1);
    }

    @Test
    void withoutLimitsPerAddressNoAddressIsKnown() {
        Limits limits = limits(10, 0, 0, 10);
        admitted(limits, "a");
        assertThat(limits.addresses()).isZero();
    }

    @Test
    void zeroIsNoLimit() {
        Limits limits = limits(0, 0, 0, 0);
        for (int i = 0; i < 20_000; i++) {
            admitted(limits, "a");
        }
        assertThat(limits.tunnels()).isEqualTo(20_000);
        assertThat(limits.handshakes()).isEqualTo(20_000);
    }

    /** Against a model, with every admission closed as often as it happens, in any order with the rest. */
    @Test
    void eachAdmissionIsReleasedExactlyOnce() {
        for (long seed = 1; seed <= 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int maxTunnels = random.nextInt(12);
            int perAddress = random.nextInt(4);
            int maxHandshakes = random.nextInt(6);
            Limits limits = limits(maxTunnels, perAddress, 0, maxHandshakes);
            Map<Admission, String> open = new HashMap<>();
            Map<Admission, String> inHandshake = new HashMap<>();
            List<Admission> all = new ArrayList<>();
            for (int step = 0; step < 300; step++) {
                String what = "seed " + seed + ", step " + step;
                int kind = random.nextInt(4);
                if (kind == 0 || all.isEmpty()) {
                    String address = "address " + random.nextInt(5);
                    boolean fits = below(maxTunnels, open.size())
                            && below(maxHandshakes, inHandshake.size())
                            && below(perAddress, (int) open.values().stream()
                                    .filter(address::equals)
                                    .count());
                    if (limits.admit(address) instanceof Admission admission) {
                        assertThat(fits).as(what).isTrue();
                        open.put(admission, address);
                        inHandshake.put(admission, address);
                        all.add(admission);
                    } else {
                        assertThat(fits).as(what).isFalse();
                    }
                } else {
                    // Of any age: most have ended already.
                    Admission admission = all.get(random.nextInt(all.size()));
                    if (kind == 1) {
                        admission.opened();
                    } else {
                        admission.close();
                        open.remove(admission);
                    }
                    inHandshake.remove(admission);
                }
                assertThat(limits.tunnels()).as(what).isEqualTo(open.size());
                assertThat(limits.handshakes()).as(what).isEqualTo(inHandshake.size());
            }
            all.forEach(Admission::close);
            assertThat(limits.tunnels()).isZero();
            assertThat(limits.handshakes()).isZero();
            assertThat(limits.addresses()).isZero();
        }
    }

    private static boolean below(int limit, int count) {
        return limit == 0 || count < limit;
    }

    @Test
    void manyThreadsThatCloseTheSameReleaseItOnce() throws Exception {
        int threads = 4;
        Limits limits = limits(0, 1_000_000, 0, 0);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 300; round++) {
                List<Admission> admissions = new ArrayList<>();
                for (int i = 0; i < 20; i++) {
                    admissions.add(admitted(limits, "address " + i % 3));
                }
                Admission stays = admitted(limits, "address 0");
                CountDownLatch start = new CountDownLatch(1);
                List<Future<?>> work = new ArrayList<>();
                for (int thread = 0; thread < threads; thread++) {
                    boolean opens = thread % 2 == 0;
                    work.add(pool.submit(() -> {
                        start.await();
                        for (Admission admission : admissions) {
                            if (opens) {
                                admission.opened();
                            }
                            admission.close();
                        }
                        return null;
                    }));
                }
                start.countDown();
                for (Future<?> each : work) {
                    each.get(20, TimeUnit.SECONDS);
                }
                assertThat(limits.tunnels()).isOne();
                assertThat(limits.handshakes()).isOne();
                assertThat(limits.addresses()).isOne();
                stays.close();
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(limits.tunnels()).isZero();
        assertThat(limits.addresses()).isZero();
    }

    @Test
    void manyThreadsTogetherNeverGetMoreThanTheLimit() throws Exception {
        int threads = 4;
        Limits limits = limits(5, 0, 0, 0);
        AtomicLong most = new AtomicLong();
        AtomicLong now = new AtomicLong();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<?>> work = new ArrayList<>();
            for (int thread = 0; thread < threads; thread++) {
                work.add(pool.submit(() -> {
                    for (int i = 0; i < 5_000; i++) {
                        List<Admission> mine = new ArrayList<>();
                        while (limits.admit("a") instanceof Admission admission) {
                            most.accumulateAndGet(now.incrementAndGet(), Math::max);
                            mine.add(admission);
                        }
                        now.addAndGet(-mine.size());
                        mine.forEach(Admission::close);
                    }
                }));
            }
            for (Future<?> each : work) {
                each.get(60, TimeUnit.SECONDS);
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(most).hasValueBetween(1L, 5L);
        assertThat(limits.tunnels()).isZero();
    }
}
