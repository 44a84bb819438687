package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What only HTTP/1.1 has: upgrades to anything, malformed ones, and that nothing can be slipped in behind them. */
public abstract class Http1UpgradeTest extends WireTest {

    private static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

    @Test
    @FromTheField(Trouble.D2)
    void a200ThatAnswersAHandshakeReachesClientWithItsBody() throws Exception {
        backend.on("/refuse", exchange -> exchange.answer("200 OK", "no socket here", "X-Answer: yes"));
        for (String handshake : List.of(webSocket(Routes.MAIN, "/refuse"), raw(Routes.MAIN, "/refuse"))) {
            try (Wire client = client()) {
                Head head = client.send(handshake).readHead();
                assertThat(head.status()).isEqualTo(200);
                assertThat(head.value("X-Answer")).isEqualTo("yes");
                assertThat(client.readBodyText(head)).isEqualTo("no socket here");
                client.ending();
            }
        }
        eventually().untilAsserted(() -> assertThat(backend.open()).isZero());
    }

    // ---- nothing is smuggled

    @ParameterizedTest
    @ValueSource(strings = {"200 OK", "401 Unauthorized", "426 Upgrade Required"})
    @FromTheField(Trouble.F4)
    void whatFollowsARefusedHandshakeIsNoRequest(String status) throws Exception {
        backend.on("/refuse", exchange -> exchange.answer(status, "no"));
        for (String handshake : List.of(webSocket(Routes.MAIN, "/refuse"), raw(Routes.MAIN, "/refuse"))) {
            try (Wire client = client()) {
                client.send(handshake + request("GET", path(Routes.MAIN, "/smuggled")));
                Head head = client.readHead();
                assertThat(client.readBodyText(head)).isEqualTo("no");
                client.ending();
            }
        }
        assertThat(backend.requests()).noneMatch(head -> head.target().contains("smuggled"));
    }

    @Test
    void aRequestSentAfterTheRefusalWasReadIsNotServed() throws Exception {
        backend.on("/refuse", exchange -> exchange.answer("403 Forbidden", "no"));
        try (Wire client = client()) {
            client.send(webSocket(Routes.MAIN, "/refuse"));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("no");
            try {
                client.send(request("GET", path(Routes.MAIN, "/smuggled")));
            } catch (IOException e) {
                // Closed already.
            }
            client.ending();
        }
        assertThat(backend.requests()).hasSize(1);
    }

