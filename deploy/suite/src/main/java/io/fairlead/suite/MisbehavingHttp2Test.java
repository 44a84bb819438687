package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Frame;
import io.fairlead.suite.peer.Http2Stream;
import io.fairlead.suite.peer.Noise;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Clients of HTTP/2 that break its rules, or keep them and are a nuisance. Whatever they do, the backend is let go, memory
 * is bounded, and others are served.
 */
public abstract class MisbehavingHttp2Test extends Http2WireTest {

    /** More than the sockets and windows between two peers ever hold. */
    private static final long MUCH_LESS = 48L << 20;

    private static final Noise ENDLESS = new Noise(80, 1L << 40);

    private final AtomicLong poured = new AtomicLong();

    @BeforeEach
    void serve() {
        backend.on("/ws", WireTest::webSocketEcho);
        // Answers the Close frame that it gets for a client that is gone.
        backend.on("/framed", WireTest::framedEcho);
        backend.on("/flood", exchange -> {
            exchange.acceptWebSocket();
            ENDLESS.pour(exchange.wire().out(), poured);
        });
    }

    @AfterEach
    void everythingWasLetGoAndOthersAreServed() throws IOException {
        eventually().until(() -> backend.open() == 0);
        assertServes();
    }

    // ---- credit

    @Tag("long")
    @Test
    void aClientThatNeverGivesCreditHoldsAWindowAndNoMore() throws Exception {
        long before = fairlead().vitals().heapBytes();
        try (Http2 connection = connection(65_535, 65_535)) {
            Http2Stream stream = tunnel(connection, Routes.MAIN, "/flood");
            long stood = standstill(poured);
            assertThat(stood).as("bytes that nobody read").isLessThan(MUCH_LESS);
            assertThat(fairlead().vitals().heapBytes() - before).isLessThan(8L << 20);
            assertThat(stream.in().available()).isPositive();
        }
    }

    @Tag("long")
    @Test
    void aTunnelWhoseClientNeverGivesCreditEndsWhenIdle() throws Exception {
        try (Http2 connection = connection(1000, 65_535)) {
            Http2Stream stream = tunnel(connection, Routes.CUT, "/flood");
            standstill(poured);
            eventually().until(() -> backend.open() == 0);
            eventually().until(stream::ended);
            assertServes(connection);
            stream.close();
            eventually().until(() -> connection.open() == 0);
        }
    }

    @Test
    void aWindowOfNothingLetsNothingThrough() throws Exception {
        try (Http2 connection = connection(0, 65_535)) {
            Http2Stream stream = tunnel(connection, Routes.MAIN, "/ws");
            stream.send("anybody there?");
            stream.expectSilence(Duration.ofMillis(300));
            stream.giveCredit(5);
            assertThat(stream.readText(5)).isEqualTo("anybo");
            stream.expectSilence(Duration.ofMillis(300));
            stream.reset();
        }
    }

