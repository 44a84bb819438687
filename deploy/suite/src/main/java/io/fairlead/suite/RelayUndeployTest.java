package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Vitals;
import io.fairlead.suite.peer.Wire;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jboss.arquillian.container.test.api.Deployer;
import org.jboss.arquillian.test.api.ArquillianResource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is left when an application with relays goes: nothing. */
public abstract class RelayUndeployTest extends WireTest {

    public static final String APPLICATION = "relays";

    /** {@code undeployDrain} and {@code closeTimeout}, 5 s each, and what a busy machine adds. */
    private static final Duration GRACE = Duration.ofSeconds(20);

    @ArquillianResource
    private @Nullable Deployer deployer;

    private Deployer deployer() {
        return Objects.requireNonNull(deployer, "Arquillian did not run this test");
    }

    /** WildFly's core threads keep the first task of their lives, so that shall be another application's. */
    private void deployAnother() throws Exception {
        deployer().deploy(APPLICATION);
        List<CompletableFuture<Void>> many = new ArrayList<>();
        try {
            for (int i = 0; i < 10; i++) {
                many.add(Crew.start(() -> {
                    try (Wire relay = webSocketTunnel(Routes.RELAY, "/ws")) {
                        assertFramedEcho(relay, new byte[1000]);
                    }
                }));
            }
            for (CompletableFuture<Void> one : many) {
                Crew.await(one);
            }
        } finally {
            deployer().undeploy(APPLICATION);
        }
    }

    @Test
    void undeployTellsBothSidesOfEveryRelayAndLeavesNoThreadAndNoClassLoader() throws Exception {
        Queue<Closing> backendsSaw = new ConcurrentLinkedQueue<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            backendsSaw.add(Correspondent.backend(exchange.wire()).echo());
        });
        deployAnother();
        eventually().until(() -> backend.open() == 0);
        backendsSaw.clear();
        Vitals vitals = fairlead().vitals();
        Set<String> others = vitals.loadersOf(SERVLET);
        deployer().deploy(APPLICATION);
        List<Wire> relays = new ArrayList<>();
        try {
            List<CompletableFuture<Closing>> clients = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                Wire relay = webSocketTunnel(Routes.RELAY, "/ws");
                relays.add(relay);
                assertFramedEcho(relay, new byte[10_000]);
                clients.add(Crew.call(() -> Correspondent.client(relay).listen(false)));
            }
            long start = System.nanoTime();
            deployer().undeploy(APPLICATION);
            for (CompletableFuture<Closing> client : clients) {
                assertThat(Crew.await(client)).isEqualTo(new Closing(1012, "the proxy stops"));
            }
            eventually().until(() -> backend.open() == 0);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(GRACE);
            assertThat(backendsSaw).hasSize(50).containsOnly(new Closing(1012, "the proxy stops"));
            eventually().untilAsserted(() -> assertThat(vitals.threads())
                    .noneMatch(thread -> thread.startsWith("fairlead-")));
        } finally {
            relays.forEach(Wire::close);
        }
        entrance().disconnect();
        assertClassLoaderGoes(vitals, others);
    }

    @Tag("long")
    @Test
    void aRelayWhoseClientDoesNotReadDoesNotHoldUpUndeploy() throws Exception {
        backend.on("/big", exchange -> {
            exchange.acceptWebSocket();
            // One binary message of 2^40 bytes.
            exchange.wire().send(new byte[] {(byte) 0x82, 127, 0, 0, 1, 0, 0, 0, 0, 0});
            new Noise(30, 1L << 40).pour(exchange.wire().out());
        });
        deployer().deploy(APPLICATION);
        try (Wire client = switched(slowClient(), webSocket(Routes.RELAY, "/big"))) {
            client.read(1 << 20);
            long start = System.nanoTime();
            deployer().undeploy(APPLICATION);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(GRACE);
            eventually().until(() -> backend.open() == 0);
        }
    }
}