    @Test
    @FromTheField(Trouble.F4)
    void aSecondAnswerBehindARefusalReachesNobody() throws Exception {
        backend.on("/refuse", exchange -> exchange.wire()
                .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"
                        + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
        backend.on("/next", exchange -> exchange.answer("200 OK", "next"));
        try (Wire client = client()) {
            client.send(webSocket(Routes.MAIN, "/refuse"));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("no");
            client.ending();
        }
        for (int i = 0; i < 3; i++) {
            try (Wire client = client()) {
                client.send(request("GET", path(Routes.MAIN, "/next")));
                assertThat(client.readBodyText(client.readHead())).isEqualTo("next");
            }
        }
    }

    @Test
    @FromTheField(Trouble.F4)
    void whatFollowsAFailedHandshakeIsNoRequest() throws Exception {
        backend.on("/drop", exchange -> {});
        backend.on(
                "/other",
                exchange -> exchange.sendHead(
                        "HTTP/1.1 101 Switching Protocols", "Upgrade: something-else", "Connection: Upgrade"));
        for (String backendPath : List.of("/drop", "/other")) {
            try (Wire client = client()) {
                client.send(webSocket(Routes.MAIN, backendPath) + request("GET", path(Routes.MAIN, "/smuggled")));
                Head head = client.readHead();
                assertThat(head.status()).isEqualTo(502);
                assertPlainError(head, client.readBodyText(head));
                client.ending();
            }
        }
        assertThat(backend.requests()).noneMatch(head -> head.target().contains("smuggled"));
    }

    // ---- the 101

    @Test
    @FromTheField({Trouble.E2, Trouble.D1})
    void theSpellingOfTheHandshakeIsKept() throws Exception {
        backend.on("/ws", exchange -> {
            exchange.sendHead(
                    "HTTP/1.1 101 Switching Protocols",
                    "Upgrade: WebSocket",
                    "Connection: upgrade",
                    "Sec-WebSocket-Accept: " + Frame.accept(KEY),
                    "Sec-WebSocket-Origin: http://chat.example",
                    "Sec-WebSocket-Location: ws://chat.example:8443/ws");
            exchange.echo();
        });
        try (Wire client = client()) {
            Head head = client.send(request(
                            "GET",
                            path(Routes.WEBSOCKET, "/ws"),
                            "uPGRADE: WebSocket",
                            "cOnnection: keep-alive, UPGRADE",
                            "sec-websocket-key: " + KEY,
                            "sec-websocket-version: 13"))
                    .readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("Upgrade")).isEqualTo("WebSocket");
            if (fairlead().server().has(Trait.REWRITES_CONNECTION_OF_101)) {
                assertThat(head.value("Connection")).isEqualTo("Upgrade");
            } else {
                assertThat(head.tokens("Connection")).contains("upgrade");
            }
            assertThat(head.fields())
                    .extracting(Head.Field::name)
                    .contains("Sec-WebSocket-Origin", "Sec-WebSocket-Location");
            assertEchoes(client, Frame.text("hello"));
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.value("Upgrade")).isEqualTo("WebSocket");
        assertThat(seen.tokens("Connection")).containsExactly("upgrade");
    }

