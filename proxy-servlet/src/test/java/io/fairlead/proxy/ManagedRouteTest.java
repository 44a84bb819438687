package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.fairlead.proxy.backend.Backend;
import io.fairlead.proxy.backend.Backends;
import io.fairlead.proxy.backend.Balance;
import io.fairlead.proxy.backend.HealthRules;
import io.fairlead.proxy.backend.Target;
import io.fairlead.proxy.tunnel.TunnelAccount;
import io.fairlead.proxy.tunnel.TunnelAccount.RoundTrip;
import io.fairlead.proxy.tunnel.TunnelEnd;
import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.TabularData;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ManagedRouteTest {

    private static final MBeanServer JMX = ManagementFactory.getPlatformMBeanServer();

    private final Route route = route();
    private final Outcomes outcomes = new Outcomes(route, outcome -> {}, false);
    private final List<TunnelAccount> open = new ArrayList<>();

    static Route route() {
        Map<String, String> settings = Map.of("proxyTo", "https://backend.example/app/");
        Route route = RouteSettings.parse("chat", "/x", settings.keySet(), settings::get, List.of(), name -> null)
                .route();
        assertThat(route).isNotNull();
        return route;
    }

    private final Backends backends = new Backends(
            "chat",
            Balance.ROUNDROBIN,
            new HealthRules(3, Duration.ofSeconds(10), false, 2, 3, Duration.ZERO),
            10,
            10,
            System::nanoTime);

    private @Nullable Backend drained;
    private @Nullable Duration drainedOver;

    private ManagedRoute managed() {
        return new ManagedRoute(route, outcomes, backends, new ManagedRoute.Control() {
            private @Nullable Duration period;

            @Override
            public void drain(Backend backend, @Nullable Duration over) {
                drained = backend;
                drainedOver = over;
            }

            @Override
            public void resume(Backend backend) {
                drained = null;
            }

            @Override
            public List<TunnelAccount> tunnels() {
                return open;
            }

            @Override
            public void drain(Duration over) {
                period = over;
            }

            @Override
            public void resume() {
                period = null;
            }

            @Override
            public boolean isDraining() {
                return Duration.ofSeconds(30).equals(period);
            }
        });
    }

    private static TunnelAccount account(OutcomeDraft draft) {
        return new TunnelAccount(
                draft,
                new Traffic(10, 2, 1, 1, 0, 4711, null),
                Traffic.ofBytes(20),
                new RoundTrip(Duration.ofMillis(3), Duration.ofNanos(1_500_000)),
                null,
                Duration.ofSeconds(1),
                null);
    }

    private OutcomeDraft draft() {
        return new OutcomeDraft(route, "GET", "/x/ws\n", "10.0.0.7", null);
    }

    @Test
    void namesAreQuotedWhereTheyMustBe() throws Exception {
        assertThat(ManagedRoute.name("/app", "chat", 1)).hasToString("io.fairlead:type=Route,context=/app,name=chat");
        assertThat(ManagedRoute.name("", "a:b,*", 2))
                .hasToString("io.fairlead:type=Route,context=/,name=\"a:b,\\*\",instance=2");
    }

    @Test
    void aSecondOneOfTheSameNameIsAnInstance() throws Exception {
        ObjectName first = ManagedRoute.name("/twice", "chat", 1);
        ObjectName second = ManagedRoute.name("/twice", "chat", 2);
        ManagedRoute one = managed();
        ManagedRoute other = managed();
        one.register("/twice");
        other.register("/twice");
        assertThat(JMX.isRegistered(first) && JMX.isRegistered(second)).isTrue();
        one.unregister();
        assertThat(JMX.isRegistered(first)).isFalse();
        assertThat(JMX.isRegistered(second)).isTrue();
        one.register("/twice");
        assertThat(JMX.isRegistered(first)).isTrue();
        one.unregister();
        other.unregister();
        assertThat(JMX.isRegistered(first) || JMX.isRegistered(second)).isFalse();
    }

    @Test
    void theCountsAreOfWhatHappened() throws Exception {
        ManagedRoute managed = managed();
        managed.register("/counts");
        try {
            ObjectName name = ManagedRoute.name("/counts", "chat", 1);
            for (int i = 0; i < 3; i++) {
                outcomes.requested();
            }
            outcomes.ended(EndedBy.COMPLETE);
            outcomes.ended(EndedBy.TIMEOUT);
            outcomes.handshakeRefused();
            outcomes.tunnelOpened();
            outcomes.tunnelOpened();
            outcomes.tunnelEnded(draft(), new TunnelEnd(Reason.IDLE, account(draft()), null));
            assertThat(JMX.getAttribute(name, "Target")).isEqualTo("https://backend.example:443/app");
            assertThat(JMX.getAttribute(name, "Requests")).isEqualTo(3L);
            assertThat(JMX.getAttribute(name, "HandshakesRefused")).isEqualTo(1L);
            assertThat(JMX.getAttribute(name, "TunnelsOpened")).isEqualTo(2L);
            assertThat(JMX.getAttribute(name, "OpenTunnels")).isEqualTo(1L);
            TabularData requests = (TabularData) JMX.getAttribute(name, "RequestsEndedBy");
            assertThat(requests.get(new Object[] {"timeout"}).get("value")).isEqualTo(1L);
            assertThat(requests.get(new Object[] {"client"}).get("value")).isEqualTo(0L);
            TabularData tunnels = (TabularData) JMX.getAttribute(name, "TunnelsEndedBy");
            assertThat(tunnels.get(new Object[] {"idle"}).get("value")).isEqualTo(1L);
        } finally {
            managed.unregister();
        }
    }

    @Test
    void itIsDrainedByAnOperation() throws Exception {
        ManagedRoute managed = managed();
        managed.register("/drained");
        try {
            ObjectName name = ManagedRoute.name("/drained", "chat", 1);
            assertThat(JMX.getAttribute(name, "Draining")).isEqualTo(false);
            JMX.invoke(name, "drain", new Object[] {30}, new String[] {"int"});
            assertThat(JMX.getAttribute(name, "Draining")).isEqualTo(true);
            JMX.invoke(name, "resume", new Object[0], new String[0]);
            assertThat(JMX.getAttribute(name, "Draining")).isEqualTo(false);
            assertThatThrownBy(() -> JMX.invoke(name, "drain", new Object[] {-1}, new String[] {"int"}))
                    .rootCause()
                    .hasMessageContaining("not -1");
        } finally {
            managed.unregister();
        }
    }

    @Test
    void anOpenTunnelShowsWhatItHasCarried() throws Exception {
        ManagedRoute managed = managed();
        managed.register("/open");
        try {
            OutcomeDraft draft = draft();
            draft.head();
            draft.answered(101);
            draft.framed();
            open.add(account(draft));
            CompositeData[] tunnels =
                    (CompositeData[]) JMX.getAttribute(ManagedRoute.name("/open", "chat", 1), "Tunnels");
            assertThat(tunnels).hasSize(1);
            CompositeData tunnel = tunnels[0];
            assertThat(tunnel.get("client")).isEqualTo("10.0.0.7");
            assertThat(tunnel.get("path")).isEqualTo("/x/ws\\u000a");
            assertThat(tunnel.get("status")).isEqualTo(101);
            assertThat(tunnel.get("framed")).isEqualTo(true);
            assertThat(tunnel.get("clientRoundTripMs")).isEqualTo(1.5);
            assertThat(tunnel.get("clientRoundTripLastMs")).isEqualTo(3.0);
            assertThat(tunnel.get("backendRoundTripMs")).isNull();
            CompositeData toBackend = (CompositeData) tunnel.get("toBackend");
            assertThat(toBackend.get("bytes")).isEqualTo(10L);
            assertThat(toBackend.get("frames")).isEqualTo(2L);
            assertThat(toBackend.get("messages")).isEqualTo(1L);
            assertThat(toBackend.get("closeCode")).isEqualTo(4711);
        } finally {
            managed.unregister();
        }
    }

    @Test
    void backendsAreShownAndDrainedOneByOne() {
        backends.update(this, List.of(new Target("one", 1, 2, false), new Target("other", 2, 1, true)));
        ManagedRoute managed = managed();
        assertThat(managed.getBackends())
                .extracting(BackendMXView::getAddress, BackendMXView::getWeight, BackendMXView::isBackup)
                .containsExactly(tuple("one:1", 2, false), tuple("other:2", 1, true));
        managed.drainBackend("one:1", 3);
        assertThat(drained).isSameAs(backends.find("one:1"));
        assertThat(drainedOver).isEqualTo(Duration.ofSeconds(3));
        managed.drainBackend("one:1", -1);
        assertThat(drainedOver).isNull();
        managed.resumeBackend("one:1");
        assertThat(drained).isNull();
        assertThatThrownBy(() -> managed.drainBackend("third:3", 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one:1");
    }
}
