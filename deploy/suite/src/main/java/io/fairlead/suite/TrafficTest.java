package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What travels through an open tunnel: every byte, in order, both ways, and the ends of both streams. */
public abstract class TrafficTest extends WireTest {

    private static final long TWENTY_MB = 20L << 20;

    /** More than the sockets between two peers ever hold. */
    private static final long PLENTY = 100L << 20;

    private static final long MUCH_LESS = 48L << 20;

    // ---- WebSocket, byte for byte

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125, 126, 127, 65_535, 65_536, 3 << 20})
    @FromTheField(Trouble.F1)
    void framesOfEveryLengthPassByteForByte(int length) throws Exception {
        byte[] payload = new Noise(length, length).bytes();
        byte[] down = Frame.last(Frame.BINARY, payload).plain();
        byte[] up = Frame.last(Frame.BINARY, payload).masked();
        CompletableFuture<byte[]> arrived = new CompletableFuture<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            CompletableFuture<Void> sent = Crew.start(() -> exchange.wire().send(down));
            arrived.complete(exchange.wire().read(up.length));
            Crew.await(sent);
            assertThat(closedAsBackend(exchange.wire())).isEqualTo(1001);
        });
        try (Wire client = webSocketTunnel(Routes.MAIN, "/ws")) {
            CompletableFuture<Void> sent = Crew.start(() -> client.send(up));
            assertThat(client.read(down.length)).isEqualTo(down);
            Crew.await(sent);
            assertThat(Crew.await(arrived)).isEqualTo(up);
        }
    }

    @Test
    @FromTheField({Trouble.F1, Trouble.F2})
    void fragmentsWithControlFramesBetweenPassByteForByte() throws Exception {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(Frame.more(Frame.TEXT, new byte[] {'H', 'e'}).masked());
        all.writeBytes(
                Frame.last(Frame.PING, "are you there".getBytes("US-ASCII")).masked());
        all.writeBytes(Frame.more(Frame.CONTINUATION, new byte[0]).masked());
        all.writeBytes(Frame.last(Frame.PONG, new byte[125]).masked());
        all.writeBytes(Frame.more(Frame.CONTINUATION, new byte[70_000]).masked());
        all.writeBytes(Frame.last(Frame.PING, new byte[0]).masked());
        all.writeBytes(Frame.last(Frame.CONTINUATION, new byte[] {'o'}).masked());
        assertBytesEcho(all.toByteArray());
    }

    @Test
    @FromTheField(Trouble.B1)
    void whatIsWrongInTheFramesIsTheBackendsToJudge() throws Exception {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] invalidUtf8 = HexFormat.of().parseHex("c3280041eda080f4908080ff");
        all.writeBytes(Frame.last(Frame.TEXT, invalidUtf8).masked());
        for (int bits = 1; bits < 8; bits++) {
            all.writeBytes(Frame.text("reserved " + bits).reserved(bits).masked());
        }
        all.writeBytes(Frame.last(0x3, new byte[] {1, 2}).masked());
        all.writeBytes(Frame.last(0xF, new byte[] {3}).masked());
        all.writeBytes(Frame.last(Frame.CONTINUATION, new byte[] {'?'}).masked());
        all.writeBytes(Frame.text("not masked").plain());
        all.writeBytes(Frame.more(Frame.PING, new byte[200]).masked());
        // Lengths written longer than need be.
        all.writeBytes(HexFormat.of().parseHex("82fe0001" + "00000000" + "61"));
        all.writeBytes(HexFormat.of().parseHex("82ff0000000000000001" + "00000000" + "62"));
        assertBytesEcho(all.toByteArray());
    }

    @Test
    void bytesThatAreNoFramesPassThroughAWebSocketTunnel() throws Exception {
        // A head that claims 2^63-1 bytes, and then anything.
        assertBytesEcho(HexFormat.of().parseHex("82ff7fffffffffffffff" + "01020304" + "aabbccdd"));
        // The most significant bit of a length set: no frame by RFC 6455.
        assertBytesEcho(HexFormat.of().parseHex("82ffffffffffffffffff" + "01020304" + "aabbccdd"));
    }

    @Test
    void bytesThatComeOneByOneArriveInOrder() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        byte[] bytes = Frame.text("byte by byte").masked();
        try (Wire client = webSocketTunnel(Routes.MAIN, "/ws")) {
            for (byte b : bytes) {
                client.send(new byte[] {b});
                assertThat(client.read(1)).containsExactly(b);
            }
        }
    }

    private void assertBytesEcho(byte[] bytes) throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        try (Wire client = webSocketTunnel(Routes.MAIN, "/ws")) {
            CompletableFuture<Void> sent = Crew.start(() -> client.send(bytes));
            assertThat(client.read(bytes.length)).isEqualTo(bytes);
            Crew.await(sent);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 1001, 1008, 1011, 1013, 3000, 4000, 4999})
    @FromTheField(Trouble.F2)
    void closeCodesAndReasonsPassUnchanged(int code) throws Exception {
        byte[] asked = Frame.close(code, "because äöü " + code).masked();
        byte[] answered = Frame.close(code, "well then " + code).plain();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            assertThat(exchange.wire().read(asked.length)).isEqualTo(asked);
            exchange.wire().send(answered);
        });
        try (Wire client = webSocketTunnel(Routes.MAIN, "/ws")) {
            client.send(asked);
            assertThat(client.read(answered.length)).isEqualTo(answered);
            assertThat(client.ending()).isEqualTo(Wire.Ending.FIN);
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aThousandRoundTripsLoseNothing() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        try (Wire client = webSocketTunnel(Routes.MAIN, "/ws")) {
            for (int i = 0; i < 1000; i++) {
                assertEchoes(client, Frame.text("message " + i));
            }
        }
    }

    // ---- volume

    @Test
    void twentyMegabytesOfNoisePassBothWaysAtOnce() throws Exception {
        Noise up = new Noise(11, TWENTY_MB);
        Noise down = new Noise(12, TWENTY_MB);
        CompletableFuture<String> arrived = new CompletableFuture<>();
        backend.on("/noise", exchange -> {
            exchange.acceptRaw();
            CompletableFuture<Void> sent =
                    Crew.start(() -> down.pour(exchange.wire().out()));
            arrived.complete(Noise.digest(exchange.wire().in(), TWENTY_MB));
            Crew.await(sent);
            assertThat(closedAsBackend(exchange.wire())).isEqualTo(1001);
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/noise")) {
            CompletableFuture<Void> sent = Crew.start(() -> up.pour(client.out()));
            assertThat(Noise.digest(client.in(), TWENTY_MB)).isEqualTo(down.digest());
            Crew.await(sent);
            assertThat(Crew.await(arrived)).isEqualTo(up.digest());
        }
    }

    @Test
    @FromTheField(Trouble.F3)
    void slowReadersOnBothSidesGetEveryByteAndHoldNoHeap() throws Exception {
        Noise up = new Noise(13, PLENTY);
        Noise down = new Noise(14, PLENTY);
        AtomicLong pouredUp = new AtomicLong();
        AtomicLong pouredDown = new AtomicLong();
        CountDownLatch read = new CountDownLatch(1);
        CompletableFuture<String> arrived = new CompletableFuture<>();
        backend.on("/slow", exchange -> {
            exchange.acceptRaw();
            CompletableFuture<Void> sent =
                    Crew.start(() -> down.pour(exchange.wire().out(), pouredDown));
            assertThat(read.await(60, TimeUnit.SECONDS)).isTrue();
            arrived.complete(Noise.digest(exchange.wire().in(), PLENTY));
            Crew.await(sent);
            assertThat(closedAsBackend(exchange.wire())).isEqualTo(1001);
        });
        long before = fairlead().vitals().heapBytes();
        try (Wire client = switched(slowClient(), raw(Routes.MAIN, "/slow"))) {
            CompletableFuture<Void> sent = Crew.start(() -> up.pour(client.out(), pouredUp));
            assertThat(standstill(pouredUp)).as("bytes up that nobody read").isLessThan(MUCH_LESS);
            assertThat(standstill(pouredDown)).as("bytes down that nobody read").isLessThan(MUCH_LESS);
            assertThat(fairlead().vitals().heapBytes() - before).isLessThan(4L << 20);
            read.countDown();
            assertThat(Noise.digest(client.in(), PLENTY)).isEqualTo(down.digest());
            Crew.await(sent);
            assertThat(Crew.await(arrived)).isEqualTo(up.digest());
        }
    }

    @Test
    void aReaderThatStopsNowAndThenStallsNothing() throws Exception {
        // Small windows and many stops: each leaves a write half done, under TLS a record.
        Noise down = new Noise(15, TWENTY_MB);
        Noise up = new Noise(16, TWENTY_MB);
        AtomicLong poured = new AtomicLong();
        CompletableFuture<String> arrived = new CompletableFuture<>();
        backend.on("/noise", exchange -> {
            exchange.acceptRaw();
            CompletableFuture<Void> sent =
                    Crew.start(() -> down.pour(exchange.wire().out(), poured));
            arrived.complete(Noise.digest(exchange.wire().in(), TWENTY_MB));
            Crew.await(sent);
            assertThat(closedAsBackend(exchange.wire())).isEqualTo(1001);
        });
        try (Wire client = switched(slowClient(), raw(Routes.MAIN, "/noise"))) {
            CompletableFuture<Void> sent = Crew.start(() -> up.pour(client.out()));
            byte[] expected = down.bytes();
            for (int at = 0; at < expected.length; ) {
                if (at < 3 << 20) {
                    standstill(poured, 50);
                }
                int n = Math.min(expected.length - at, 1 << 20);
                byte[] piece = client.read(n);
                for (int i = 0; i < n; i++) {
                    if (piece[i] != expected[at + i]) {
                        throw new AssertionError("byte " + (at + i) + " differs");
                    }
                }
                at += n;
            }
            Crew.await(sent);
            assertThat(Crew.await(arrived)).isEqualTo(up.digest());
        }
    }

    @Test
    @FromTheField({Trouble.F1, Trouble.F3})
    void aFrameOfAHundredMegabytesIsNotGathered() throws Exception {
        Noise payload = new Noise(22, PLENTY);
        CompletableFuture<String> arrived = new CompletableFuture<>();
        byte[] head = ByteBuffer.allocate(14)
                .put((byte) 0x82)
                .put((byte) 0xff)
                .putLong(PLENTY)
                .putInt(0)
                .array();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            assertThat(exchange.wire().read(head.length)).isEqualTo(head);
            arrived.complete(Noise.digest(exchange.wire().in(), PLENTY));
            assertThat(closedAsBackend(exchange.wire())).isEqualTo(1001);
        });
        try (Wire client = webSocketTunnel(Routes.WEBSOCKET, "/ws")) {
            client.send(head);
            payload.pour(client.out());
            assertThat(Crew.await(arrived)).isEqualTo(payload.digest());
        }
    }

    // ---- ends

    @Test
    @FromTheField(Trouble.E3)
    void afterTheClientsEndOfStreamTheBackendsLastBytesArrive() throws Exception {
        Noise last = new Noise(17, 2 << 20);
        backend.on("/half", exchange -> {
            exchange.acceptRaw();
            assertThat(exchange.wire().readRest()).asString().isEqualTo("that was all");
            last.pour(exchange.wire().out());
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/half")) {
            client.send("that was all");
            client.finish();
            assertThat(client.readRest()).isEqualTo(last.bytes());
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void afterTheBackendsEndOfStreamTheClientsLastBytesArrive() throws Exception {
        if (!fairlead().server().has(Trait.ENDS_OUTPUT_ALONE)) {
            assertTheBackendsEndEndsBoth();
            return;
        }
        Noise last = new Noise(18, 2 << 20);
        CompletableFuture<byte[]> arrived = new CompletableFuture<>();
        backend.on("/half", exchange -> {
            exchange.acceptRaw();
            exchange.wire().send("that was all");
            exchange.wire().finish();
            arrived.complete(exchange.wire().readRest());
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/half")) {
            assertThat(client.readRest()).asString().isEqualTo("that was all");
            last.pour(client.out());
            client.finish();
            assertThat(Crew.await(arrived)).isEqualTo(last.bytes());
        }
        eventually().until(() -> backend.open() == 0);
    }

    private void assertTheBackendsEndEndsBoth() throws Exception {
        CompletableFuture<byte[]> arrived = new CompletableFuture<>();
        backend.on("/half", exchange -> {
            exchange.acceptRaw();
            assertThat(exchange.wire().readText(5)).isEqualTo("hello");
            exchange.wire().send("that was all");
            exchange.wire().finish();
            arrived.complete(exchange.wire().readRest());
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/half")) {
            client.send("hello");
            assertThat(client.readText(12)).isEqualTo("that was all");
            client.ending();
            Crew.await(arrived);
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    @FromTheField(Trouble.D3)
    void aClientThatClosesEndsTheBackendsConnection() throws Exception {
        CompletableFuture<Wire.Ending> ending = new CompletableFuture<>();
        backend.on("/end", exchange -> complete(ending, exchange));
        try (Wire client = rawTunnel(Routes.MAIN, "/end")) {
            client.close();
        }
        assertThat(Crew.await(ending)).isEqualTo(Wire.Ending.FIN);
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    @FromTheField(Trouble.D3)
    void aClientThatResetsEndsTheBackendsConnection() throws Exception {
        CompletableFuture<Wire.Ending> ending = new CompletableFuture<>();
        backend.on("/end", exchange -> complete(ending, exchange));
        try (Wire client = rawTunnel(Routes.MAIN, "/end")) {
            client.reset();
        }
        Crew.await(ending);
        eventually().until(() -> backend.open() == 0);
    }

    private void complete(CompletableFuture<Wire.Ending> ending, Exchange exchange) throws IOException {
        try {
            exchange.acceptRaw();
            ending.complete(rawEnding(exchange));
        } catch (IOException | AssertionError e) {
            ending.completeExceptionally(e);
        }
    }

    @Test
    @FromTheField(Trouble.D3)
    void aBackendThatClosesEndsTheClientsConnection() throws Exception {
        backend.on("/end", exchange -> {
            exchange.acceptRaw();
            exchange.wire().send("bye");
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/end")) {
            assertThat(client.readText(3)).isEqualTo("bye");
            assertThat(client.ending()).isEqualTo(Wire.Ending.FIN);
        }
    }

    @Test
    @FromTheField(Trouble.D3)
    void aBackendThatResetsEndsTheClientsConnection() throws Exception {
        CountDownLatch open = new CountDownLatch(1);
        backend.on("/end", exchange -> {
            exchange.acceptRaw();
            assertThat(open.await(10, TimeUnit.SECONDS)).isTrue();
            exchange.wire().reset();
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/end")) {
            open.countDown();
            rawEnding(client);
        }
    }

    @Test
    void aResetWhileTheOtherSideIsSlowEndsBoth() throws Exception {
        AtomicLong poured = new AtomicLong();
        CompletableFuture<String> backendSaw = new CompletableFuture<>();
        backend.on("/flood", exchange -> {
            exchange.acceptRaw();
            try {
                new Noise(19, 1L << 40).pour(exchange.wire().out(), poured);
            } catch (IOException e) {
                backendSaw.complete("an end");
            }
        });
        try (Wire client = switched(slowClient(), raw(Routes.MAIN, "/flood"))) {
            standstill(poured);
            client.reset();
        }
        assertThat(Crew.await(backendSaw)).isEqualTo("an end");
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void theLastBytesBeforeAnEndAreNeverLost() throws Exception {
        backend.on("/last", exchange -> {
            exchange.acceptRaw();
            new Noise(20, 1 << 20).pour(exchange.wire().out());
        });
        byte[] expected = new Noise(20, 1 << 20).bytes();
        for (int i = 0; i < 20; i++) {
            try (Wire client = switched(slowClient(), raw(Routes.MAIN, "/last"))) {
                assertThat(client.readRest()).isEqualTo(expected);
            }
        }
    }
}
