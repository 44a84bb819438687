package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Frame;
import io.fairlead.suite.peer.Http2Stream;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Vitals;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** WebSocket over HTTP/2 (RFC 8441): many tunnels in one connection, each as alone as if it had its own. */
public abstract class WebSocketOverHttp2Test extends Http2WireTest {

    private static final long TWENTY_MB = 20L << 20;
    private static final long PLENTY = 100L << 20;

    /** More than the sockets and windows between two peers ever hold. */
    private static final long MUCH_LESS = 48L << 20;

    // ---- the handshake

    @Test
    void settingsSayThatWebSocketIsCarried() throws Exception {
        try (Http2 connection = connection()) {
            assertThat(connection.connectsProtocols()).isTrue();
        }
    }

    @Test
    void theHandshakeIsTranslatedAndItsNegotiationPassesUntouched() throws Exception {
        String offered = "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame";
        String chosen = "permessage-deflate; client_max_window_bits=\"15\", x-webkit-deflate-frame";
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket(
                    "Sec-WebSocket-Protocol: chat.v2",
                    "Sec-WebSocket-Extensions: " + chosen,
                    "Set-Cookie: a=\"1 2\"; Max-Age=9",
                    "Set-Cookie: b=2; HttpOnly",
                    "X-Twice: 1",
                    "X-Twice: 2");
            exchange.echo();
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = askForTunnel(
                    connection,
                    Routes.WEBSOCKET,
                    "/ws?a=%2F&b=c",
                    "origin: https://chat.example",
                    "cookie: x=1",
                    "cookie: y=2",
                    "sec-websocket-protocol: chat.v1, chat.v2",
                    "sec-websocket-extensions: " + offered);
            Head head = stream.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.value("sec-websocket-protocol")).isEqualTo("chat.v2");
            assertThat(head.value("sec-websocket-extensions")).isEqualTo(chosen);
            assertThat(head.values("set-cookie")).containsExactly("a=\"1 2\"; Max-Age=9", "b=2; HttpOnly");
            assertThat(head.values("x-twice")).containsExactly("1", "2");
            for (String name :
                    List.of("connection", "upgrade", "sec-websocket-accept", "content-length", "transfer-encoding")) {
                assertThat(head.has(name)).as("%s in\n%s", name, head).isFalse();
            }
            assertEchoes(stream, Frame.text("hello"));
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.startLine()).isEqualTo("GET /ws?a=%2F&b=c HTTP/1.1");
        assertThat(seen.value("Host")).isEqualTo(HOST);
        assertThat(seen.value("Upgrade")).isEqualTo("websocket");
        assertThat(seen.tokens("Connection")).containsExactly("upgrade");
        assertThat(Base64.getDecoder().decode(seen.value("Sec-WebSocket-Key"))).hasSize(16);
        assertThat(seen.value("Sec-WebSocket-Version")).isEqualTo("13");
        assertThat(seen.value("Sec-WebSocket-Protocol")).isEqualTo("chat.v1, chat.v2");
        assertThat(seen.value("Sec-WebSocket-Extensions")).isEqualTo(offered);
        assertThat(seen.value("Origin")).isEqualTo("https://chat.example");
        assertThat(seen.value("Cookie")).isEqualTo("x=1; y=2");
        assertThat(seen.has("Content-Length")).isFalse();
        assertThat(seen.has("Transfer-Encoding")).isFalse();
        assertThat(seen.fields()).noneMatch(field -> field.name().startsWith(":"));
    }

    @Test
    void everyHandshakeHasAKeyOfItsOwn() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        try (Http2 connection = connection()) {
            tunnels(connection, 10, Routes.MAIN, "/ws");
        }
        assertThat(backend.requests().stream()
                        .map(head -> head.value("Sec-WebSocket-Key"))
                        .distinct())
                .hasSize(10);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "302 Found",
                "307 Temporary Redirect",
                "401 Unauthorized",
                "403 Forbidden",
                "404 Not Found",
                "426 Upgrade Required",
                "500 Internal Server Error"
            })
    void aRefusalReachesTheClientAsItIs(String status) throws Exception {
        String body = "no, said the backend. ".repeat(5000);
        backend.on(
                "/refuse",
                exchange -> exchange.answer(
                        status, body, "Location: http://elsewhere.example/", "WWW-Authenticate: Basic realm=\"a, b\""));
        try (Http2 connection = connection()) {
            Http2Stream stream = askForTunnel(connection, Routes.WEBSOCKET, "/refuse");
            Head head = stream.readHead();
            assertThat(head.status()).isEqualTo(Integer.parseInt(status.substring(0, 3)));
            assertThat(head.value("location")).isEqualTo("http://elsewhere.example/");
            assertThat(head.value("www-authenticate")).isEqualTo("Basic realm=\"a, b\"");
            assertThat(head.has("connection")).isFalse();
            assertThat(stream.readRestText()).isEqualTo(body);
            stream.close();
            assertServes(connection);
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aSuccessThatSwitchesNothingIsABadGateway() throws Exception {
        backend.on("/ok", exchange -> exchange.answer("200 OK", "no socket here"));
        assertFails(502, Routes.MAIN, "/ok");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "Sec-WebSocket-Accept: bm90IHJpZ2h0"})
    void anAcceptThatIsNotRightIsABadGateway(String accept) throws Exception {
        backend.on("/ws", exchange -> {
            exchange.wire().sendLines("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade");
            if (!accept.isEmpty()) {
                exchange.wire().sendLines(accept);
            }
            exchange.wire().sendLines("");
            exchange.echo();
        });
        assertFails(502, Routes.MAIN, "/ws");
    }

    @Test
    void aDeadBackendIsABadGatewayAndASilentOneATimeout() throws Exception {
        backend.on("/hang", exchange -> exchange.wire().ending());
        assertFails(502, Routes.DEAD, "/ws");
        assertFails(504, Routes.QUICK, "/hang");
    }

    private void assertFails(int status, String route, String backendPath) throws IOException {
        try (Http2 connection = connection()) {
            Http2Stream stream = askForTunnel(connection, route, backendPath);
            Head head = stream.readHead();
            assertThat(head.status()).isEqualTo(status);
            assertPlainError(head, stream.readRestText());
            stream.close();
            assertServes(connection);
            eventually().until(() -> backend.open() == 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"connect-udp", "line-noise", "h2c", "web socket"})
    void anotherProtocolIsNotImplemented(String protocol) throws Exception {
        try (Http2 connection = connection()) {
            Http2Stream stream = connection.open(connection.connect(protocol, HOST, path(Routes.MAIN, "/ws")), false);
            assertThat(stream.readHead().status()).isEqualTo(501);
            stream.close();
            assertServes(connection);
        }
        assertThat(backend.requests()).noneMatch(head -> head.target().contains("/ws"));
    }

    @Test
    void aRouteThatIsOffRefuses() throws Exception {
        backend.on("/", WireTest::webSocketEcho);
        try (Http2 connection = connection()) {
            Http2Stream stream = askForTunnel(connection, Routes.OFF, "/ws");
            assertThat(stream.readHead().status()).isBetween(400, 599);
            stream.close();
            assertServes(connection);
        }
        assertThat(backend.requests()).noneMatch(head -> head.has("Upgrade"));
    }

    // ---- traffic

    @ParameterizedTest
    @ValueSource(ints = {1, 1000, 60_000})
    void dataSentBeforeTheAnswerArrivesAfterThe101(int length) throws Exception {
        byte[] early = new Noise(70, length).bytes();
        backend.on("/early", exchange -> {
            exchange.wire().expectSilence(Duration.ofMillis(200));
            exchange.acceptWebSocket();
            assertThat(exchange.wire().read(length)).isEqualTo(early);
            exchange.wire().send("got them");
            exchange.echo();
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = askForTunnel(connection, Routes.MAIN, "/early");
            stream.send(early);
            assertThat(stream.readHead().status()).isEqualTo(200);
            assertThat(stream.readText(8)).isEqualTo("got them");
            assertEchoes(stream, Frame.text("and more"));
        }
    }

    @Test
    void bytesGluedToThe101ReachTheClient() throws Exception {
        Noise noise = new Noise(71, 1 << 20);
        backend.on("/glued", exchange -> {
            exchange.wire().send(exchange.webSocketHead() + new String(noise.bytes(), StandardCharsets.ISO_8859_1));
        });
        try (Http2 connection = connection()) {
            assertThat(tunnel(connection, Routes.MAIN, "/glued").readRest()).isEqualTo(noise.bytes());
        }
    }

    @Test
    void framesOfEveryKindPassAsTheyAre() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        try (Http2 connection = connection()) {
            Http2Stream stream = tunnel(connection, Routes.MAIN, "/ws");
            assertEchoes(stream, Frame.more(Frame.TEXT, new byte[] {'H', 'e'}));
            assertEchoes(stream, Frame.last(Frame.PING, "are you there".getBytes(StandardCharsets.US_ASCII)));
            assertEchoes(stream, Frame.more(Frame.CONTINUATION, new byte[70_000]));
            assertEchoes(stream, Frame.last(Frame.PONG, new byte[125]));
            assertEchoes(stream, Frame.last(Frame.CONTINUATION, new byte[] {'o'}));
            assertEchoes(stream, Frame.text("reserved").reserved(5));
            assertEchoes(stream, Frame.close(4001, "enough"));
        }
    }

    @Test
    void twentyMegabytesPassBothWaysAtOnceInEachOfThreeTunnels() throws Exception {
        Noise up = new Noise(72, TWENTY_MB);
        Noise down = new Noise(73, TWENTY_MB);
        String upDigest = up.digest();
        String downDigest = down.digest();
        backend.on("/noise", exchange -> {
            exchange.acceptWebSocket();
            CompletableFuture<Void> sent =
                    Crew.start(() -> down.pour(exchange.wire().out()));
            assertThat(Noise.digest(exchange.wire().in(), TWENTY_MB)).isEqualTo(upDigest);
            Crew.await(sent);
            exchange.wire().send("all there");
            exchange.wire().ending();
        });
        try (Http2 connection = connection()) {
            List<CompletableFuture<Void>> work = new ArrayList<>();
            for (Http2Stream stream : tunnels(connection, 3, Routes.MAIN, "/noise")) {
                work.add(Crew.start(() -> up.pour(stream.out())));
                work.add(Crew.start(() -> {
                    assertThat(Noise.digest(stream.in(), TWENTY_MB)).isEqualTo(downDigest);
                    assertThat(stream.readText(9)).isEqualTo("all there");
                }));
            }
            for (CompletableFuture<Void> one : work) {
                Crew.await(one);
            }
        }
    }

    // ---- one slow tunnel

    @Test
    void aClientThatReadsNothingOfOneTunnelStallsNoOther() throws Exception {
        AtomicLong poured = new AtomicLong();
        Noise noise = new Noise(74, PLENTY);
        backend.on("/flood", exchange -> {
            exchange.acceptWebSocket();
            noise.pour(exchange.wire().out(), poured);
        });
        backend.on("/ws", WireTest::webSocketEcho);
        try (Http2 connection = connection(256 << 10, 16 << 20)) {
            Http2Stream other = tunnel(connection, Routes.MAIN, "/ws");
            Http2Stream slow = tunnel(connection, Routes.MAIN, "/flood");
            assertThat(standstill(poured)).as("bytes that nobody read").isLessThan(MUCH_LESS);
            for (int i = 0; i < 100; i++) {
                assertEchoes(other, Frame.text("meanwhile " + i));
            }
            assertServes(connection);
            assertEchoes(tunnel(connection, Routes.MAIN, "/ws"), Frame.text("a new one"));
            assertThat(Noise.digest(slow.in(), PLENTY)).isEqualTo(noise.digest());
        }
    }

    @Test
    void aBackendThatReadsNothingOfOneTunnelStallsNoOther() throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        Noise noise = new Noise(75, PLENTY);
        CompletableFuture<String> arrived = new CompletableFuture<>();
        backend.on("/deaf", exchange -> {
            exchange.acceptWebSocket();
            assertThat(read.await(60, TimeUnit.SECONDS)).isTrue();
            arrived.complete(Noise.digest(exchange.wire().in(), PLENTY));
        });
        backend.on("/ws", WireTest::webSocketEcho);
        try (Http2 connection = connection()) {
            Http2Stream other = tunnel(connection, Routes.MAIN, "/ws");
            Http2Stream slow = tunnel(connection, Routes.MAIN, "/deaf");
            AtomicLong poured = new AtomicLong();
            CompletableFuture<Void> sent = Crew.start(() -> noise.pour(slow.out(), poured));
            assertThat(standstill(poured)).as("bytes that nobody read").isLessThan(MUCH_LESS);
            assertThat(slow.window()).as("the slow stream's window").isLessThan(16_384);
            assertThat(connection.window()).as("the connection's window").isGreaterThan(0);
            for (int i = 0; i < 100; i++) {
                assertEchoes(other, Frame.text("meanwhile " + i));
            }
            assertServes(connection);
            read.countDown();
            Crew.await(sent);
            assertThat(Crew.await(arrived)).isEqualTo(noise.digest());
        }
    }

    // ---- ends

    @Test
    void endOfStreamIsAnEndOfStreamInBothDirections() throws Exception {
        Noise last = new Noise(76, 2 << 20);
        CompletableFuture<byte[]> arrived = new CompletableFuture<>();
        backend.on("/clientfirst", exchange -> {
            exchange.acceptWebSocket();
            assertThat(exchange.wire().readRest()).asString().isEqualTo("that was all");
            last.pour(exchange.wire().out());
        });
        backend.on("/backendfirst", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send("that was all");
            exchange.wire().finish();
            arrived.complete(exchange.wire().readRest());
        });
        try (Http2 connection = connection()) {
            Http2Stream first = tunnel(connection, Routes.MAIN, "/clientfirst");
            first.send("that was all");
            first.finish();
            assertThat(first.readRest()).isEqualTo(last.bytes());
            Http2Stream second = tunnel(connection, Routes.MAIN, "/backendfirst");
            assertThat(second.readRestText()).isEqualTo("that was all");
            last.pour(second.out());
            second.finish();
            assertThat(Crew.await(arrived)).isEqualTo(last.bytes());
            eventually().until(() -> backend.open() == 0);
            assertThat(connection.open()).isZero();
            assertServes(connection);
        }
    }

    @Tag("long")
    @Test
    void aResetOfTheClientEndsTheBackendsConnectionAndNothingElse() throws Exception {
        CompletableFuture<Integer> closeCode = new CompletableFuture<>();
        backend.on("/end", exchange -> {
            exchange.acceptWebSocket();
            closeCode.complete(closedAsBackend(exchange.wire()));
        });
        backend.on("/ws", WireTest::webSocketEcho);
        try (Http2 connection = connection()) {
            Http2Stream other = tunnel(connection, Routes.MAIN, "/ws");
            tunnel(connection, Routes.MAIN, "/end").reset();
            assertThat(Crew.await(closeCode)).isEqualTo(1001);
            eventually().until(() -> backend.open() == 1);
            assertEchoes(other, Frame.text("untouched"));
            assertServes(connection);
        }
    }

    @Tag("long")
    @Test
    void aResetOfTheBackendEndsTheStreamAndNothingElse() throws Exception {
        CountDownLatch open = new CountDownLatch(1);
        backend.on("/end", exchange -> {
            exchange.acceptWebSocket();
            assertThat(open.await(10, TimeUnit.SECONDS)).isTrue();
            exchange.wire().reset();
        });
        backend.on("/ws", WireTest::webSocketEcho);
        try (Http2 connection = connection()) {
            Http2Stream other = tunnel(connection, Routes.MAIN, "/ws");
            Http2Stream stream = tunnel(connection, Routes.MAIN, "/end");
            open.countDown();
            stream.drain();
            assertEchoes(other, Frame.text("untouched"));
            assertServes(connection);
            // A peer that is told of the end by END_STREAM ends its own side.
            stream.close();
            eventually().until(() -> connection.open() == 1);
        }
    }

    @Tag("long")
    @Test
    void anIdleTunnelEndsAndItsConnectionLives() throws Exception {
        backend.on("/idle", exchange -> {
            exchange.acceptWebSocket();
            assertThat(closedAsBackend(exchange.wire())).isEqualTo(1001);
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = tunnel(connection, Routes.CUT, "/idle");
            long start = System.nanoTime();
            stream.drain();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(12));
            eventually().until(() -> backend.open() == 0);
            assertServes(connection);
        }
    }

    @Test
    void aTunnelOutlivesTheTimeoutsOfHttp() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        try (Http2 connection = connection()) {
            Http2Stream stream = tunnel(connection, Routes.QUICK, "/ws");
            stream.expectSilence(Duration.ofMillis(2500));
            assertEchoes(stream, Frame.text("still here"));
        }
    }

    @Tag("long")
    @ParameterizedTest
    @ValueSource(strings = {"reset", "close", "goaway"})
    void theLossOfAConnectionEndsAllItsTunnels(String how) throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        try (Http2 lost = connection();
                Http2 kept = connection()) {
            Http2Stream other = tunnel(kept, Routes.MAIN, "/ws");
            for (Http2Stream stream : tunnels(lost, 20, Routes.MAIN, "/ws")) {
                assertEchoes(stream, Frame.text("alive"));
            }
            assertThat(backend.open()).isEqualTo(21);
            switch (how) {
                case "reset" -> lost.reset();
                case "close" -> lost.close();
                default -> {
                    lost.goAway(Http2Frame.PROTOCOL_ERROR);
                    lost.close();
                }
            }
            eventually().until(() -> backend.open() == 1);
            assertEchoes(other, Frame.text("untouched"));
        }
        eventually().until(() -> backend.open() == 0);
    }

    // ---- many

    @Tag("long")
    @Test
    void aThousandTunnelsOnTenConnectionsLeaveNothingBehind() throws Exception {
        Vitals vitals = fairlead().vitals();
        // Pools grow to what such a crowd needs, once.
        crowd(10, 100);
        eventually().until(() -> Routes.CROWD_BACKEND.open() < 10);
        int threads = vitals.threads().size();
        long descriptors = vitals.descriptors();
        long direct = vitals.directBytes();
        long heap = vitals.heapBytes();
        int idleThreads = crowd(10, 100);
        // A server may add to its own pool, which is bounded; a thousand would be ours.
        assertThat(idleThreads).as("threads with a thousand tunnels").isLessThan(threads + 200);
        assertCrowdLeft();
        eventually().untilAsserted(() -> {
            assertThat(vitals.descriptors()).as("descriptors").isLessThan(descriptors + 30);
            assertThat(vitals.threads()).as("threads").hasSizeLessThan(threads + 200);
            assertThat(vitals.directBytes() - direct)
                    .as("growth of direct buffers")
                    .isLessThan(8L << 20);
            assertThat(vitals.heapBytes() - heap).as("growth of the heap").isLessThan(8L << 20);
        });
    }

    /** The HTTP client may have opened a connection too many, which stays for its idle time. */
    private static void assertCrowdLeft() {
        eventually().until(() -> Routes.CROWD_BACKEND.open() == 0);
    }

    /** Opens tunnels, lets all echo, be idle and echo again, ends them in every way; gives the threads at idle. */
    private int crowd(int connections, int tunnelsOnEach) throws Exception {
        List<Http2> all = new ArrayList<>();
        List<Http2Stream> streams = new ArrayList<>();
        try {
            for (int i = 0; i < connections; i++) {
                Http2 connection = connection(64 << 10, 16 << 20);
                all.add(connection);
                streams.addAll(tunnels(connection, tunnelsOnEach, Routes.CROWD, "/"));
            }
            assertThat(Routes.CROWD_BACKEND.open()).isGreaterThanOrEqualTo(connections * tunnelsOnEach);
            assertAllEcho(streams, "first");
            streams.get(0).expectSilence(Duration.ofSeconds(1));
            int threads = fairlead().vitals().threads().size();
            assertAllEcho(streams, "again");
            AtomicInteger next = new AtomicInteger();
            for (Http2Stream stream : streams) {
                switch (next.getAndIncrement() % 20) {
                    case 0 -> stream.reset();
                    case 1, 2, 3, 4, 5, 6, 7, 8, 9 -> stream.finish();
                    default -> {
                        // With its connection.
                    }
                }
            }
            return threads;
        } finally {
            all.forEach(Http2::close);
        }
    }

    private static void assertAllEcho(List<Http2Stream> streams, String text) throws IOException {
        for (int i = 0; i < streams.size(); i++) {
            streams.get(i).send(text + i);
        }
        for (int i = 0; i < streams.size(); i++) {
            String expected = text + i;
            assertThat(streams.get(i).readText(expected.length())).isEqualTo(expected);
        }
    }
}
