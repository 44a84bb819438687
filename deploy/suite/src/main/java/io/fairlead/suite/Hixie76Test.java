package io.fairlead.suite;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * WebSocket before RFC 6455: draft-hixie-thewebsocketprotocol-76, whose handshake has eight bytes behind the request's head
 * and sixteen behind the answer's, its predecessor 75, and draft-ietf-hybi-thewebsocketprotocol-08.
 */
public abstract class Hixie76Test extends WireTest {

    /** The example of the draft's section 1.3. */
    private static final String KEY1 = "4 @1  46546xW%0l 1 5";

    private static final String KEY2 = "12998 5 Y3 1  .P00";
    /** As they are behind a server that makes one space of several. */
    private static final String KEY1_SINGLE_SPACED = "4 @1 46546xW%0l 1 6";

    private static final String KEY2_SINGLE_SPACED = "12998 5 Y3 1 .P00";

    private static final String KEY3 = "^n:ds[4U";
    private static final String ANSWER = "8jKS'y:G*Co,Wxa-";

    /** How a client sends its last eight bytes. */
    protected enum Key3 {
        /** In one write with the head. */
        GLUED {
            @Override
            Head handshake(Wire client, String head) throws IOException {
                return client.send(head + KEY3).readHead();
            }
        },
        /** In a write of their own. */
        BEHIND {
            @Override
            Head handshake(Wire client, String head) throws IOException {
                return client.send(head).send(KEY3).readHead();
            }
        },
        SPLIT {
            @Override
            Head handshake(Wire client, String head) throws IOException {
                return client.send(head + KEY3.substring(0, 3))
                        .send(KEY3.substring(3))
                        .readHead();
            }
        },
        /** One by one, and only when the head of the answer is there. */
        AFTER_THE_ANSWER {
            @Override
            Head handshake(Wire client, String head) throws IOException {
                Head answer = client.send(head).readHead();
                for (char c : KEY3.toCharArray()) {
                    client.send(String.valueOf(c));
                }
                return answer;
            }
        };

        abstract Head handshake(Wire client, String head) throws IOException;
    }

    /** When a backend sends the head of its answer. */
    protected enum BackendHead {
        /** Before it has the eight bytes, as Socket.IO 0.9 does. */
        FIRST,
        /** With the sixteen bytes, as ws 0.4 does. */
        LAST
    }

    private boolean spacesCollapse() {
        return fairlead().server().has(Trait.COLLAPSES_SPACES);
    }

    private String key1() {
        return spacesCollapse() ? KEY1_SINGLE_SPACED : KEY1;
    }

    private String key2() {
        return spacesCollapse() ? KEY2_SINGLE_SPACED : KEY2;
    }

    private String expectedAnswer() {
        return new String(answer(key1(), key2(), KEY3.getBytes(ISO_8859_1)), ISO_8859_1);
    }

    private String handshake(String route, String backendPath, String... more) {
        return handshakeWith(key1(), key2(), route, backendPath, more);
    }

    private String handshakeWith(String key1, String key2, String route, String backendPath, String... more) {
        String[] lines = {
            "Upgrade: WebSocket",
            "Connection: Upgrade",
            "Origin: http://chat.example",
            "Sec-WebSocket-Key1: " + key1,
            "Sec-WebSocket-Key2: " + key2
        };
        String[] all = new String[lines.length + more.length];
        System.arraycopy(lines, 0, all, 0, lines.length);
        System.arraycopy(more, 0, all, lines.length, more.length);
        return request("GET", path(route, backendPath), all);
    }

    private String webSocketUrl(String route, String backendPath) {
        return (entrance().secure() ? "wss://" : "ws://") + HOST + path(route, backendPath);
    }

    private static void accept(Exchange exchange, BackendHead when, String... more) throws IOException {
        Wire wire = exchange.wire();
        Head head = exchange.head();
        StringBuilder answer = new StringBuilder("HTTP/1.1 101 WebSocket Protocol Handshake\r\n")
                .append("Upgrade: WebSocket\r\nConnection: Upgrade\r\n")
                .append("Sec-WebSocket-Origin: ")
                .append(head.value("Origin"))
                .append("\r\n")
                .append("Sec-WebSocket-Location: ws://")
                .append(head.value("Host"))
                .append(head.target())
                .append("\r\n");
        for (String line : more) {
            answer.append(line).append("\r\n");
        }
        answer.append("\r\n");
        if (when == BackendHead.FIRST) {
            wire.send(answer.toString());
        }
        byte[] key3 = wire.read(8);
        byte[] digest = answer(head.value("Sec-WebSocket-Key1"), head.value("Sec-WebSocket-Key2"), key3);
        if (when == BackendHead.FIRST) {
            wire.send(digest);
        } else {
            wire.send(ByteBuffer.allocate(answer.length() + 16)
                    .put(answer.toString().getBytes(ISO_8859_1))
                    .put(digest)
                    .array());
        }
    }

