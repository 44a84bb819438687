package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Vitals;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How long a tunnel lives and what it holds meanwhile. */
public abstract class TunnelTest extends WireTest {

    /** How many tunnels {@link #shortTunnelsLeaveNothingBehind} opens. */
    protected int shortTunnels() {
        return 10_000;
    }

    @Test
    @FromTheField(Trouble.E3)
    void aTunnelOutlivesTheTimeoutsOfHttp() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        backend.on("/raw", WireTest::rawEcho);
        try (Wire client = webSocketTunnel(Routes.QUICK, "/ws");
                Wire rawClient = rawTunnel(Routes.QUICK, "/raw")) {
            client.expectSilence(Duration.ofMillis(2500));
            assertEchoes(client, Frame.text("still here"));
            rawClient.send("still here");
            assertThat(rawClient.readText(10)).isEqualTo("still here");
        }
    }

    @Test
    @FromTheField(Trouble.E3)
    void anIdleTunnelIsCutOnBothSides() throws Exception {
        CompletableFuture<Wire.Ending> ending = new CompletableFuture<>();
        backend.on("/idle", exchange -> {
            exchange.acceptRaw();
            ending.complete(rawEnding(exchange));
        });
        long start = System.nanoTime();
        try (Wire client = rawTunnel(Routes.CUT, "/idle")) {
            rawEnding(client);
            Crew.await(ending);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isBetween(Duration.ofMillis(900), Duration.ofSeconds(8));
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aTunnelThatIsUsedInOneDirectionIsNotIdle() throws Exception {
        backend.on("/busy", exchange -> {
            exchange.acceptRaw();
            for (int i = 0; i < 8; i++) {
                assertThat(exchange.wire().readText(1)).isEqualTo(".");
            }
            exchange.wire().send("enough");
            exchange.wire().ending();
        });
        try (Wire client = rawTunnel(Routes.CUT, "/busy")) {
            for (int i = 0; i < 8; i++) {
                client.expectSilence(Duration.ofMillis(350));
                client.send(".");
            }
            assertThat(client.readText(6)).isEqualTo("enough");
        }
    }

    @Test
    void idleTunnelsHoldNoThread() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        Vitals vitals = fairlead().vitals();
        List<Wire> tunnels = new ArrayList<>();
        try {
            while (tunnels.size() < 20) {
                tunnels.add(webSocketTunnel(Routes.MAIN, "/ws"));
            }
            List<String> before = vitals.threads();
            while (tunnels.size() < 220) {
                tunnels.add(webSocketTunnel(Routes.MAIN, "/ws"));
            }
            if (fairlead().server().has(Trait.HOLDS_THREADS)) {
                assertThat(vitals.threads()).hasSizeGreaterThan(before.size() + 150);
            } else {
                // A server may add a few to its own pool; two hundred would be ours.
                assertThat(vitals.threads()).as("threads, before: %s", before).hasSizeLessThan(before.size() + 15);
            }
            for (Wire tunnel : tunnels) {
                assertEchoes(tunnel, Frame.text("all the same"));
            }
        } finally {
            tunnels.forEach(Wire::close);
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Tag("long")
    @Test
    void shortTunnelsLeaveNothingBehind() throws Exception {
        backend.on("/echo", WireTest::rawEcho);
        backend.on("/bye", exchange -> {
            exchange.acceptRaw();
            exchange.wire().send(exchange.wire().read(5));
        });
        backend.on("/reset", exchange -> {
            exchange.acceptRaw();
            exchange.wire().send(exchange.wire().read(5));
            exchange.wire().expectSilence(Duration.ofMillis(1));
            exchange.wire().reset();
        });
        Vitals vitals = fairlead().vitals();
        run(Math.min(1000, shortTunnels() / 2));
        eventually().until(() -> backend.open() == 0);
        int threads = vitals.threads().size();
        long descriptors = vitals.descriptors();
        long direct = vitals.directBytes();
        long heap = vitals.heapBytes();
        run(shortTunnels());
        eventually().untilAsserted(() -> {
            assertThat(backend.open()).as("connections at the backend").isZero();
            assertThat(vitals.descriptors()).as("descriptors").isLessThan(descriptors + 30);
            assertThat(vitals.threads()).as("threads").hasSizeLessThan(threads + 15);
            assertThat(vitals.directBytes() - direct)
                    .as("growth of direct buffers")
                    .isLessThan(2L << 20);
            assertThat(vitals.heapBytes() - heap).as("growth of the heap").isLessThan(6L << 20);
        });
    }

    @Tag("long")
    @Test
    void aTunnelThatEndsNeverTouchesAnotherConnection() throws Exception {
        // Servers use channel objects again: a write that comes late would land in one of the plain connections.
        backend.on("/flood", exchange -> {
            exchange.acceptRaw();
            new Noise(40, 1L << 40).pour(exchange.wire().out());
        });
        String body = "exactly this ".repeat(500);
        backend.on("/plain", exchange -> exchange.answer("200 OK", body));
        AtomicBoolean over = new AtomicBoolean();
        List<CompletableFuture<Void>> floods = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            floods.add(Crew.start(() -> {
                while (!over.get()) {
                    try (Wire client = rawTunnel(Routes.MAIN, "/flood")) {
                        client.read(100_000);
                        client.reset();
                    }
                }
            }));
        }
        try {
            for (int i = 0; i < 500; i++) {
                try (Wire client = client()) {
                    for (int j = 0; j < 2; j++) {
                        client.send(request("GET", path(Routes.MAIN, "/plain")));
                        Head head = client.readHead();
                        assertThat(head.status()).isEqualTo(200);
                        assertThat(client.readBodyText(head)).isEqualTo(body);
                    }
                }
            }
        } finally {
            over.set(true);
        }
        for (CompletableFuture<Void> flood : floods) {
            Crew.await(flood);
        }
    }

    @Tag("long")
    @Test
    void clientsThatLeaveAtAnyMomentOfTheHandshakeLeaveNothingBehind() throws Exception {
        backend.on("/echo", WireTest::rawEcho);
        for (int i = 0; i < 50; i++) {
            tunnel(0);
        }
        eventually().until(() -> backend.open() == 0);
        Vitals vitals = fairlead().vitals();
        long descriptors = vitals.descriptors();
        SplittableRandom moments = new SplittableRandom(41);
        for (int i = 0; i < 500; i++) {
            try (Wire client = client()) {
                client.send(raw(Routes.MAIN, "/echo"));
                long until = System.nanoTime() + moments.nextLong(2_000_000);
                while (System.nanoTime() < until) {
                    Thread.onSpinWait();
                }
                client.reset();
            }
        }
        eventually().untilAsserted(() -> {
            assertThat(backend.open()).as("connections at the backend").isZero();
            assertThat(vitals.descriptors()).as("descriptors").isLessThan(descriptors + 30);
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/echo")) {
            client.send("hello");
            assertThat(client.readText(5)).isEqualTo("hello");
        }
    }

    /** Opens and ends tunnels, in each of the ways they can end. */
    private void run(int count) throws Exception {
        AtomicInteger next = new AtomicInteger();
        List<CompletableFuture<Void>> workers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            workers.add(Crew.start(() -> {
                for (int n = next.getAndIncrement(); n < count; n = next.getAndIncrement()) {
                    tunnel(n % 5);
                }
            }));
        }
        for (CompletableFuture<Void> worker : workers) {
            worker.get(110, TimeUnit.SECONDS);
        }
    }

    private void tunnel(int kind) throws IOException {
        String backendPath = kind == 3 ? "/bye" : kind == 4 ? "/reset" : "/echo";
        try (Wire client = rawTunnel(Routes.MAIN, backendPath)) {
            client.send("hello");
            if (kind != 4) {
                assertThat(client.readText(5)).isEqualTo("hello");
            }
            switch (kind) {
                case 0 -> client.close();
                case 1 -> {
                    client.finish();
                    client.ending();
                }
                case 2 -> client.reset();
                case 3 -> client.ending();
                default -> {
                    // The reset may overtake the echo.
                    try {
                        client.readRest();
                    } catch (IOException e) {
                        // As it should.
                    }
                }
            }
        }
    }
}
