package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The handshake of a tunnel: what is asked, what is answered, and when it fails; whichever way clients come. */
public abstract class UpgradeTest extends WireTest {

    // ---- the backend refuses

    @ParameterizedTest
    @ValueSource(
            strings = {
                "302 Found",
                "307 Temporary Redirect",
                "400 Bad Request",
                "401 Unauthorized",
                "403 Forbidden",
                "404 Not Found",
                "426 Upgrade Required",
                "503 Service Unavailable"
            })
    @FromTheField({Trouble.D2, Trouble.C3})
    void backendRefusalReachesClientWithItsHeadersAndBody(String status) throws Exception {
        backend.on(
                "/refuse",
                exchange -> exchange.answer(
                        status,
                        "no, said the backend",
                        "Content-Type: text/plain;charset=us-ascii",
                        "Location: http://elsewhere.example/?a=1,2",
                        "WWW-Authenticate: Basic realm=\"a, b\"",
                        "Sec-WebSocket-Version: 13, 8",
                        "Set-Cookie: a=1",
                        "Set-Cookie: b=2"));
        for (String handshake : List.of(
                webSocket(Routes.MAIN, "/refuse"),
                raw(Routes.MAIN, "/refuse"),
                webSocket(Routes.WEBSOCKET, "/refuse"))) {
            try (Wire client = client()) {
                Head head = client.send(handshake).readHead();
                assertThat(head.status()).isEqualTo(Integer.parseInt(status.substring(0, 3)));
                assertThat(head.value("Content-Type")).isEqualTo("text/plain;charset=us-ascii");
                assertThat(head.value("Location")).isEqualTo("http://elsewhere.example/?a=1,2");
                assertThat(head.value("WWW-Authenticate")).isEqualTo("Basic realm=\"a, b\"");
                assertThat(head.value("Sec-WebSocket-Version")).isEqualTo("13, 8");
                assertThat(head.values("Set-Cookie")).containsExactly("a=1", "b=2");
                assertThat(head.has("Sec-WebSocket-Accept")).isFalse();
                assertThat(client.readBodyText(head)).isEqualTo("no, said the backend");
                client.ending();
            }
        }
        eventually().untilAsserted(() -> assertThat(backend.open()).isZero());
    }

    @Test
    @FromTheField(Trouble.D2)
    void aChunkedRefusalReachesClientWhole() throws Exception {
        Noise noise = new Noise(3, 300_000);
        backend.on("/refuse", exchange -> {
            exchange.sendHead("HTTP/1.1 403 Forbidden", "Transfer-Encoding: chunked");
            String body = new String(noise.bytes(), StandardCharsets.ISO_8859_1);
            exchange.sendChunk(body.substring(0, 100_000));
            exchange.sendChunk(body.substring(100_000));
            exchange.sendChunk("");
        });
        try (Wire client = client()) {
            Head head = client.send(webSocket(Routes.MAIN, "/refuse")).readHead();
            assertThat(head.status()).isEqualTo(403);
            assertThat(client.readBody(head)).isEqualTo(noise.bytes());
            client.ending();
        }
    }

    @Test
    @FromTheField(Trouble.D2)
    void aRefusalThatEndsWithItsConnectionReachesClientWhole() throws Exception {
        backend.on("/refuse", exchange -> {
            exchange.sendHead("HTTP/1.1 400 Bad Request", "Connection: close");
            exchange.wire().send("to the end");
        });
        try (Wire client = client()) {
            Head head = client.send(raw(Routes.MAIN, "/refuse")).readHead();
            assertThat(head.status()).isEqualTo(400);
            assertThat(client.readBodyText(head)).isEqualTo("to the end");
        }
    }

    @Test
    void theBackendConnectionOfARefusedHandshakeIsNotUsedAgain() throws Exception {
        CountDownLatch closed = new CountDownLatch(2);
        backend.on("/refuse", exchange -> {
            exchange.sendHead("HTTP/1.1 401 Unauthorized", "Content-Length: 2");
            exchange.wire().send("no");
            exchange.wire().ending();
            closed.countDown();
        });
        backend.on("/next", exchange -> exchange.answer("200 OK", "next"));
        for (String handshake : List.of(webSocket(Routes.MAIN, "/refuse"), raw(Routes.MAIN, "/refuse"))) {
            try (Wire client = client()) {
                client.send(handshake);
                client.readBody(client.readHead());
            }
            try (Wire client = client()) {
                client.send(request("GET", path(Routes.MAIN, "/next")));
                assertThat(client.readBodyText(client.readHead())).isEqualTo("next");
            }
        }
        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
    }

