package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Relay;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What each side of a WebSocket is told when the other one, or the proxy, ends it; and pings. */
public abstract class CloseTest extends WireTest {

    /** How many tunnels are closed while they are in use; {@code -Dfairlead.closes=10000} for a long run. */
    private static final int CLOSES = Integer.getInteger("fairlead.closes", 200);

    private static final int AT_A_TIME = 50;

    private final CompletableFuture<Closing> backendSaw = new CompletableFuture<>();

    private void mannerlyBackend() {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            complete(backendSaw, () -> Correspondent.backend(exchange.wire()).listen(false));
        });
    }

    private interface Listening {
        Closing listen() throws Exception;
    }

    private static void complete(CompletableFuture<Closing> seen, Listening listening) {
        try {
            seen.complete(listening.listen());
        } catch (Exception | AssertionError e) {
            seen.completeExceptionally(e);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aBackendThatIsGoneIsToldToTheClient(boolean reset) throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.text("last words").plain());
            assertThat(go.await(10, TimeUnit.SECONDS)).isTrue();
            if (reset) {
                exchange.wire().reset();
            } else {
                exchange.wire().close();
            }
        });
        try (Wire client = webSocketTunnel(Routes.MAIN, "/ws")) {
            assertThat(Frame.read(client).text()).isEqualTo("last words");
            go.countDown();
            Closing closing = Correspondent.client(client).listen(false);
            assertThat(closing).isEqualTo(new Closing(1011, "the backend is gone"));
        }
        eventually().until(() -> backend.open() == 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aClientThatIsGoneIsToldToTheBackend(boolean reset) throws Exception {
        mannerlyBackend();
        Wire client = webSocketTunnel(Routes.MAIN, "/ws");
        client.send(Frame.text("last words").masked());
        if (reset) {
            client.reset();
        } else {
            client.close();
        }
        assertThat(Crew.await(backendSaw)).isEqualTo(new Closing(1001, "the client is gone"));
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void peersThatAnswerPingsLive() throws Exception {
        CompletableFuture<Correspondent> atBackend = new CompletableFuture<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            Correspondent peer = Correspondent.backend(exchange.wire());
            atBackend.complete(peer);
            complete(backendSaw, () -> peer.listen(false));
        });
        try (Wire wire = webSocketTunnel(Routes.PINGED, "/ws")) {
            Correspondent client = Correspondent.client(wire);
            CompletableFuture<Closing> clientSaw = Crew.call(() -> client.listen(false));
            eventually().until(() -> client.pings() >= 4);
            Correspondent peer = Crew.await(atBackend);
            eventually().until(() -> peer.pings() >= 4);
            assertThat(clientSaw.isDone() || backendSaw.isDone()).isFalse();
        }
        Crew.await(backendSaw);
    }

    @Test
    void aClientThatAnswersNothingIsDead() throws Exception {
        mannerlyBackend();
        try (Wire client = webSocketTunnel(Routes.PINGED, "/ws")) {
            long start = System.nanoTime();
            assertThat(Crew.await(backendSaw)).isEqualTo(new Closing(1001, "the client is gone"));
            // pingInterval, pongTimeout, and the loop's ticks.
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(500), Duration.ofSeconds(4));
            assertThat(Frame.read(client).opcode()).isEqualTo(Frame.PING);
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aBackendThatAnswersNothingIsDead() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
        });
        try (Wire client = webSocketTunnel(Routes.PINGED, "/ws")) {
            assertThat(Correspondent.client(client).listen(false)).isEqualTo(new Closing(1011, "the backend is gone"));
        } finally {
            over.countDown();
        }
    }

    @Test
    void aClientBehindARelayThatSwallowsEverythingIsFound() throws Exception {
        mannerlyBackend();
        Relay relay = Relay.start();
        relay.leadTo(address().getPort());
        try (Wire wire = Wire.connect(relay.address(), entrance().trust(), 0)) {
            switched(wire, webSocket(Routes.PINGED, "/ws"));
            Correspondent client = Correspondent.client(wire);
            CompletableFuture<Closing> listening = Crew.call(() -> client.listen(false));
            eventually().until(() -> client.pings() >= 2);
            assertThat(listening.isDone() || backendSaw.isDone()).isFalse();
            relay.swallow();
            assertThat(Crew.await(backendSaw)).isEqualTo(new Closing(1001, "the client is gone"));
        }
        eventually().until(() -> backend.open() == 0);
    }

    // ---- rules

    private void assertBothTold(Wire client, int code, String reason) throws Exception {
        Closing clientSaw = Correspondent.client(client).listen(false);
        assertThat(clientSaw.code()).isEqualTo(code);
        assertThat(clientSaw.reason()).contains(reason);
        assertThat(Crew.await(backendSaw)).isEqualTo(clientSaw);
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aFrameThatIsTooLargeClosesBoth() throws Exception {
        mannerlyBackend();
        try (Wire client = webSocketTunnel(Routes.STRICT, "/ws")) {
            client.send(Frame.last(Frame.BINARY, new byte[1000]).masked());
            client.send(Frame.last(Frame.BINARY, new byte[1001]).masked());
            assertBothTold(client, 1009, "maxFrameSize");
        }
    }

    @Test
    void aMessageThatIsTooLargeClosesBoth() throws Exception {
        mannerlyBackend();
        try (Wire client = webSocketTunnel(Routes.STRICT, "/ws")) {
            client.send(Frame.more(Frame.BINARY, new byte[1000]).masked());
            client.send(Frame.more(Frame.CONTINUATION, new byte[1000]).masked());
            client.send(Frame.last(Frame.CONTINUATION, new byte[1]).masked());
            assertBothTold(client, 1009, "maxMessageSize");
        }
    }

    @Test
    void tooManyMessagesCloseBoth() throws Exception {
        mannerlyBackend();
        try (Wire client = webSocketTunnel(Routes.STRICT, "/ws")) {
            for (int i = 0; i < 50; i++) {
                client.send(Frame.text("hurry").masked());
            }
            assertBothTold(client, 1008, "maxMessageRate");
        }
    }

    @Test
    void whatIsNoFrameClosesBothOnlyIfTheRouteSaysSo() throws Exception {
        mannerlyBackend();
        byte[] noFrame = Frame.text("unmasked").plain();
        try (Wire client = webSocketTunnel(Routes.STRICT, "/ws")) {
            client.send(noFrame);
            assertThat(Frame.read(client).closeCode()).isEqualTo(1002);
            client.send(Frame.close(1002, "").masked());
            client.finish();
            client.ending();
            assertThat(Crew.await(backendSaw).code()).isEqualTo(1002);
        }
        backend.on("/passed", WireTest::webSocketEcho);
        try (Wire client = webSocketTunnel(Routes.MAIN, "/passed")) {
            client.send(noFrame);
            assertThat(client.read(noFrame.length)).isEqualTo(noFrame);
        }
    }

    // ---- closes while it is in use

    /** Each of its waits has an end of its own; a long run takes as long as it takes. */
    @Tag("long")
    @Test
    @Timeout(value = 1, unit = TimeUnit.HOURS)
    void noPeerEverSeesAMalformedFrame() throws Exception {
        Queue<Closing> backendsSaw = new ConcurrentLinkedQueue<>();
        long seed = System.nanoTime();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            try {
                Random random = new Random(seed + exchange.connection());
                backendsSaw.add(Correspondent.backend(exchange.wire()).converse(random));
            } catch (Exception e) {
                throw new IOException(e);
            }
        });
        // No more than may wait for the backend.
        int most = fairlead().server().has(Server.Trait.HANDSHAKES_HOLD_THREADS) ? 25 : AT_A_TIME;
        for (int closed = 0; closed < CLOSES; closed += most) {
            List<CompletableFuture<Closing>> clients = new ArrayList<>();
            for (int i = 0; i < most; i++) {
                Random random = new Random(seed - closed - i);
                clients.add(Crew.call(() -> {
                    try (Wire wire = webSocketTunnel(Routes.AGED, "/ws")) {
                        return Correspondent.client(wire).converse(random);
                    }
                }));
            }
            for (CompletableFuture<Closing> client : clients) {
                assertThat(Crew.await(client))
                        .as("seed %d", seed)
                        .isEqualTo(new Closing(1001, "older than maxTunnelAge"));
            }
            eventually().until(() -> backend.open() == 0);
        }
        assertThat(backendsSaw).hasSize(CLOSES).allMatch(saw -> saw.code() == 1001);
    }
}