    /** The draft's section 5.2. */
    private static byte[] answer(String key1, String key2, byte[] key3) {
        try {
            return MessageDigest.getInstance("MD5")
                    .digest(ByteBuffer.allocate(16)
                            .putInt(number(key1))
                            .putInt(number(key2))
                            .put(key3)
                            .array());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has MD5", e);
        }
    }

    private static int number(String key) {
        long digits = Long.parseLong(key.replaceAll("[^0-9]", ""));
        return (int) (digits / key.chars().filter(c -> c == ' ').count());
    }

    private static void echoMessage(Wire client, String text) throws IOException {
        client.send("\u0000" + text + "\u00ff");
        assertThat(client.readText(text.length() + 2)).isEqualTo("\u0000" + text + "\u00ff");
    }

    @Test
    void theBackendOfTheseTestsComputesTheDraftsExample() {
        assertThat(answer(KEY1, KEY2, KEY3.getBytes(ISO_8859_1))).isEqualTo(ANSWER.getBytes(ISO_8859_1));
    }

    @ParameterizedTest
    @CsvSource({
        "GLUED, FIRST", "BEHIND, FIRST", "SPLIT, FIRST", "AFTER_THE_ANSWER, FIRST",
        "GLUED, LAST", "BEHIND, LAST", "SPLIT, LAST", "AFTER_THE_ANSWER, LAST"
    })
    @FromTheField({Trouble.A2, Trouble.A3, Trouble.A5})
    void theHandshakeAndWhatFollows(Key3 key3, BackendHead when) throws Exception {
        backend.on("/chat", exchange -> {
            accept(exchange, when);
            exchange.echo();
        });
        try (Wire client = client()) {
            Head head = key3.handshake(client, handshake(Routes.WEBSOCKET, "/chat?room=1"));
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.fields())
                    .contains(
                            new Head.Field("Upgrade", "WebSocket"),
                            new Head.Field("Connection", "Upgrade"),
                            new Head.Field("Sec-WebSocket-Origin", "http://chat.example"),
                            new Head.Field("Sec-WebSocket-Location", webSocketUrl(Routes.WEBSOCKET, "/chat?room=1")))
                    .noneMatch(field -> field.value().isEmpty());
            assertNoBody(head);
            assertThat(client.readText(16)).isEqualTo(expectedAnswer());
            echoMessage(client, "hello");
            echoMessage(client, "x".repeat(100_000));
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.value("Sec-WebSocket-Key1")).isEqualTo(key1());
        assertThat(seen.value("Sec-WebSocket-Key2")).isEqualTo(key2());
        assertThat(seen.value("Upgrade")).isEqualTo("WebSocket");
        assertThat(seen.has("Sec-WebSocket-Key") || seen.has("Sec-WebSocket-Version"))
                .isFalse();
        assertThat(seen.has("Content-Length") || seen.has("Transfer-Encoding")).isFalse();
        eventually().until(() -> backend.open() == 0);
    }

    /** Browsers send the eight bytes with the head. */
    @Test
    @FromTheField(Trouble.A4)
    void runsOfSpacesInTheKeysAreKept() throws Exception {
        backend.on("/chat", exchange -> accept(exchange, BackendHead.LAST));
        try (Wire client = client()) {
            client.send(handshakeWith(KEY1, KEY2, Routes.WEBSOCKET, "/chat") + KEY3);
            assertThat(client.readHead().status()).isEqualTo(101);
            assertThat(client.readText(16)).isEqualTo(ANSWER);
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.value("Sec-WebSocket-Key1")).isEqualTo(KEY1);
        assertThat(seen.value("Sec-WebSocket-Key2")).isEqualTo(KEY2);
    }

    @Test
    @FromTheField(Trouble.A4)
    void runsOfSpacesInTheKeysAreKeptWhenTheEightBytesComeLater() throws Exception {
        assumeFalse(spacesCollapse(), "The server makes one space of several.");
        backend.on("/chat", exchange -> accept(exchange, BackendHead.FIRST));
        try (Wire client = client()) {
            assertThat(client.send(handshakeWith(KEY1, KEY2, Routes.WEBSOCKET, "/chat"))
                            .readHead()
                            .status())
                    .isEqualTo(101);
            assertThat(client.send(KEY3).readText(16)).isEqualTo(ANSWER);
        }
        assertThat(backend.requests().get(0).value("Sec-WebSocket-Key1")).isEqualTo(KEY1);
    }

    @ParameterizedTest
    @EnumSource
    @FromTheField(Trouble.A6)
    void theLocationIsTheClientsWhereTheBackendHasAHostOfItsOwn(BackendHead when) throws Exception {
        backend.on("/chat", exchange -> {
            accept(exchange, when);
            exchange.echo();
        });
        try (Wire client = client()) {
            Head head = client.send(handshake(Routes.HOSTLESS, "/chat") + KEY3).readHead();
            assertThat(head.value("Sec-WebSocket-Location")).isEqualTo(webSocketUrl(Routes.HOSTLESS, "/chat"));
            assertThat(client.readText(16)).isEqualTo(expectedAnswer());
        }
        assertThat(backend.requests().get(0).value("Host")).isEqualTo("127.0.0.1:" + backend.port());
    }

    @Test
    void aBackendThatWaitsGetsItsSubprotocolNamedForIt() throws Exception {
        backend.on("/chat", exchange -> accept(exchange, BackendHead.LAST, "Sec-WebSocket-Protocol: sample"));
        try (Wire client = client()) {
            Head head = client.send(handshake(Routes.WEBSOCKET, "/chat", "Sec-WebSocket-Protocol: sample") + KEY3)
                    .readHead();
            assertThat(head.value("Sec-WebSocket-Protocol")).isEqualTo("sample");
            assertThat(client.readText(16)).isEqualTo(expectedAnswer());
        }
    }

    @Test
    @FromTheField(Trouble.A2)
    void theBackendNeverSeesAPartOfTheEightBytesWithTheHead() throws Exception {
        CompletableFuture<Void> silent = new CompletableFuture<>();
        backend.on("/chat", exchange -> {
            exchange.wire().expectSilence(Duration.ofMillis(900));
            silent.complete(null);
            accept(exchange, BackendHead.LAST);
        });
        try (Wire client = client()) {
            client.send(handshake(Routes.WEBSOCKET, "/chat") + KEY3.substring(0, 7));
            Crew.await(silent);
            client.send(KEY3.substring(7));
            assertThat(client.readHead().status()).isEqualTo(101);
            assertThat(client.readText(16)).isEqualTo(expectedAnswer());
        }
    }

    @Test
    void aRefusalThatComesAtOnceIsTheAnswer() throws Exception {
        backend.on("/no", exchange -> {
            exchange.sendHead("HTTP/1.1 403 Forbidden", "Content-Length: 2", "Connection: close");
            exchange.wire().send("no");
        });
        try (Wire client = client()) {
            Head head = client.send(handshake(Routes.WEBSOCKET, "/no") + KEY3).readHead();
            assertThat(head.status()).isEqualTo(403);
            assertThat(client.readBodyText(head)).isEqualTo("no");
            client.ending();
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aRefusalAfterTheEightBytesEndsBothSides() throws Exception {
        backend.on("/no", exchange -> {
            exchange.wire().read(8);
            exchange.sendHead("HTTP/1.1 403 Forbidden", "Content-Length: 2");
            exchange.wire().send("no");
            exchange.wire().ending();
        });
        try (Wire client = client()) {
            Head head = client.send(handshake(Routes.WEBSOCKET, "/no") + KEY3).readHead();
            assertThat(head.status()).isEqualTo(101);
            client.ending();
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aBackendThatNeverAnswersIsGivenUp() throws Exception {
        CompletableFuture<Wire.Ending> ending = new CompletableFuture<>();
        backend.on("/mute", exchange -> {
            exchange.wire().read(8);
            ending.complete(exchange.wire().ending());
        });
        try (Wire client = client()) {
            Head head = client.send(handshake(Routes.QUICK, "/mute") + KEY3).readHead();
            assertThat(head.status()).isEqualTo(101);
            client.ending();
        }
        Crew.await(ending);
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aClientThatLeavesWithoutItsEightBytesLeavesNothingBehind() throws Exception {
        CompletableFuture<Wire.Ending> ending = new CompletableFuture<>();
        backend.on("/left", exchange -> ending.complete(exchange.wire().ending()));
        try (Wire client = client()) {
            Head head =
                    client.send(handshake(Routes.WEBSOCKET, "/left") + "1234").readHead();
            assertThat(head.status()).isEqualTo(101);
            client.reset();
        }
        Crew.await(ending);
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    @FromTheField(Trouble.A7)
    void aBackendThatClosesBehindItsHead() throws Exception {
        backend.on("/short", exchange -> {
            exchange.sendHead(
                    "HTTP/1.1 101 WebSocket Protocol Handshake",
                    "Upgrade: WebSocket",
                    "Connection: Upgrade",
                    "Sec-WebSocket-Origin: http://chat.example",
                    "Sec-WebSocket-Location: ws://" + HOST + "/short");
            exchange.wire().finish();
        });
        try (Wire client = client()) {
            Head head = client.send(handshake(Routes.WEBSOCKET, "/short")).readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(client.readRest()).isEmpty();
        }
    }

    /** Once: the eight bytes are no request that gets an answer of its own. */
    @Test
    void aRouteThatIsOffAnswersOnceAndCloses() throws Exception {
        backend.on("/off", exchange -> exchange.answer("404 Not Found", "no socket here"));
        try (Wire client = client()) {
            Head head = client.send(handshake(Routes.OFF, "/off") + KEY3).readHead();
            assertThat(head.status()).isEqualTo(404);
            assertThat(head.tokens("Connection")).contains("close");
            assertThat(client.readBodyText(head)).isEqualTo("no socket here");
            client.ending();
        }
        assertThat(backend.requests()).singleElement().satisfies(seen -> assertThat(seen.has("Upgrade"))
                .isFalse());
    }

    /** The client falls back at once; behind a wrong answer it might not. */
    @ParameterizedTest
    @ValueSource(strings = {"4 @1 46546xW%0l 1 5", "414654601", "99999 99999 9", "none"})
    void keysThatTheWayHasChangedAreRefused(String key) throws Exception {
        try (Wire client = client()) {
            String changed = handshake(Routes.WEBSOCKET, "/chat").replace("Key1: " + key1(), "Key1: " + key);
            Head head = client.send(changed + KEY3).readHead();
            assertThat(head.status()).isEqualTo(400);
            assertPlainError(head, client.readBodyText(head));
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    @FromTheField(Trouble.A7)
    void draft75HasNoKeys() throws Exception {
        backend.on("/old", exchange -> {
            exchange.sendHead(
                    "HTTP/1.1 101 Web Socket Protocol Handshake",
                    "Upgrade: WebSocket",
                    "Connection: Upgrade",
                    "WebSocket-Origin: http://chat.example",
                    "WebSocket-Location: ws://elsewhere/old",
                    "WebSocket-Protocol: sample");
            exchange.wire().send("\u0000hello\u00ff");
            exchange.echo();
        });
        try (Wire client = client()) {
            String request = request(
                    "GET",
                    path(Routes.WEBSOCKET, "/old"),
                    "Upgrade: WebSocket",
                    "Connection: Upgrade",
                    "Origin: http://chat.example",
                    "WebSocket-Protocol: sample");
            Head head = client.send(request).readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("WebSocket-Location")).isEqualTo(webSocketUrl(Routes.WEBSOCKET, "/old"));
            assertThat(head.value("WebSocket-Origin")).isEqualTo("http://chat.example");
            assertThat(head.value("WebSocket-Protocol")).isEqualTo("sample");
            assertThat(client.readText(7)).isEqualTo("\u0000hello\u00ff");
            echoMessage(client, "and back");
        }
    }

    @Test
    @FromTheField(Trouble.A7)
    void hybi08IsFramedAlready() throws Exception {
        backend.on("/hybi", exchange -> {
            exchange.acceptWebSocket();
            exchange.echo();
        });
        try (Wire client = client()) {
            String request = request(
                    "GET",
                    path(Routes.WEBSOCKET, "/hybi"),
                    "Upgrade: websocket",
                    "Connection: keep-alive, Upgrade",
                    "Sec-WebSocket-Origin: http://chat.example",
                    "Sec-WebSocket-Key: " + KEY,
                    "Sec-WebSocket-Version: 8");
            Head head = client.send(request).readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("Sec-WebSocket-Accept")).isEqualTo("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            client.send("any bytes");
            assertThat(client.readText(9)).isEqualTo("any bytes");
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.value("Sec-WebSocket-Version")).isEqualTo("8");
        assertThat(seen.value("Sec-WebSocket-Origin")).isEqualTo("http://chat.example");
    }

    @Test
    void manyAtOnceAreNotMixedUp() throws Exception {
        backend.on("/chat", exchange -> {
            accept(exchange, exchange.connection() % 2 == 0 ? BackendHead.FIRST : BackendHead.LAST);
            exchange.echo();
        });
        List<CompletableFuture<Void>> clients = IntStream.range(0, 20)
                .mapToObj(i -> Crew.start(() -> {
                    try (Wire client = client()) {
                        Head head = client.send(handshake(Routes.WEBSOCKET, "/chat?n=" + i) + KEY3)
                                .readHead();
                        assertThat(head.value("Sec-WebSocket-Location"))
                                .isEqualTo(webSocketUrl(Routes.WEBSOCKET, "/chat?n=" + i));
                        assertThat(client.readText(16)).isEqualTo(expectedAnswer());
                        echoMessage(client, "client " + i);
                    }
                }))
                .toList();
        for (CompletableFuture<Void> client : clients) {
            Crew.await(client);
        }
    }
}