    @Test
    @FromTheField(Trouble.E1)
    void a101WithoutAnyWebSocketHeaderOpensATunnel() throws Exception {
        backend.on("/raw", WireTest::rawEcho);
        try (Wire client = client()) {
            Head head = client.send(raw(Routes.MAIN, "/raw")).readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("Upgrade")).isEqualTo("line-noise");
            assertThat(head.tokens("Connection")).contains("upgrade");
            client.send("\0\r\nbytes\377");
            assertThat(client.readText(9)).isEqualTo("\0\r\nbytes\377");
        }
        assertThat(backend.requests().get(0).value("Upgrade")).isEqualTo("line-noise");
    }

    @Test
    void aWebSocket101WithAWrongAcceptIsCarriedAsItIs() throws Exception {
        backend.on("/ws", exchange -> {
            exchange.sendHead(
                    "HTTP/1.1 101 Switching Protocols",
                    "Upgrade: websocket",
                    "Connection: Upgrade",
                    "Sec-WebSocket-Accept: bm90IHJpZ2h0");
            exchange.echo();
        });
        try (Wire client = client()) {
            Head head = client.send(webSocket(Routes.WEBSOCKET, "/ws")).readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("Sec-WebSocket-Accept")).isEqualTo("bm90IHJpZ2h0");
            client.send("as it is");
            assertThat(client.readText(8)).isEqualTo("as it is");
        }
    }

    // ---- requests that are no handshake, or a malformed one

    @Test
    @FromTheField(Trouble.F4)
    void aWebSocketRequestWithABodyIsRefused() throws Exception {
        backend.on("/", WireTest::webSocketEcho);
        for (String framed : List.of(
                webSocket(Routes.MAIN, "/ws", "Content-Length: " + SMUGGLED.length()) + SMUGGLED,
                webSocket(Routes.MAIN, "/ws", "Transfer-Encoding: chunked") + "0\r\n\r\n" + SMUGGLED)) {
            assertFails(400, framed);
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    void aWebSocketRequestOfLengthZeroHasNoBody() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        try (Wire client = switched(client(), webSocket(Routes.MAIN, "/ws", "Content-Length: 0"))) {
            assertEchoes(client, Frame.text("hello"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "HEAD", "OPTIONS", "DELETE"})
    void aWebSocketRequestThatIsNoGetIsRefused(String method) throws Exception {
        backend.on("/", WireTest::webSocketEcho);
        String handshake = webSocket(Routes.MAIN, "/ws").replaceFirst("GET", method);
        try (Wire client = client()) {
            Head head = client.send(handshake).readHead();
            assertThat(head.status()).isEqualTo(400);
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    @FromTheField(Trouble.F4)
    void anotherUpgradeWithABodyIsPlainHttp() throws Exception {
        backend.on(
                "/post",
                exchange -> exchange.answer("200 OK", new String(exchange.readBody(), StandardCharsets.ISO_8859_1)));
        for (String[] framed :
                new String[][] {{"Content-Length: 4", "body"}, {"Transfer-Encoding: chunked", "4\r\nbody\r\n0\r\n\r\n"}
                }) {
            try (Wire client = client()) {
                client.send(request(
                                "POST",
                                path(Routes.MAIN, "/post"),
                                "Upgrade: line-noise",
                                "Connection: Upgrade",
                                framed[0])
                        + framed[1]);
                Head head = client.readHead();
                if (fairlead().server().has(Trait.LOSES_BODIES_OF_UPGRADES)) {
                    assertThat(head.status()).isEqualTo(501);
                    continue;
                }
                assertThat(head.status()).isEqualTo(200);
                assertThat(client.readBodyText(head)).isEqualTo("body");
            }
        }
        if (fairlead().server().has(Trait.LOSES_BODIES_OF_UPGRADES)) {
            assertThat(backend.requests()).isEmpty();
            return;
        }
        assertThat(backend.requests()).hasSize(2).noneMatch(head -> head.has("Upgrade"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Upgrade: websocket\r\nSec-WebSocket-Key: " + KEY + "\r\nSec-WebSocket-Version: 13",
                "Upgrade: websocket\r\nConnection: keep-alive",
                "Upgrade: line-noise\r\nConnection: close",
                "Connection: Upgrade",
                "Connection: Upgrade\r\nUpgrade: ",
                "Connection: Upgrade\r\nUpgrade: ,",
                "Connection: Upgrade\r\nUpgrade: /",
                "Connection: Upgrade\r\nUpgrade: web socket",
                "Connection: Upgrade\r\nUpgrade: \"websocket\""
            })
    void whatIsNoUpgradeIsPlainHttp(String lines) throws Exception {
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain"));
        String request = request("GET", path(Routes.MAIN, "/plain"), lines.split("\r\n"));
        if (!fairlead().server().has(Trait.REFUSES_ODD_UPGRADES)) {
            assertPlain(request);
            return;
        }
        try (Wire client = client()) {
            assertThat(client.send(request).readHead().status()).isIn(200, 400);
        }
        assertThat(backend.requests()).noneMatch(head -> head.has("Upgrade"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Upgrade: H2C\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nConnection: Upgrade",
                "Upgrade: TLS/1.2\r\nConnection: Upgrade",
                "Upgrade: tls/1.0\r\nConnection: upgrade",
                "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"
            })
    void upgradesOfTheConnectionItselfAreNeverForwarded(String lines) throws Exception {
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain"));
        assertPlain(request("GET", path(Routes.MAIN, "/plain"), lines.split("\r\n")));
    }

    @Test
    void anUpgradeToHttp2IsNeverForwarded() throws Exception {
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain"));
        String request = request(
                "GET",
                path(Routes.MAIN, "/plain"),
                "Upgrade: h2c",
                "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
                "Connection: Upgrade, HTTP2-Settings");
        if (!fairlead().server().has(entrance().secure() ? Trait.SWITCHES_TO_H2C_UNDER_TLS : Trait.SWITCHES_TO_H2C)) {
            assertPlain(request);
            return;
        }
        try (Wire client = client()) {
            Head head = client.send(request).readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("Upgrade")).isEqualTo("h2c");
            client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            client.send(HexFormat.of().parseHex("000000" + "04" + "00" + "00000000"));
            eventually().until(() -> !backend.requests().isEmpty());
        }
        assertNoUpgradeWasForwarded();
    }

    @Test
    void h2cBesideAnotherProtocolIsNotForwarded() throws Exception {
        backend.on("/plain", exchange -> {
            assertThat(exchange.head().tokens("Upgrade")).doesNotContain("h2c");
            exchange.answer("200 OK", "plain");
        });
        for (String upgrade : List.of(
                "Upgrade: h2c, line-noise", "Upgrade: line-noise, h2c", "Upgrade: line-noise\r\nUpgrade: h2c")) {
            try (Wire client = client()) {
                client.send(request(
                        "GET", path(Routes.MAIN, "/plain"), (upgrade + "\r\nConnection: Upgrade").split("\r\n")));
                assertThat(client.readHead().status()).isIn(200, 400);
            }
        }
    }

    @Test
    void theDefaultRouteUpgradesToWebSocketOnly() throws Exception {
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain"));
        backend.on("/ws", WireTest::webSocketEcho);
        assertPlain(raw(Routes.WEBSOCKET, "/plain"));
        try (Wire client = webSocketTunnel(Routes.WEBSOCKET, "/ws")) {
            assertEchoes(client, Frame.text("hello"));
        }
    }

    @Test
    @FromTheField(Trouble.B3)
    void aRouteThatIsOffNeverUpgrades() throws Exception {
        backend.on("/", exchange -> exchange.answer("200 OK", "plain"));
        for (String handshake : List.of(webSocket(Routes.OFF, "/ws"), raw(Routes.OFF, "/ws"))) {
            try (Wire client = client()) {
                assertThat(client.send(handshake).readHead().status()).isGreaterThanOrEqualTo(200);
            }
        }
        assertThat(backend.requests()).noneMatch(head -> head.has("Upgrade"));
    }

    /** The request is answered, and the backend saw no Upgrade in it. */
    private void assertPlain(String request) throws IOException {
        try (Wire client = client()) {
            Head head = client.send(request).readHead();
            assertThat(head.status()).as("%s", head).isEqualTo(200);
            assertThat(client.readBodyText(head)).isEqualTo("plain");
        }
        assertNoUpgradeWasForwarded();
    }

    private void assertNoUpgradeWasForwarded() {
        Head seen = backend.requests().get(backend.requests().size() - 1);
        assertThat(seen.has("Upgrade")).as("%s", seen).isFalse();
        assertThat(seen.has("HTTP2-Settings")).as("%s", seen).isFalse();
        assertThat(seen.tokens("Connection")).doesNotContain("upgrade", "http2-settings");
    }

    @Test
    @FromTheField(Trouble.E2)
    void anAbsoluteTargetDoesNotSelectTheBackend() throws Exception {
        backend.on("/", WireTest::webSocketEcho);
        String target = entrance().scheme() + "://" + HOST + path(Routes.MAIN, "/ws?a=%2F");
        String handshake =
                webSocket(Routes.MAIN, "/ws?a=%2F").replace("GET " + path(Routes.MAIN, "/ws?a=%2F"), "GET " + target);
        try (Wire client = switched(client(), handshake)) {
            assertEchoes(client, Frame.text("hello"));
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.target()).isEqualTo("/ws?a=%2F");
        assertThat(seen.value("Host")).isEqualTo(HOST);
    }

    private void assertFails(int status, String handshake) throws IOException {
        try (Wire client = client()) {
            Head head = client.send(handshake).readHead();
            assertThat(head.status()).as("%s", head).isEqualTo(status);
            assertPlainError(head, client.readBodyText(head));
            client.ending();
        }
    }
}