    @Test
    void dataThatDoesNotWaitForTheAnswerIsBoundedByTheWindow() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/later", exchange -> {
            assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
            exchange.acceptWebSocket();
            ENDLESS.pour(exchange.wire().out());
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = askForTunnel(connection, Routes.MAIN, "/later");
            AtomicLong sent = new AtomicLong();
            CompletableFuture<Void> sending = Crew.start(() -> ENDLESS.pour(stream.out(), sent));
            assertThat(standstill(sent)).isLessThan(4L << 20);
            assertServes(connection);
            stream.reset();
            eventually().until(sending::isDone);
            assertServes(connection);
        } finally {
            over.countDown();
        }
    }

    // ---- ends that come at a bad time

    @ParameterizedTest
    @ValueSource(strings = {"down", "up", "both"})
    void aResetInTheMiddleOfAFloodEndsIt(String direction) throws Exception {
        backend.on("/both", exchange -> {
            exchange.acceptWebSocket();
            CompletableFuture<Void> down =
                    Crew.start(() -> ENDLESS.pour(exchange.wire().out()));
            Noise.digest(exchange.wire().in(), Long.MAX_VALUE);
            eventually().until(down::isDone);
        });
        backend.on("/drain", exchange -> {
            exchange.acceptWebSocket();
            Noise.digest(exchange.wire().in(), Long.MAX_VALUE);
        });
        String backendPath = direction.equals("down") ? "/flood" : direction.equals("up") ? "/drain" : "/both";
        try (Http2 connection = connection()) {
            for (int i = 0; i < 5; i++) {
                Http2Stream stream = tunnel(connection, Routes.MAIN, backendPath);
                AtomicLong sent = new AtomicLong();
                CompletableFuture<Void> up = direction.equals("down")
                        ? CompletableFuture.completedFuture(null)
                        : Crew.start(() -> ENDLESS.pour(stream.out(), sent));
                if (direction.equals("up")) {
                    eventually().until(() -> sent.get() > 2 << 20);
                } else {
                    stream.read(2 << 20);
                }
                stream.reset();
                eventually().until(up::isDone);
            }
            eventually().until(() -> backend.open() == 0);
            assertServes(connection);
        }
    }

    @Tag("long")
    @Test
    void aTcpConnectionThatIsCutInTheMiddleOfFloodsEndsThemAll() throws Exception {
        try (Http2 connection = connection(256 << 10, 16 << 20)) {
            List<Http2Stream> streams = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                streams.add(tunnel(connection, Routes.MAIN, "/flood"));
            }
            for (Http2Stream stream : streams) {
                stream.read(1 << 20);
            }
            connection.reset();
        }
    }

    @Tag("long")
    @Test
    void resetsAtAnyMomentOfTheHandshakeLeaveNothingBehind() throws Exception {
        for (int round = 0; round < 3; round++) {
            try (Http2 connection = connection()) {
                for (int i = 0; i < 40; i++) {
                    Http2Stream stream = askForTunnel(connection, Routes.PATIENT, "/framed");
                    long until = System.nanoTime() + i * 50_000L;
                    while (System.nanoTime() < until) {
                        Thread.onSpinWait();
                    }
                    stream.reset();
                }
                eventually().until(() -> backend.open() == 0);
                assertServes(connection);
            }
        }
    }

    // ---- what the protocol forbids

    @Test
    void dataAfterEndOfStreamIsAnError() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/half", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().readRest();
            assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = tunnel(connection, Routes.MAIN, "/half");
            stream.send("that was all");
            stream.finish();
            connection.send(new Http2Frame(Http2Frame.DATA, 0, stream.id(), "and more".getBytes("US-ASCII")));
            // A reset of the stream or the loss of the connection; Jetty 12.0 drops the data, and the silence ends.
            stream.drain();
            assertThat(stream.ended()).isTrue();
        } finally {
            over.countDown();
        }
    }

    @Tag("long")
    @Test
    void dataAfterAResetDoesNoHarm() throws Exception {
        try (Http2 connection = connection()) {
            Http2Stream stream = tunnel(connection, Routes.MAIN, "/framed");
            stream.reset();
            connection.send(new Http2Frame(Http2Frame.DATA, 0, stream.id(), new byte[1000]));
            eventually().until(() -> backend.open() == 0);
        }
    }

    @Test
    void moreDataThanTheWindowAllowsIsAnError() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/deaf", exchange -> {
            exchange.acceptWebSocket();
            assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = tunnel(connection, Routes.MAIN, "/deaf");
            CompletableFuture<Void> sending = Crew.start(() -> {
                for (int i = 0; i < 10_000; i++) {
                    connection.send(new Http2Frame(Http2Frame.DATA, 0, stream.id(), new byte[16_384]));
                }
            });
            stream.drain();
            eventually().until(sending::isDone);
        } finally {
            over.countDown();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no scheme", "no path", "upper case", "connection", "two methods", "late pseudo field"})
    void whatIsMalformedIsRefusedAndNeverForwarded(String what) throws Exception {
        try (Http2 connection = connection()) {
            List<Head.Field> fields = handshake(connection, Routes.MAIN, "/ws");
            switch (what) {
                case "no scheme" -> fields.removeIf(field -> field.name().equals(":scheme"));
                case "no path" -> fields.removeIf(field -> field.name().equals(":path"));
                case "upper case" -> fields.add(new Head.Field("X-Upper", "1"));
                case "connection" -> fields.add(new Head.Field("connection", "Upgrade"));
                case "two methods" -> fields.add(0, new Head.Field(":method", "GET"));
                default -> fields.add(new Head.Field(":path", path(Routes.MAIN, "/elsewhere")));
            }
            assertRefused(connection, fields, what);
        }
        assertThat(backend.requests()).noneMatch(head -> head.has("Upgrade"));
    }

    /** An answer that is none of success, a reset, or the end of the connection. */
    private static void assertRefused(Http2 connection, List<Head.Field> fields, String what) throws IOException {
        Http2Stream stream = connection.open(fields, false);
        int status = stream.status();
        assertThat(status).as(what).matches(any -> any == 0 || any >= 400);
        stream.close();
    }

    @Tag("long")
    @ParameterizedTest
    @ValueSource(strings = {"upgrade: h2c", "transfer-encoding: chunked", "keep-alive: 5", "proxy-connection: x"})
    void fieldsThatHttp2DoesNotHaveAreRefusedOrStay(String line) throws Exception {
        String name = line.substring(0, line.indexOf(':'));
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain", "Connection: close"));
        try (Http2 connection = connection()) {
            Http2Stream tunnel = askForTunnel(connection, Routes.MAIN, "/framed", line);
            Http2Stream plain = ask(connection, "GET", Routes.MAIN, "/plain", line);
            assertThat(List.of(tunnel.status(), plain.status())).isSubsetOf(0, 200, 400);
        }
        for (Head seen : backend.requests()) {
            assertThat(seen.values(name)).isSubsetOf("websocket");
            assertThat(seen.values("Connection")).isSubsetOf("Upgrade", "close", "keep-alive");
        }
    }

    @Test
    void aProtocolWithoutConnectIsRefusedOrNoUpgrade() throws Exception {
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain", "Connection: close"));
        try (Http2 connection = connection()) {
            List<Head.Field> fields = handshake(connection, Routes.MAIN, "/plain");
            fields.set(0, new Head.Field(":method", "GET"));
            assertThat(connection.open(fields, true).status()).isIn(0, 200, 400);
        }
        assertThat(backend.requests()).noneMatch(head -> head.has("Upgrade"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"transfer-encoding: chunked", "content-length: 5", "content-length: 500", "x-none: 1"})
    void aBodyNeverBecomesARequest(String framing) throws Exception {
        String smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
        backend.on(
                "/", exchange -> exchange.answer("200 OK", "read " + exchange.readBody().length, "Connection: close"));
        try (Http2 connection = connection()) {
            // Jetty resets a stream whose length is wrong and tells the application nothing: the timeout does.
            Http2Stream stream = post(connection, Routes.QUICK, "/first", framing);
            try {
                stream.send(smuggled);
                stream.finish();
            } catch (IOException e) {
                // Refused already.
            }
            assertThat(stream.status()).isIn(0, 200, 400, 502);
        }
        assertThat(backend.requests())
                .noneMatch(head -> head.target().contains("smuggled"))
                .noneMatch(head -> head.has("Content-Length") && head.has("Transfer-Encoding"));
    }

    @Test
    void aHandshakeThatAnnouncesABodyIsRefusedOrHasNone() throws Exception {
        try (Http2 connection = connection()) {
            Http2Stream stream = askForTunnel(connection, Routes.MAIN, "/ws", "content-length: 5");
            Head head = stream.readHead();
            assertThat(head.status()).isIn(200, 400);
            stream.close();
        }
        assertThat(backend.requests()).noneMatch(head -> head.has("Content-Length") || head.has("Transfer-Encoding"));
    }

    @Test
    void trailersEndABody() throws Exception {
        backend.on(
                "/trailed",
                exchange -> exchange.answer("200 OK", "read " + exchange.readBody().length, "Connection: close"));
        try (Http2 connection = connection()) {
            Http2Stream stream = post(connection, Routes.MAIN, "/trailed");
            stream.send(new byte[2000]);
            connection.sendHeaders(stream.id(), List.of(new Head.Field("x-after", "1")), true);
            assertThat(stream.readHead().status()).isEqualTo(200);
            assertThat(stream.readRestText()).isEqualTo("read 2000");
        }
    }

    @Test
    void aHandshakeThatEndsItsStreamIsAHalfClosedTunnel() throws Exception {
        backend.on("/half", exchange -> {
            exchange.acceptWebSocket();
            assertThat(Frame.read(exchange.wire()).closeCode()).isEqualTo(1001);
            assertThat(exchange.wire().readRest()).isEmpty();
            exchange.wire().send(Frame.text("goodbye").plain());
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = connection.open(handshake(connection, Routes.MAIN, "/half"), true);
            Head head = stream.readHead();
            assertThat(head.status()).isIn(200, 400);
            if (head.status() == 200) {
                byte[] goodbye = Frame.text("goodbye").plain();
                assertThat(stream.read(goodbye.length)).isEqualTo(goodbye);
                stream.drain();
            }
        }
    }

    @Test
    void fieldsThatTheClientSendsForTheKeyDoNotMatter() throws Exception {
        try (Http2 connection = connection()) {
            Http2Stream stream = askForTunnel(
                    connection, Routes.MAIN, "/ws", "sec-websocket-key: " + KEY, "sec-websocket-accept: x");
            assertThat(stream.readHead().status()).isEqualTo(200);
            assertEchoes(stream, Frame.text("hello"));
            stream.finish();
            stream.drain();
        }
        assertThat(backend.requests().get(0).values("Sec-WebSocket-Key")).hasSize(1);
    }
}
