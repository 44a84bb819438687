package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.BackendSettings.CheckKind;
import io.fairlead.proxy.Route.ClientSettings;
import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.backend.Backends;
import io.fairlead.proxy.backend.Balance;
import io.fairlead.proxy.backend.HealthRules;
import io.fairlead.proxy.backend.Target;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Door;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Against real sockets. What a peer has seen, it puts into {@link #seen}. */
@Timeout(60)
class BackendProbeTest {

    private static final String WELL = "well";
    private static final Duration LONG = Duration.ofSeconds(15);
    private static final Duration SHORT = Duration.ofSeconds(2);
    private static final Authority AUTHORITY = Authority.create("Test");

    private static @Nullable BackendClient plain;
    private static @Nullable BackendClient secure;

    private final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();
    private final Backend peer = Backend.start();

    @BeforeAll
    static void start(@TempDir Path files) {
        plain = client(null);
        secure = client(
                new TlsSettings(true, null, AUTHORITY.writeRoot(files.resolve("root.pem")), null, null, null, null));
    }

    @AfterAll
    static void stop() throws Exception {
        for (BackendClient client : new BackendClient[] {plain, secure}) {
            if (client != null) {
                client.close();
            }
        }
    }

    private static BackendClient client(@Nullable TlsSettings tls) {
        return BackendClient.start(
                new ClientSettings(8, 1, 1, LONG, Duration.ofSeconds(20), 4096, 16_384, 32_768, 32_768, tls));
    }

    private static String probe(
            CheckKind kind, String scheme, String path, @Nullable String host, String name, int port, Duration timeout)
            throws InterruptedException {
        Backends backends = new Backends(
                "r", Balance.ROUNDROBIN, new HealthRules(3, LONG, true, 2, 2, Duration.ZERO), 1, 1, System::nanoTime);
        backends.update("test", List.of(new Target(name, port, 1, false)));
        BackendClient client = scheme.equals("https") ? secure : plain;
        assertThat(client).isNotNull();
        BlockingQueue<String> verdicts = new LinkedBlockingQueue<>();
        new BackendProbe(client.client(), kind, scheme, path, host)
                .probe(backends.all().get(0), timeout, fault -> verdicts.add(fault == null ? WELL : fault));
        String verdict = verdicts.poll(40, TimeUnit.SECONDS);
        assertThat(verdicts).as("told once").isEmpty();
        assertThat(verdict).as("told").isNotNull();
        return verdict;
    }

    private static String probe(CheckKind kind, int port, Duration timeout) throws InterruptedException {
        return probe(kind, "http", "/health?a=b", null, "127.0.0.1", port, timeout);
    }

    private Object next() throws InterruptedException {
        Object next = seen.poll(20, TimeUnit.SECONDS);
        assertThat(next).isNotNull();
        return next;
    }

    private static int refusing() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    // ---- any kind

    @ParameterizedTest
    @EnumSource(CheckKind.class)
    void aPortThatRefuses(CheckKind kind) throws Exception {
        assertThat(probe(kind, refusing(), LONG))
                .startsWith("there was no connection (")
                .contains("refused");
    }

    @ParameterizedTest
    @EnumSource(
            value = CheckKind.class,
            names = {"HTTP", "WEBSOCKET"})
    void aPeerThatSaysNothingHasTheTimeoutAndIsLeft(CheckKind kind) throws Exception {
        Door silent = Door.open(wire -> {
            wire.readHead();
            wire.readRest();
            seen.add("left");
        });
        assertThat(probe(kind, silent.port(), SHORT)).isEqualTo("there was no answer within 2000 ms");
        assertThat(next()).isEqualTo("left");
    }

    @ParameterizedTest
    @EnumSource(
            value = CheckKind.class,
            names = {"HTTP", "WEBSOCKET"})
    void aPeerThatHangsUp(CheckKind kind) throws Exception {
        Door rude = Door.open(Wire::readHead);
        assertThat(probe(kind, rude.port(), LONG)).startsWith("there was no answer (EOFException");
    }

    // ---- tcp

    @Test
    void aConnectionIsMadeEachTimeAndClosedAtOnce() throws Exception {
        Door silent = Door.open(wire -> {
            wire.readRest();
            seen.add("left");
        });
        for (int i = 0; i < 3; i++) {
            assertThat(probe(CheckKind.TCP, silent.port(), LONG)).isEqualTo(WELL);
            assertThat(next()).isEqualTo("left");
        }
    }

    @Test
    void aNameIsLookedUp() throws Exception {
        assertThat(probe(CheckKind.TCP, "http", "/", null, "localhost", peer.port(), LONG))
                .isEqualTo(WELL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void overTlsTheHandshakeIsPartOfIt(String version) throws Exception {
        Backend tls = Backend.start(AUTHORITY.issue("localhost", "127.0.0.1"), version);
        assertThat(probe(CheckKind.TCP, "https", "/", null, "localhost", tls.port(), LONG))
                .isEqualTo(WELL);
        assertThat(probe(CheckKind.TCP, "https", "/", null, "127.0.0.1", tls.port(), LONG))
                .isEqualTo(WELL);
    }

    @ParameterizedTest
    @EnumSource(CheckKind.class)
    void aCertificateThatIsNotRight(CheckKind kind) throws Exception {
        Backend tls = Backend.start(AUTHORITY.issue("elsewhere.example"));
        assertThat(probe(kind, "https", "/", null, "localhost", tls.port(), LONG))
                .isEqualTo(
                        "the certificate of localhost:" + tls.port() + " is for elsewhere.example, not for localhost");
    }

    @Test
    void aPeerThatDoesNotAnswerTheHandshakeIsLeft() throws Exception {
        Door silent = Door.open(wire -> {
            wire.readRest();
            seen.add("left");
        });
        assertThat(probe(CheckKind.TCP, "https", "/", null, "localhost", silent.port(), SHORT))
                .isEqualTo("there was no TLS handshake within 2000 ms");
        assertThat(next()).isEqualTo("left");
    }

    @Test
    void aPeerThatBreaksTheHandshakeOff() throws Exception {
        Door closing = Door.open(wire -> {
            byte[] head = wire.read(5);
            wire.read((head[3] & 0xff) << 8 | head[4] & 0xff);
        });
        assertThat(probe(CheckKind.TCP, "https", "/", null, "localhost", closing.port(), LONG))
                .isEqualTo("localhost:" + closing.port() + " broke off the TLS handshake");
    }

    // ---- http

    @ParameterizedTest
    @ValueSource(strings = {"200 OK", "204 No Content", "302 Found", "399 Whatever"})
    void from200To399ItIsWell(String status) throws Exception {
        peer.on("/health?a=b", exchange -> exchange.sendHead("HTTP/1.1 " + status, "Content-Length: 0"));
        assertThat(probe(CheckKind.HTTP, peer.port(), LONG)).isEqualTo(WELL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"400 Bad Request", "401 Unauthorized", "404 Not Found", "500 Oops", "503 Busy"})
    void anyOtherStatusIsTold(String status) throws Exception {
        peer.on("/", exchange -> exchange.answer(status, "a body"));
        assertThat(probe(CheckKind.HTTP, peer.port(), LONG)).isEqualTo("it answered " + status.substring(0, 3));
    }

    @Test
    void aSwitchOfProtocolsThatNobodyAskedForIsNotWell() throws Exception {
        peer.on("/", exchange -> {
            exchange.sendHead("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: foo");
            exchange.wire().readRest();
        });
        assertThat(probe(CheckKind.HTTP, peer.port(), LONG))
                .startsWith("there was no ")
                .contains("101");
    }

    @Test
    void theRequestSaysWhoAsks() throws Exception {
        peer.on("/", exchange -> exchange.answer("200 OK", ""));
        assertThat(probe(CheckKind.HTTP, peer.port(), LONG)).isEqualTo(WELL);
        assertThat(probe(CheckKind.HTTP, "http", "/x|y", "shop.example", "127.0.0.1", peer.port(), LONG))
                .isEqualTo(WELL);
        Head first = peer.requests().get(0);
        assertThat(first.startLine()).isEqualTo("GET /health?a=b HTTP/1.1");
        assertThat(first.values("Host")).containsExactly("127.0.0.1:" + peer.port());
        assertThat(first.values("User-Agent")).containsExactly("fairlead-health");
        Head second = peer.requests().get(1);
        assertThat(second.startLine()).isEqualTo("GET /x|y HTTP/1.1");
        assertThat(second.values("Host")).containsExactly("shop.example");
        assertThat(peer.accepted()).as("connections").isEqualTo(2);
    }

    @Test
    void ofAnEndlessBodyNoMoreIsReadThanIsNeeded() throws Exception {
        peer.on("/", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            try {
                while (true) {
                    exchange.sendChunk("x".repeat(8000));
                }
            } finally {
                seen.add("left");
            }
        });
        assertThat(probe(CheckKind.HTTP, peer.port(), LONG)).isEqualTo(WELL);
        assertThat(next()).isEqualTo("left");
    }

    @Test
    void aBodyThatStopsIsWaitedForNoLongerThanTheTimeout() throws Exception {
        peer.on("/", exchange -> {
            exchange.sendHead("HTTP/1.1 " + exchange.head().target().substring(1, 4) + " Status", "Content-Length: 9");
            exchange.wire().readRest();
            seen.add("left");
        });
        assertThat(probe(CheckKind.HTTP, "http", "/200", null, "127.0.0.1", peer.port(), SHORT))
                .isEqualTo(WELL);
        assertThat(next()).isEqualTo("left");
        assertThat(probe(CheckKind.HTTP, "http", "/500", null, "127.0.0.1", peer.port(), SHORT))
                .isEqualTo("there was no end to its answer 500 within 2000 ms");
        assertThat(next()).isEqualTo("left");
    }

    @Test
    void httpsIsAskedOverTls() throws Exception {
        Backend tls = Backend.start(AUTHORITY.issue("localhost"));
        tls.on("/health", exchange -> exchange.answer("200 OK", "well"));
        assertThat(probe(CheckKind.HTTP, "https", "/health", "shop.example", "localhost", tls.port(), LONG))
                .isEqualTo(WELL);
    }

    // ---- websocket

    /** Answers a ping, and the Close, as it should. */
    private void converse(Wire wire) throws java.io.IOException {
        Frame ping = Frame.read(wire);
        seen.add(ping);
        wire.send(Frame.text("hello").plain());
        wire.send(Frame.last(Frame.PONG, ping.payload()).plain());
        Frame close = Frame.read(wire);
        seen.add(close);
        wire.send(Frame.close(close.closeCode(), "").plain());
        wire.readRest();
        seen.add("left");
    }

    private void expectConversation() throws InterruptedException {
        assertThat(next()).isInstanceOfSatisfying(Frame.class, ping -> {
            assertThat(ping.opcode()).isEqualTo(Frame.PING);
            assertThat(ping.payload()).hasSize(8);
        });
        assertThat(next()).isInstanceOfSatisfying(Frame.class, close -> {
            assertThat(close.opcode()).isEqualTo(Frame.CLOSE);
            assertThat(close.closeCode()).isEqualTo(1000);
        });
        assertThat(next()).isEqualTo("left");
    }

    @Test
    void aWebSocketThatAnswersAPing() throws Exception {
        peer.on("/health?a=b", exchange -> {
            exchange.acceptWebSocket();
            converse(exchange.wire());
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), LONG)).isEqualTo(WELL);
        expectConversation();
        Head head = peer.requests().get(0);
        assertThat(head.values("User-Agent")).containsExactly("fairlead-health");
        assertThat(head.values("Sec-WebSocket-Version")).containsExactly("13");
    }

    @Test
    void aWebSocketOverTls() throws Exception {
        Backend tls = Backend.start(AUTHORITY.issue("localhost"));
        tls.on("/", exchange -> {
            exchange.acceptWebSocket();
            converse(exchange.wire());
        });
        assertThat(probe(CheckKind.WEBSOCKET, "https", "/", null, "localhost", tls.port(), LONG))
                .isEqualTo(WELL);
        expectConversation();
    }

    @Test
    void whatComesWithThe101IsNoAnswerToThePing() throws Exception {
        peer.on("/", exchange -> {
            String head = exchange.webSocketHead();
            byte[] frames = Frame.last(Frame.PONG, new byte[0]).plain();
            byte[] both = new byte[head.length() + frames.length];
            System.arraycopy(head.getBytes(java.nio.charset.StandardCharsets.ISO_8859_1), 0, both, 0, head.length());
            System.arraycopy(frames, 0, both, head.length(), frames.length);
            exchange.wire().send(both);
            Frame.read(exchange.wire());
            seen.add("pinged");
            exchange.wire().readRest();
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), SHORT)).isEqualTo("there was no pong within 2000 ms");
        assertThat(next()).isEqualTo("pinged");
    }

    @Test
    void aBackendThatNeverAnswersTheCloseIsWellAndLeft() throws Exception {
        peer.on("/", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire()
                    .send(Frame.last(Frame.PONG, Frame.read(exchange.wire()).payload())
                            .plain());
            exchange.wire().readRest();
            seen.add("left");
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), SHORT)).isEqualTo(WELL);
        assertThat(next()).isEqualTo("left");
    }

    @Test
    void aBackendThatSwallowsThePing() throws Exception {
        peer.on("/", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.text("hello").plain());
            exchange.wire().readRest();
            seen.add("left");
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), SHORT)).isEqualTo("there was no pong within 2000 ms");
        assertThat(next()).isEqualTo("left");
    }

    @Test
    void aBackendThatRefusesTheHandshake() throws Exception {
        for (String status : List.of("400 Bad Request", "200 OK")) {
            peer.reset();
            peer.on("/", exchange -> exchange.answer(status, "no"));
            assertThat(probe(CheckKind.WEBSOCKET, peer.port(), LONG))
                    .isEqualTo("it answered " + status.substring(0, 3) + " to a WebSocket handshake");
        }
    }

    @Test
    void aHandshakeThatIsAnsweredWrongly() throws Exception {
        peer.on("/", exchange -> {
            exchange.sendHead(
                    "HTTP/1.1 101 Switching Protocols",
                    "Connection: Upgrade",
                    "Upgrade: websocket",
                    "Sec-WebSocket-Accept: x");
            exchange.wire().readRest();
            seen.add("left");
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), LONG))
                .isEqualTo("the backend's Sec-WebSocket-Accept does not answer the Sec-WebSocket-Key that it was sent");
        assertThat(next()).isEqualTo("left");
        peer.on("/", exchange -> {
            exchange.sendHead("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: foo");
            exchange.wire().readRest();
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), LONG))
                .isEqualTo("the backend tried to switch to protocol 'foo' when 'websocket' was requested");
    }

    @Test
    void aBackendThatEndsInsteadOfAnswering() throws Exception {
        peer.on("/", exchange -> {
            exchange.acceptWebSocket();
            Frame.read(exchange.wire());
            exchange.wire().send(Frame.close(1013, "busy").plain());
            exchange.wire().readRest();
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), LONG))
                .isEqualTo("the backend closed the WebSocket, code 1013, instead of answering a ping");
        peer.on("/", exchange -> {
            exchange.acceptWebSocket();
            Frame.read(exchange.wire());
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), LONG))
                .isEqualTo("the backend ended the connection instead of answering a ping");
        peer.on("/", exchange -> {
            exchange.acceptWebSocket();
            Frame.read(exchange.wire());
            exchange.wire().send(new byte[] {(byte) 0xff, 0x00});
            exchange.wire().readRest();
        });
        assertThat(probe(CheckKind.WEBSOCKET, peer.port(), LONG))
                .startsWith("the backend broke the rules of framing: ");
    }
}
