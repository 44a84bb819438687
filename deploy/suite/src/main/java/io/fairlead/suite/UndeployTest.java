package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Stream;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Vitals;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import org.jboss.arquillian.container.test.api.Deployer;
import org.jboss.arquillian.test.api.ArquillianResource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What is left when the application goes: nothing. The concrete class has an unmanaged deployment named
 * {@link #APPLICATION}.
 */
public abstract class UndeployTest extends WireTest {

    public static final String APPLICATION = "application";

    /** {@code undeployDrain} and {@code closeTimeout} of the routes, 5 s each, and what a busy machine adds. */
    private static final Duration GRACE = Duration.ofSeconds(15);

    private static final String ROUTES = "io.fairlead:type=Route,*";
    private static final Predicate<String> OURS = thread -> thread.startsWith("fairlead-");

    @ArquillianResource
    private @Nullable Deployer deployer;

    @Test
    void undeployClosesEveryTunnelAndLeavesNoThreadAndNoClassLoader() throws Exception {
        // No other tunnel's, in a log that holds only so much.
        String place = "/" + System.nanoTime();
        backend.on(place + "/ws", WireTest::webSocketEcho);
        backend.on(place + "/raw", WireTest::rawEcho);
        // WildFly's core threads keep the first task of their lives, so that shall be another application's.
        assertDeployWorks();
        Vitals vitals = fairlead().vitals();
        Set<String> others = vitals.loadersOf(SERVLET);
        deployer().deploy(APPLICATION);
        assertThat(vitals.loadersOf(SERVLET)).isNotEmpty();
        Entrance tls = Entrance.tls(fairlead());
        List<Wire> tunnels = new ArrayList<>();
        try {
            for (int i = 0; i < 50; i++) {
                tunnels.add(webSocketTunnel(Routes.MAIN, place + "/ws"));
                Wire secure = Wire.connect(tls.address(), tls.trust(), 0);
                tunnels.add(switched(secure, raw(Routes.MAIN, place + "/raw")));
            }
            for (Wire tunnel : tunnels) {
                assertEchoes(tunnel, Frame.text("alive"));
            }
            if (!fairlead().server().has(Trait.HAS_NO_HTTP2)) {
                try (Http2 connection = Http2.connect(tls.address(), tls.trust())) {
                    Http2Stream stream =
                            connection.open(connection.fields("GET", HOST, path(Routes.MAIN, "/again")), true);
                    assertThat(stream.readHead().status()).isEqualTo(200);
                }
            }
            assertThat(vitals.threads()).anyMatch(OURS);
            ObjectName route =
                    vitals.mbean(ROUTES, name -> name.getKeyProperty("name").equals(Routes.MAIN));
            assertThat((CompositeData[]) vitals.attribute(route, "Tunnels")).hasSize(100);
            long start = System.nanoTime();
            deployer().undeploy(APPLICATION);
            for (Wire tunnel : tunnels) {
                drained(tunnel);
            }
            eventually().until(() -> backend.open() == 0);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(GRACE);
            eventually().untilAsserted(() -> assertThat(vitals.threads()).noneMatch(OURS));
            assertThat(endedByShutdown(place)).as("a line for each tunnel").isEqualTo(100);
            // Jetty keeps a connection's last application until the connection's next request, or its end.
            tunnels.forEach(Wire::close);
            entrance().disconnect();
            assertClassLoaderGoes(vitals, others);
        } finally {
            tunnels.forEach(Wire::close);
        }
        assertDeployWorks();
    }

    @Tag("long")
    @Test
    void aThousandPeersAreToldOfAnUndeploy() throws Exception {
        Queue<Closing> backendsSaw = new ConcurrentLinkedQueue<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            backendsSaw.add(Correspondent.backend(exchange.wire()).echo());
        });
        Vitals vitals = fairlead().vitals();
        Set<String> others = vitals.loadersOf(SERVLET);
        deployer().deploy(APPLICATION);
        List<Wire> tunnels = Collections.synchronizedList(new ArrayList<>());
        try {
            // Side by side: nobody answers pings before all are there.
            List<CompletableFuture<Void>> opening = new ArrayList<>();
            for (int worker = 0; worker < 10; worker++) {
                opening.add(Crew.start(() -> {
                    for (int i = 0; i < 100; i++) {
                        tunnels.add(webSocketTunnel(Routes.MAIN, "/ws"));
                    }
                }));
            }
            for (CompletableFuture<Void> opened : opening) {
                Crew.await(opened);
            }
            List<CompletableFuture<Closing>> clients = new ArrayList<>();
            for (Wire tunnel : tunnels) {
                assertFramedEcho(tunnel, new byte[] {1});
                clients.add(Crew.call(() -> Correspondent.client(tunnel).listen(false)));
            }
            long start = System.nanoTime();
            deployer().undeploy(APPLICATION);
            for (CompletableFuture<Closing> client : clients) {
                assertThat(Crew.await(client)).isEqualTo(new Closing(1012, "the proxy stops"));
            }
            eventually().until(() -> backend.open() == 0);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(GRACE);
            assertThat(backendsSaw).hasSize(1000).containsOnly(new Closing(1012, "the proxy stops"));
            eventually().untilAsserted(() -> assertThat(vitals.threads()).noneMatch(OURS));
        } finally {
            tunnels.forEach(Wire::close);
        }
        deployer().deploy(APPLICATION);
        try (Wire again = webSocketTunnel(Routes.MAIN, "/ws")) {
            assertFramedEcho(again, new byte[] {2});
        } finally {
            deployer().undeploy(APPLICATION);
        }
        // Jetty keeps a connection's last application until the connection's next request, or its end.
        entrance().disconnect();
        assertClassLoaderGoes(vitals, others);
    }

    @Tag("long")
    @Test
    void aTunnelWhoseClientDoesNotReadDoesNotHoldUpUndeploy() throws Exception {
        backend.on("/flood", exchange -> {
            exchange.acceptRaw();
            new Noise(30, 1L << 40).pour(exchange.wire().out());
        });
        deployer().deploy(APPLICATION);
        try (Wire client = switched(slowClient(), raw(Routes.MAIN, "/flood"))) {
            client.read(1 << 20);
            long start = System.nanoTime();
            deployer().undeploy(APPLICATION);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(GRACE);
            eventually().until(() -> backend.open() == 0);
        }
    }

    @Test
    void aHandshakeAndARequestThatWaitDoNotHoldUpUndeploy() throws Exception {
        backend.on("/silent", exchange -> exchange.wire().ending());
        deployer().deploy(APPLICATION);
        try (Wire handshake = client();
                Wire plain = client()) {
            handshake.send(raw(Routes.MAIN, "/silent"));
            plain.send(request("GET", path(Routes.MAIN, "/silent")));
            eventually().until(() -> backend.requests().size() == 2);
            long start = System.nanoTime();
            deployer().undeploy(APPLICATION);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(GRACE);
            eventually().until(() -> backend.open() == 0);
        }
    }

    private long endedByShutdown(String place) {
        return fairlead().log().stream()
                .filter(line -> line.contains(" endedBy=shutdown ") && line.contains(place + "/"))
                .count();
    }

    @Test
    void aResponseThatDoesNotEndIsCutOffAndKeepsNothing() throws Exception {
        backend.on("/endless", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            exchange.sendChunk("something");
            exchange.wire().ending();
        });
        Vitals vitals = fairlead().vitals();
        deployer().deploy(APPLICATION);
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/endless")));
            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.readChunk()).asString().isEqualTo("something");
            deployer().undeploy(APPLICATION);
            assertThat(drained(client)).as("the end of a whole response").doesNotContain("0\r\n\r\n");
        }
        eventually().until(() -> backend.open() == 0);
        eventually().untilAsserted(() -> assertThat(vitals.threads()).noneMatch(OURS));
        assertThatThrownBy(() ->
                        vitals.mbean(ROUTES, name -> name.getKeyProperty("name").equals(Routes.MAIN)))
                .isInstanceOf(IllegalStateException.class);
    }

    private void assertDeployWorks() throws IOException {
        backend.on("/again", exchange -> exchange.answer("200 OK", "again"));
        backend.on("/ws", WireTest::webSocketEcho);
        deployer().deploy(APPLICATION);
        try (Wire client = client();
                Wire tunnel = webSocketTunnel(Routes.MAIN, "/ws")) {
            client.send(request("GET", path(Routes.MAIN, "/again")));
            Head head = client.readHead();
            assertThat(client.readBodyText(head)).isEqualTo("again");
            assertEchoes(tunnel, Frame.text("again"));
        } finally {
            deployer().undeploy(APPLICATION);
        }
    }

    /** What comes before the end; of a tunnel that may be a Close frame. */
    private static String drained(Wire wire) throws IOException {
        try {
            return new String(wire.readRest(), StandardCharsets.ISO_8859_1);
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // Reset: an end as well.
            return "";
        }
    }

    private Deployer deployer() {
        if (deployer == null) {
            throw new IllegalStateException("Arquillian did not run this test");
        }
        return deployer;
    }
}
