package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.backend.Bond.Kind;
import io.fairlead.proxy.backend.Choice.None;
import io.fairlead.proxy.backend.Health.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class BackendsTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private long now;

    private Backends backends(HealthRules rules, int maxRequests, int maxQueue, Target... targets) {
        Backends backends = new Backends("r", Balance.ROUNDROBIN, rules, maxRequests, maxQueue, () -> now);
        backends.update("settings", List.of(targets));
        return backends;
    }

    private Backends backends(Target... targets) {
        return backends(Some.PASSIVE, 100, 100, targets);
    }

    private static Backend find(Backends backends, String host) {
        Backend found = backends.find(host + ":80");
        assertThat(found).isNotNull();
        return found;
    }

    private static Lease lease(Backends backends, Wish wish) {
        Choice choice = backends.lease(wish);
        assertThat(choice).isInstanceOf(Lease.class);
        return (Lease) choice;
    }

    /** The hosts of some uses, each over before the next. */
    private static String hosts(Backends backends, Wish wish, int uses) {
        StringBuilder hosts = new StringBuilder();
        for (int i = 0; i < uses; i++) {
            try (Lease lease = lease(backends, wish)) {
                hosts.append(lease.backend().host());
            }
        }
        return hosts.toString();
    }

    private static void down(Backends backends, Backend backend) {
        for (int i = 0; i < 3; i++) {
            backends.note(backend, Event.USE_FAILED, "test");
        }
        assertThat(backend.health().up()).isFalse();
    }

    // ---- which there are

    @Test
    void whoStaysKeepsWhatIsKnownOfIt() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        Backend b = find(backends, "b");
        down(backends, a);
        Lease inUse = lease(backends, Some.anyOne());
        assertThat(inUse.backend()).isSameAs(b);
        backends.update("settings", List.of(Some.target("c"), Some.target("a", 7), Some.target("B")));
        assertThat(backends.all()).extracting(Backend::host).containsExactly("c", "a", "b");
        assertThat(find(backends, "a")).isSameAs(a);
        assertThat(a.health().up()).isFalse();
        assertThat(a.weight()).isEqualTo(7);
        assertThat(b.requests()).isOne();
        assertThat(find(backends, "c").health().recovered()).as("begins slowly").isTrue();
        assertThat(a.isRemoved() || b.isRemoved()).isFalse();
        inUse.close();
        assertThat(b.requests()).isZero();
    }

    @Test
    void whoGoesGetsNoMoreWorkAndFinishesWhatItHas() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        Lease lease = lease(backends, Some.anyOne());
        assertThat(lease.backend()).isSameAs(a);
        backends.update("settings", List.of(Some.target("b")));
        assertThat(a.isRemoved()).isTrue();
        assertThat(backends.find("a:80")).isNull();
        assertThat(backends.takesWork(a)).isFalse();
        assertThat(hosts(backends, Some.anyOne(), 3)).isEqualTo("bbb");
        assertThat(hosts(backends, Some.wish(Some.bond(Kind.SESSION, a, 0)), 1)).isEqualTo("b");
        lease.succeeded();
        lease.close();
        assertThat(a.requests()).isZero();
        backends.update("settings", List.of(Some.target("a"), Some.target("b")));
        assertThat(find(backends, "a")).as("as one that is new").isNotSameAs(a);
    }

    @Test
    void sourcesNameBackendsIndependently() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        backends.update("dns", List.of(Some.target("b"), Some.target("c")));
        assertThat(backends.all()).extracting(Backend::host).containsExactly("a", "b", "c");
        assertThat(find(backends, "c").health().recovered())
                .as("there from this source's start on")
                .isFalse();
        Backend b = find(backends, "b");
        backends.update("settings", List.of(Some.target("a")));
        assertThat(find(backends, "b")).isSameAs(b);
        backends.update("dns", List.of());
        assertThat(backends.all()).extracting(Backend::host).containsExactly("a");
    }

    // ---- which one

    @Test
    void backupsWorkOnlyWhenNobodyElseDoes() {
        Backends backends = backends(Some.target("a"), Some.backup("x"), Some.backup("y"));
        assertThat(hosts(backends, Some.anyOne(), 3)).isEqualTo("aaa");
        assertThat(hosts(backends, Some.wish(Some.FREE, find(backends, "a")), 2))
                .isEqualTo("xy");
        backends.drain(find(backends, "a"), null);
        assertThat(hosts(backends, Some.anyOne(), 2)).isEqualTo("xy");
        backends.resume(find(backends, "a"));
        down(backends, find(backends, "a"));
        assertThat(hosts(backends, Some.anyOne(), 2)).isEqualTo("xy");
    }

    @Test
    void whoWasTriedIsNotTriedAgainUntilNobodyIsLeft() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        Backend b = find(backends, "b");
        assertThat(hosts(backends, Some.wish(Some.FREE, a), 3)).isEqualTo("bbb");
        assertThat(backends.lease(Some.wish(Some.FREE, a, b))).isEqualTo(None.ABSENT);
    }

    @Test
    void whenAllAreDownTheyAreTriedAsIfTheyWereNot() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        down(backends, a);
        assertThat(hosts(backends, Some.anyOne(), 3)).isEqualTo("bbb");
        down(backends, find(backends, "b"));
        assertThat(hosts(backends, Some.anyOne(), 4)).contains("a").contains("b");
        assertThat(hosts(backends, Some.wish(Some.FREE, a), 2)).as("not twice").isEqualTo("bb");
        assertThat(backends.lease(Some.wish(Some.FREE, a, find(backends, "b")))).isEqualTo(None.ABSENT);
        backends.drain(a, null);
        assertThat(hosts(backends, Some.anyOne(), 2)).isEqualTo("bb");
    }

    @Test
    void whenAllAreDownSessionsAndCookiesStayWhereTheyAre() {
        Backends backends = backends(Some.target("a"), Some.target("b"), Some.target("c"));
        backends.all().forEach(backend -> down(backends, backend));
        Backend b = find(backends, "b");
        for (Kind kind : List.of(Kind.SESSION, Kind.PREFERRED)) {
            assertThat(hosts(backends, Some.wish(Some.bond(kind, b, 7)), 5)).isEqualTo("bbbbb");
        }
        backends.note(find(backends, "c"), Event.USE_SUCCEEDED, "test");
        for (Kind kind : List.of(Kind.SESSION, Kind.PREFERRED)) {
            assertThat(hosts(backends, Some.wish(Some.bond(kind, b, 7)), 2)).isEqualTo("cc");
        }
    }

    @Test
    void whereOneIsUpThoseThatAreDownAreNotTriedInItsPlace() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        down(backends, find(backends, "a"));
        assertThat(backends.lease(Some.wish(Some.FREE, find(backends, "b")))).isEqualTo(None.ABSENT);
    }

    @Test
    void wordOfAUseThatBeganBeforeABackendWentDownSaysNothingNew() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        Lease before = lease(backends, Some.wish(Some.bond(Kind.SESSION, a, 0)));
        Lease another = lease(backends, Some.wish(Some.bond(Kind.SESSION, a, 0)));
        now = 1;
        down(backends, a);
        Health down = a.health();
        now = 2;
        before.succeeded();
        another.failed("late");
        assertThat(a.health()).isSameAs(down);
        before.close();
        another.close();
    }

    @Test
    void withoutBackendsThereIsNone() {
        assertThat(backends().lease(Some.anyOne())).isEqualTo(None.ABSENT);
    }

    @Test
    void aBondDecidesAsStronglyAsItIs() {
        Backends backends = backends(Some.target("a"), Some.target("b"), Some.target("c"));
        Backend a = find(backends, "a");
        Wish session = Some.wish(Some.bond(Kind.SESSION, a, 5));
        Wish preferred = Some.wish(Some.bond(Kind.PREFERRED, a, 5));
        assertThat(hosts(backends, session, 2)).isEqualTo("aa");
        assertThat(hosts(backends, preferred, 2)).isEqualTo("aa");
        backends.drain(a, null);
        assertThat(hosts(backends, session, 2))
                .as("drained, so only its sessions")
                .isEqualTo("aa");
        assertThat(hosts(backends, preferred, 2)).doesNotContain("a");
        assertThat(hosts(backends, Some.anyOne(), 4)).doesNotContain("a");
        down(backends, a);
        assertThat(hosts(backends, session, 2)).doesNotContain("a");
    }

    @Test
    void aHashAlwaysFindsTheSameAndAskingFollowsItsOrder() {
        Backends backends = backends(Some.target("a"), Some.target("b"), Some.target("c"));
        for (int i = 0; i < 50; i++) {
            long key = Rendezvous.hash("key" + i);
            List<Backend> order = Rendezvous.order(key, backends.all());
            Wish hashed = Some.wish(Some.bond(Kind.HASHED, null, key));
            assertThat(hosts(backends, hashed, 1)).isEqualTo(order.get(0).host());
            Bond asking = Some.bond(Kind.ASKING, null, key);
            backends.drain(order.get(1), null);
            assertThat(hosts(backends, Some.wish(asking, order.get(0)), 1))
                    .as("a drained one may have it")
                    .isEqualTo(order.get(1).host());
            assertThat(hosts(backends, Some.wish(asking, order.get(0), order.get(1)), 1))
                    .isEqualTo(order.get(2).host());
            backends.resume(order.get(1));
        }
    }

    // ---- how it went

    @Test
    void failuresTakeABackendDownAndOnlyTheFirstWordOfAUseCounts() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        for (int i = 0; i < 3; i++) {
            assertThat(a.health().up()).isTrue();
            try (Lease lease = lease(backends, Some.wish(Some.bond(Kind.SESSION, a, 0)))) {
                lease.failed("refused");
                lease.failed("refused");
                lease.succeeded();
            }
        }
        assertThat(a.health().up()).isFalse();
        assertThat(a.uses()).isEqualTo(3);
        assertThat(a.failures()).isEqualTo(3);
    }

    @Test
    void afterFailTimeoutOneRepeatableUseIsTheTrial() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        down(backends, a);
        now = 10 * SECOND - 1;
        assertThat(hosts(backends, Some.repeatable(), 3)).isEqualTo("bbb");
        now = 10 * SECOND;
        assertThat(hosts(backends, Some.anyOne(), 3)).as("not repeatable").isEqualTo("bbb");
        assertThat(hosts(backends, Some.repeatable(a), 1)).as("tried").isEqualTo("b");
        Lease trial = lease(backends, Some.repeatable());
        assertThat(trial.backend()).isSameAs(a);
        assertThat(hosts(backends, Some.repeatable(), 3)).as("one at a time").isEqualTo("bbb");
        trial.failed("refused");
        trial.close();
        assertThat(hosts(backends, Some.repeatable(), 3))
                .as("again in failTimeout")
                .isEqualTo("bbb");
        now = 20 * SECOND;
        try (Lease next = lease(backends, Some.repeatable())) {
            assertThat(next.backend()).isSameAs(a);
            next.succeeded();
        }
        assertThat(a.health().up()).isTrue();
        assertThat(hosts(backends, Some.anyOne(), 4)).contains("a").contains("b");
    }

    @Test
    void whereNoRequestIsRepeatableOneThatIsNotIsTheTrialInTheEnd() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        down(backends, find(backends, "a"));
        now = 30 * SECOND - 1;
        assertThat(hosts(backends, Some.anyOne(), 3)).isEqualTo("bbb");
        now = 30 * SECOND;
        assertThat(hosts(backends, Some.anyOne(), 1)).isEqualTo("a");
    }

    @Test
    void whatIsHashedIsTheTrialOfItsOwnBackendOnly() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        Backend b = find(backends, "b");
        long keyOfA = 0;
        while (Rendezvous.first(keyOfA, List.of(a, b)) != a) {
            keyOfA++;
        }
        long keyOfB = 0;
        while (Rendezvous.first(keyOfB, List.of(a, b)) != b) {
            keyOfB++;
        }
        down(backends, a);
        now = 10 * SECOND;
        for (Kind kind : List.of(Kind.HASHED, Kind.SESSION)) {
            assertThat(hosts(backends, new Wish(Some.bond(kind, null, keyOfB), List.of(), true), 2))
                    .isEqualTo("bb");
            assertThat(hosts(backends, new Wish(Some.bond(kind, null, keyOfA), List.of(), true), 1))
                    .isEqualTo("a");
            assertThat(hosts(backends, new Wish(Some.bond(kind, a, keyOfB), List.of(), true), 1))
                    .isEqualTo("a");
        }
    }

    @Test
    void aTrialWithoutAWordIsFollowedByAnother() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        down(backends, find(backends, "a"));
        now = 10 * SECOND;
        assertThat(hosts(backends, Some.repeatable(), 2)).isEqualTo("aa");
    }

    @Test
    void aTrialIsOverWithItsVerdictHoweverLongItsTunnelStaysOpen() {
        Backends backends = backends(Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        down(backends, a);
        now = 10 * SECOND;
        Lease tunnel = lease(backends, Some.repeatable());
        assertThat(tunnel.backend()).isSameAs(a);
        tunnel.succeeded();
        tunnel.becomesTunnel();
        down(backends, a);
        now = 20 * SECOND;
        Lease next = lease(backends, Some.repeatable());
        assertThat(next.backend()).isSameAs(a);
        // The first one's end is not the second one's.
        tunnel.close();
        assertThat(hosts(backends, Some.repeatable(), 2)).isEqualTo("bb");
        next.close();
        assertThat(hosts(backends, Some.repeatable(), 1)).isEqualTo("a");
    }

    @Test
    void withProbesThereIsNoTrial() {
        Backends backends = backends(Some.PROBED, 100, 100, Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        down(backends, a);
        now = 60 * SECOND;
        assertThat(hosts(backends, Some.repeatable(), 3)).isEqualTo("bbb");
        backends.note(a, Event.PROBE_SUCCEEDED, "test");
        backends.note(a, Event.PROBE_SUCCEEDED, "test");
        assertThat(backends.takesWork(a)).isTrue();
    }

    @Test
    void tunnelsTakeNoRoomOfRequests() {
        Backends backends = backends(Some.PASSIVE, 1, 10, Some.target("a"));
        Backend a = find(backends, "a");
        Lease tunnel = lease(backends, Some.anyOne());
        assertThat(backends.lease(Some.anyOne())).isEqualTo(None.FULL);
        tunnel.becomesTunnel();
        tunnel.becomesTunnel();
        assertThat(a.requests()).isZero();
        assertThat(a.tunnels()).isOne();
        Lease request = lease(backends, Some.anyOne());
        tunnel.close();
        tunnel.close();
        request.close();
        request.becomesTunnel();
        assertThat(a.requests()).isZero();
        assertThat(a.tunnels()).isZero();
    }

    // ---- full

    @Test
    void aFullBackendIsPassedOverUntilAllAre() {
        Backends backends = backends(Some.PASSIVE, 1, 10, Some.target("a"), Some.target("b"));
        Lease one = lease(backends, Some.anyOne());
        Lease other = lease(backends, Some.anyOne());
        assertThat(one.backend()).isNotSameAs(other.backend());
        assertThat(backends.lease(Some.anyOne())).isEqualTo(None.FULL);
        Backend a = find(backends, "a");
        (one.backend() == a ? other : one).close();
        assertThat(backends.lease(Some.wish(Some.bond(Kind.SESSION, a, 0))))
                .as("only that one has the session")
                .isEqualTo(None.FULL);
        assertThat(hosts(backends, Some.anyOne(), 1)).isEqualTo("b");
    }

    @Test
    void whatIsHashedWaitsForItsBackendAndWhoAsksGoesOnToTheNext() {
        Backends backends = backends(Some.PASSIVE, 1, 10, Some.target("a"), Some.target("b"));
        Backend first = Rendezvous.first(5, backends.all());
        Lease busy = lease(backends, Some.wish(Some.bond(Kind.HASHED, null, 5)));
        assertThat(busy.backend()).isSameAs(first);
        assertThat(backends.lease(Some.wish(Some.bond(Kind.HASHED, null, 5)))).isEqualTo(None.FULL);
        Wish asking = Some.wish(Some.bond(Kind.ASKING, null, 5));
        Backend other = lease(backends, asking).backend();
        assertThat(other).isNotSameAs(first);
        assertThat(backends.lease(Some.wish(Some.bond(Kind.ASKING, null, 5), other)))
                .as("it may have the session")
                .isEqualTo(None.FULL);
    }

    @Test
    void whoComesWhenAllIsClosedGetsNothing() {
        Backends backends = backends(Some.PASSIVE, 1, 10, Some.target("a"));
        Lease busy = lease(backends, Some.anyOne());
        List<Object> served = new ArrayList<>();
        backends.await(Some.anyOne(), lease -> served.add(lease == null ? "nothing" : lease));
        backends.close();
        backends.await(Some.anyOne(), lease -> served.add(lease == null ? "nothing" : lease));
        busy.close();
        assertThat(served).containsExactly("nothing", "nothing");
    }

    @Test
    void theTimeThatIsLeftOfADrainIsKnown() {
        Backends backends = backends(Some.target("a"));
        Backend a = find(backends, "a");
        assertThat(backends.leftOfDrain(a)).isNull();
        backends.drain(a, Duration.ofSeconds(3));
        now = SECOND;
        assertThat(backends.leftOfDrain(a)).isEqualTo(Duration.ofSeconds(2));
        now = 9 * SECOND;
        assertThat(backends.leftOfDrain(a)).isZero();
        backends.drain(a, null);
        assertThat(backends.leftOfDrain(a)).isNull();
        backends.resume(a);
        assertThat(a.isDraining()).isFalse();
    }

    @Test
    void thoseWhoWaitAreServedInTheirOrder() {
        Backends backends = backends(Some.PASSIVE, 1, 3, Some.target("a"));
        Lease first = lease(backends, Some.anyOne());
        List<String> served = new ArrayList<>();
        List<Lease> leases = new ArrayList<>();
        for (String name : List.of("1", "2", "3")) {
            assertThat(backends.await(Some.anyOne(), lease -> {
                        served.add(name);
                        leases.add(lease);
                    }))
                    .isNotNull();
        }
        assertThat(backends.await(Some.anyOne(), leases::add)).as("too many").isNull();
        assertThat(backends.waiting()).isEqualTo(3);
        assertThat(served).isEmpty();
        first.close();
        assertThat(served).containsExactly("1");
        assertThat(backends.lease(Some.anyOne())).isEqualTo(None.FULL);
        leases.get(0).becomesTunnel();
        assertThat(served).containsExactly("1", "2");
        leases.get(1).close();
        assertThat(served).containsExactly("1", "2", "3");
        assertThat(backends.waiting()).isZero();
        leases.get(2).close();
        leases.get(0).close();
        assertThat(find(backends, "a").requests()).isZero();
    }

    @Test
    void whoComesIsBehindThoseWhoWait() {
        Backends backends = backends(Some.PASSIVE, 1, 10, Some.target("a"), Some.target("b"));
        Lease onA = lease(backends, Some.wish(Some.bond(Kind.SESSION, find(backends, "a"), 0)));
        Lease onB = lease(backends, Some.wish(Some.bond(Kind.SESSION, find(backends, "b"), 0)));
        List<String> served = new ArrayList<>();
        for (String name : List.of("first", "second")) {
            Wish wish = Some.wish(Some.bond(Kind.SESSION, find(backends, "a"), 0));
            backends.await(wish, lease -> served.add(name + lease.backend().host()));
        }
        onB.close();
        assertThat(backends.lease(Some.anyOne())).as("others came before").isEqualTo(None.FULL);
        backends.await(
                Some.anyOne(), lease -> served.add("third" + lease.backend().host()));
        assertThat(served).as("who would have its turn cannot use it").containsExactly("thirdb");
        assertThat(backends.lease(
                        Some.wish(Some.bond(Kind.NONE, null, 0), backends.all().toArray(Backend[]::new))))
                .as("nobody is left to wait for")
                .isEqualTo(None.ABSENT);
        onA.close();
        assertThat(served).containsExactly("thirdb", "firsta");
    }

    @Test
    void whoWaitsForAnotherBackendHoldsNobodyUp() {
        Backends backends = backends(Some.PASSIVE, 1, 10, Some.target("a"), Some.target("b"));
        Backend a = find(backends, "a");
        Backend b = find(backends, "b");
        Lease onA = lease(backends, Some.wish(Some.bond(Kind.SESSION, a, 0)));
        Lease onB = lease(backends, Some.wish(Some.bond(Kind.SESSION, b, 0)));
        List<Lease> served = new ArrayList<>();
        assertThat(backends.await(Some.wish(Some.bond(Kind.SESSION, a, 0)), served::add))
                .isNotNull();
        assertThat(backends.await(Some.anyOne(), served::add)).isNotNull();
        onB.close();
        assertThat(served).extracting(Lease::backend).containsExactly(b);
        onA.close();
        assertThat(served).extracting(Lease::backend).containsExactly(b, a);
    }

    @Test
    void whoWaitsNoLongerIsNotServed() {
        Backends backends = backends(Some.PASSIVE, 1, 10, Some.target("a"));
        Lease first = lease(backends, Some.anyOne());
        List<Lease> served = new ArrayList<>();
        Backends.Waiting impatient = backends.await(Some.anyOne(), served::add);
        Backends.Waiting patient = backends.await(Some.anyOne(), served::add);
        assertThat(impatient).isNotNull();
        assertThat(patient).isNotNull();
        assertThat(impatient.cancel()).isTrue();
        assertThat(impatient.cancel()).as("once").isFalse();
        assertThat(backends.waiting()).isOne();
        first.close();
        assertThat(served).hasSize(1);
        assertThat(patient.cancel()).as("served").isFalse();
        served.get(0).close();
        assertThat(find(backends, "a").requests()).isZero();
    }

    @Test
    void whoeverHasRoomMeanwhileServesAtOnce() {
        Backends backends = backends(Some.PASSIVE, 1, 10, Some.target("a"));
        List<Lease> served = new ArrayList<>();
        assertThat(backends.await(Some.anyOne(), served::add)).isNotNull();
        assertThat(served).hasSize(1);
    }

    @Test
    void thoseWhoWaitAreServedByWhoComesComesBackOrIsResumed() {
        Backends backends = backends(Some.PROBED, 1, 10, Some.target("a"), Some.target("b"), Some.target("c"));
        down(backends, find(backends, "b"));
        backends.drain(find(backends, "c"), null);
        Lease first = lease(backends, Some.anyOne());
        List<Lease> served = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            assertThat(backends.await(Some.anyOne(), served::add)).isNotNull();
        }
        assertThat(served).isEmpty();
        backends.note(find(backends, "b"), Event.PROBE_SUCCEEDED, "test");
        backends.note(find(backends, "b"), Event.PROBE_SUCCEEDED, "test");
        assertThat(served).hasSize(1);
        backends.resume(find(backends, "c"));
        assertThat(served).hasSize(2);
        backends.update("dns", List.of(Some.target("d")));
        assertThat(served).extracting(lease -> lease.backend().host()).containsExactly("b", "c", "d");
        first.close();
    }
}