    // ---- the 101

    @Test
    @FromTheField({Trouble.B1, Trouble.C1, Trouble.C3, Trouble.F2})
    void theHeadOfThe101ReachesTheClient() throws Exception {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket(
                    "Sec-WebSocket-Protocol: chat.v2",
                    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=\"15\", x-webkit-deflate-frame",
                    "Set-Cookie: a=\"1 2\"; Max-Age=9",
                    "Set-Cookie: b=2; HttpOnly",
                    "Date: Sat, 01 Jan 2000 00:00:00 GMT",
                    "X-CaSe: VaLuE, \"quoted\"",
                    "X-Twice: 1",
                    "X-Twice: 2");
            exchange.echo();
        });
        try (Wire client = client()) {
            Head head = client.send(webSocket(
                            Routes.WEBSOCKET,
                            "/ws",
                            "Sec-WebSocket-Protocol: chat.v1, chat.v2",
                            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame",
                            "Origin: http://chat.example"))
                    .readHead();
            assertThat(head.startLine()).startsWith("HTTP/1.1 101");
            assertThat(head.value("Upgrade")).isEqualToIgnoringCase("websocket");
            assertThat(head.tokens("Connection")).contains("upgrade");
            assertThat(head.value("Sec-WebSocket-Accept")).isEqualTo(Frame.accept(KEY));
            assertThat(head.value("Sec-WebSocket-Protocol")).isEqualTo("chat.v2");
            assertThat(head.value("Sec-WebSocket-Extensions"))
                    .isEqualTo("permessage-deflate; client_max_window_bits=\"15\", x-webkit-deflate-frame");
            assertThat(head.values("Set-Cookie")).containsExactly("a=\"1 2\"; Max-Age=9", "b=2; HttpOnly");
            assertThat(head.value("X-CaSe")).isEqualTo("VaLuE, \"quoted\"");
            assertThat(head.values("X-Twice")).containsExactly("1", "2");
            assertThat(head.value("Date")).isEqualTo("Sat, 01 Jan 2000 00:00:00 GMT");
            assertNoBody(head);
            assertEchoes(client, Frame.text("hello"));
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.method()).isEqualTo("GET");
        assertThat(seen.value("Host")).isEqualTo(HOST);
        assertThat(seen.value("Upgrade")).isEqualTo("websocket");
        assertThat(seen.tokens("Connection")).containsExactly("upgrade");
        if (entrance().http2()) {
            assertThat(Base64.getDecoder().decode(seen.value("Sec-WebSocket-Key")))
                    .hasSize(16);
        } else {
            assertThat(seen.value("Sec-WebSocket-Key")).isEqualTo(KEY);
        }
        assertThat(seen.value("Sec-WebSocket-Version")).isEqualTo("13");
        assertThat(seen.value("Sec-WebSocket-Protocol")).isEqualTo("chat.v1, chat.v2");
        assertThat(seen.value("Sec-WebSocket-Extensions"))
                .isEqualTo("permessage-deflate; client_max_window_bits, x-webkit-deflate-frame");
        assertThat(seen.value("Origin")).isEqualTo("http://chat.example");
        assertThat(seen.has("Content-Length")).isFalse();
        assertThat(seen.has("Transfer-Encoding")).isFalse();
    }

    @Test
    @FromTheField(Trouble.F1)
    void bytesGluedToThe101ReachTheClient() throws Exception {
        backend.on("/glued", exchange -> {
            exchange.wire().send(exchange.rawHead() + "\r\nfirst");
            exchange.echo();
        });
        backend.on("/frame", exchange -> {
            byte[] head = exchange.webSocketHead().getBytes(StandardCharsets.ISO_8859_1);
            byte[] frame = Frame.text("hello").plain();
            byte[] both = new byte[head.length + frame.length];
            System.arraycopy(head, 0, both, 0, head.length);
            System.arraycopy(frame, 0, both, head.length, frame.length);
            exchange.wire().send(both);
            exchange.echo();
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/glued")) {
            assertThat(client.readText(7)).isEqualTo("\r\nfirst");
            client.send("second");
            assertThat(client.readText(6)).isEqualTo("second");
        }
        try (Wire client = webSocketTunnel(Routes.MAIN, "/frame")) {
            assertThat(Frame.read(client).text()).isEqualTo("hello");
        }
    }

    @Test
    @FromTheField(Trouble.F1)
    void manyBytesGluedToThe101ReachTheClient() throws Exception {
        Noise noise = new Noise(4, 1 << 20);
        backend.on("/glued", exchange -> {
            byte[] head = exchange.rawHead().getBytes(StandardCharsets.ISO_8859_1);
            byte[] body = noise.bytes();
            byte[] both = new byte[head.length + body.length];
            System.arraycopy(head, 0, both, 0, head.length);
            System.arraycopy(body, 0, both, head.length, body.length);
            exchange.wire().send(both);
        });
        try (Wire client = rawTunnel(Routes.MAIN, "/glued")) {
            assertThat(client.readRest()).isEqualTo(noise.bytes());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 8, 1000, 8192, 65_536})
    @FromTheField(Trouble.E1)
    void bytesGluedToTheRequestReachTheBackendAfterIts101(int length) throws Exception {
        byte[] early = new Noise(5, length).bytes();
        backend.on("/early", exchange -> {
            assertThat(exchange.wire().in().available())
                    .as("bytes before the 101")
                    .isZero();
            exchange.wire().expectSilence(Duration.ofMillis(200));
            exchange.acceptRaw();
            assertThat(exchange.wire().read(length)).isEqualTo(early);
            exchange.wire().send("got them");
            exchange.echo();
        });
        try (Wire client = client()) {
            byte[] head = raw(Routes.MAIN, "/early").getBytes(StandardCharsets.ISO_8859_1);
            byte[] both = new byte[head.length + length];
            System.arraycopy(head, 0, both, 0, head.length);
            System.arraycopy(early, 0, both, head.length, length);
            Head answer = client.send(both).readHead();
            assertThat(answer.status()).isEqualTo(101);
            assertThat(client.readText(8)).isEqualTo("got them");
            client.send("and more");
            assertThat(client.readText(8)).isEqualTo("and more");
        }
    }

    @Test
    @FromTheField(Trouble.E1)
    void aCrLfBehindTheRequestHeadIsPayload() throws Exception {
        backend.on("/crlf", exchange -> {
            exchange.acceptRaw();
            exchange.wire().send("<" + exchange.wire().readText(4) + ">");
        });
        try (Wire client = client()) {
            Head head = client.send(raw(Routes.MAIN, "/crlf") + "\r\nab").readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(client.readText(6)).isEqualTo("<\r\nab>");
        }
    }

    @Test
    @FromTheField({Trouble.A7, Trouble.D3})
    void aBackendThatClosesRightAfterIts101EndsTheTunnel() throws Exception {
        backend.on("/bye", Exchange::acceptRaw);
        try (Wire client = rawTunnel(Routes.MAIN, "/bye")) {
            assertThat(rawEnding(client)).isEqualTo(Wire.Ending.FIN);
        }
    }

    // ---- handshakes that fail

    @Test
    void a101ThatNamesAnotherProtocolIsABadGateway() throws Exception {
        backend.on("/other", exchange -> {
            exchange.sendHead("HTTP/1.1 101 Switching Protocols", "Upgrade: something-else", "Connection: Upgrade");
            exchange.echo();
        });
        assertFails(502, webSocket(Routes.MAIN, "/other"));
        assertFails(502, raw(Routes.MAIN, "/other"));
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void a101WithoutUpgradeIsABadGateway() throws Exception {
        backend.on("/bare", exchange -> {
            exchange.sendHead("HTTP/1.1 101 Switching Protocols");
            exchange.echo();
        });
        assertFails(502, webSocket(Routes.MAIN, "/bare"));
    }

    @Test
    void a101ThatNobodyAskedForIsABadGateway() throws Exception {
        backend.on("/unasked", exchange -> {
            exchange.sendHead("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade");
            exchange.echo();
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/unasked")));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(502);
            assertPlainError(head, client.readBodyText(head));
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    @FromTheField(Trouble.D3)
    void aBackendThatIsSilentOnTheHandshakeIsAGatewayTimeout() throws Exception {
        backend.on("/hang", exchange -> exchange.wire().ending());
        assertFails(504, webSocket(Routes.QUICK, "/hang"));
        assertFails(504, raw(Routes.QUICK, "/hang"));
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    @FromTheField(Trouble.D3)
    void aDeadBackendIsABadGateway() throws Exception {
        assertFails(502, webSocket(Routes.DEAD, "/ws"));
    }

    @Test
    void aBackendThatBreaksOffTheHandshakeIsABadGateway() throws Exception {
        backend.on("/drop", exchange -> {});
        backend.on("/rst", exchange -> exchange.wire().reset());
        backend.on("/half", exchange -> exchange.wire().send("HTTP/1.1 101 Switching Protocols\r\nUpgra"));
        backend.on("/garbage", exchange -> exchange.wire().send("\0\1\2\r\n\r\n"));
        for (String backendPath : List.of("/drop", "/rst", "/half", "/garbage")) {
            assertFails(502, webSocket(Routes.MAIN, backendPath));
            assertFails(502, raw(Routes.MAIN, backendPath));
        }
    }

    @Test
    void a101HeadOverTheLimitIsABadGateway() throws Exception {
        backend.on("/wide", exchange -> exchange.acceptWebSocket("X-Wide: " + "w".repeat(6000)));
        assertFails(502, webSocket(Routes.NARROW, "/wide"));
    }

    private void assertFails(int status, String handshake) throws IOException {
        try (Wire client = client()) {
            Head head = client.send(handshake).readHead();
            assertThat(head.status()).as("%s", head).isEqualTo(status);
            assertPlainError(head, client.readBodyText(head));
            client.ending();
        }
    }

    // ---- requests that are no handshake, or a malformed one

    @Test
    @FromTheField(Trouble.E4)
    void forwardedHeadersOfAnUpgradeTellTheTruthToo() throws Exception {
        backend.on("/fwd", WireTest::webSocketEcho);
        try (Wire client = client()) {
            switched(client, webSocket(Routes.MAIN, "/fwd", "X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6"));
        }
        assertForwarded(backend.requests().get(0));
    }

    @Test
    void theQueryAndThePathOfAHandshakeArriveByteForByte() throws Exception {
        backend.on("/", WireTest::webSocketEcho);
        try (Wire client = webSocketTunnel(Routes.MAIN, "/socket.io/%7E/?EIO=4&transport=websocket&a=%2F&b=c+d%20e")) {
            assertEchoes(client, Frame.text("hello"));
        }
        assertThat(backend.requests().get(0).target())
                .isEqualTo("/socket.io/%7E/?EIO=4&transport=websocket&a=%2F&b=c+d%20e");
    }

    @Test
    void aHandshakeWithADotSegmentIsRefused() throws Exception {
        backend.on("/", WireTest::webSocketEcho);
        try (Wire client = client()) {
            assertThat(client.send(webSocket(Routes.DEEP, "/a/%2e%2e/ws"))
                            .readHead()
                            .status())
                    .isEqualTo(400);
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    void oldWebSocketVersionsAreTheBackendsToAnswer() throws Exception {
        backend.on("/ws", exchange -> exchange.answer("426 Upgrade Required", "13 only", "Sec-WebSocket-Version: 13"));
        String handshake = webSocket(Routes.WEBSOCKET, "/ws").replace("Version: 13", "Version: 8");
        try (Wire client = client()) {
            Head head = client.send(handshake).readHead();
            assertThat(head.status()).isEqualTo(426);
            assertThat(head.value("Sec-WebSocket-Version")).isEqualTo("13");
            assertThat(client.readBodyText(head)).isEqualTo("13 only");
        }
        assertThat(backend.requests().get(0).value("Sec-WebSocket-Version")).isEqualTo("8");
    }

    @Test
    void aClientThatLeavesDuringTheHandshakeLetsTheBackendGo() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        CountDownLatch left = new CountDownLatch(1);
        backend.on("/late", exchange -> {
            assertThat(left.await(10, TimeUnit.SECONDS)).isTrue();
            exchange.acceptRaw();
            rawEnding(exchange);
            gone.countDown();
        });
        try (Wire client = client()) {
            client.send(raw(Routes.MAIN, "/late"));
            eventually().until(() -> backend.requests().size() == 1);
            client.reset();
        }
        left.countDown();
        // Where no one tells that the client is gone, it is given up after 5 s; the backend has as long to answer its
        // Close frame.
        assertThat(gone.await(20, TimeUnit.SECONDS)).isTrue();
    }
}
