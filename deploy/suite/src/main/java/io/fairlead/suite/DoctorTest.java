package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The doctor's end in the server: probes, what it saw of them, and who may ask. */
public abstract class DoctorTest extends WireTest {

    private static final Pattern NONCE = Pattern.compile("\"nonce\":\"([A-Za-z0-9_-]{22})\"");

    private record Reply(Head head, String body) {}

    private String below(String path) {
        String route = fairlead().path(Routes.MAIN, "");
        return route.substring(0, route.length() - Routes.MAIN.length() - 1) + path;
    }

    private Reply exchange(String method, String path, String body, String... headers) throws IOException {
        String[] all = new String[headers.length + 2];
        all[0] = "Connection: close";
        all[1] = "Content-Length: " + body.length();
        System.arraycopy(headers, 0, all, 2, headers.length);
        try (Wire client = client()) {
            Head head = client.send(request(method, below(path), all) + body).readFinalHead();
            return new Reply(head, client.readBodyText(head));
        }
    }

    private Reply fetch(String path, String... headers) throws IOException {
        return exchange("GET", path, "", headers);
    }

    private String begin() throws IOException {
        Reply begun = fetch("/-/doctor/begin");
        assertThat(begun.head().status()).isEqualTo(200);
        Matcher nonce = NONCE.matcher(begun.body());
        assertThat(nonce.find()).as(begun.body()).isTrue();
        return nonce.group(1);
    }

    /** Where the server has no WebSocket of its own, its sockets are answered so; nothing else is to be seen of them. */
    private boolean hasNoWebSocket() throws IOException {
        boolean none = fairlead().server().has(Trait.HAS_NO_WEBSOCKET);
        if (none) {
            String nonce = begin();
            try (Wire client = socket("echo", nonce, "ws")) {
                assertThat(client.readHead().status()).isEqualTo(426);
            }
            assertThat(verdict(nonce, "\"ws\":{\"result\":\"failed\",\"why\":\"server\"}"))
                    .contains("\"code\":\"server-without-websocket\"");
        }
        return none;
    }

    private Wire socket(String path, String nonce, String step, String... headers) throws IOException {
        String[] all = new String[headers.length + 5];
        all[0] = "Upgrade: websocket";
        all[1] = "Connection: Upgrade";
        all[2] = "Sec-WebSocket-Key: " + KEY;
        all[3] = "Sec-WebSocket-Version: 13";
        all[4] = "Origin: http://elsewhere.example";
        System.arraycopy(headers, 0, all, 5, headers.length);
        return client().send(request("GET", below("/-/probe/ws/" + path + "?n=" + nonce + "&s=" + step), all));
    }

    private String verdict(String nonce, String steps) throws IOException {
        String facts = "{\"url\":\"" + entrance().scheme() + "://" + HOST + "\",\"protocol\":\"http/1.1\",\"steps\":{"
                + steps + "}}";
        Reply posted = exchange("POST", "/-/doctor/verdict?n=" + nonce, facts, "Content-Type: application/json");
        assertThat(posted.head().status()).isEqualTo(200);
        return posted.body();
    }

    @Test
    void factsMayComeByGet() throws Exception {
        String nonce = begin();
        fetch("/-/probe/get?n=" + nonce + "&s=get");
        String facts = "{\"url\":\"http://x\",\"steps\":{\"get\":{\"result\":\"ok\"}}}";
        Reply posted = exchange("POST", "/-/doctor/verdict?n=" + nonce, facts, "Content-Type: application/json");
        Reply got =
                fetch("/-/doctor/verdict?n=" + nonce + "&facts=" + URLEncoder.encode(facts, StandardCharsets.UTF_8));
        assertThat(got.head().status()).isEqualTo(200);
        assertThat(got.body()).isEqualTo(posted.body());
    }

    /** What the server says when it has seen the end of a socket. */
    private String verdictAtTheEnd(String nonce, int closeCode) {
        return eventually()
                .until(
                        () -> verdict(nonce, "\"get\":{\"result\":\"ok\"}"),
                        answer -> answer.contains("\"closeCode\":" + closeCode));
    }

    @Test
    void thePageMayLoadNothingFromElsewhere() throws Exception {
        Reply page = fetch("/-/doctor/");
        assertThat(page.head().status()).isEqualTo(200);
        assertThat(page.body()).contains("<title>Fairlead doctor</title>").doesNotContain("style=", "onclick=");
        assertThat(page.head().value("Content-Security-Policy"))
                .startsWith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws://" + HOST)
                .endsWith("base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        assertThat(page.head().value("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(fetch("/-/doctor").head().value("Location")).endsWith("/-/doctor/");
        assertThat(fetch("/-/doctor/nothing").head().status()).isEqualTo(404);
    }

    @Test
    void aHostThatIsNoneIsNotInThePolicy() throws Exception {
        try (Wire client = client()) {
            Head head = client.send(
                            "GET " + below("/-/doctor/") + " HTTP/1.1\r\nHost: a_b;c\r\nConnection: close\r\n\r\n")
                    .readFinalHead();
            if (head.status() == 200) {
                assertThat(head.value("Content-Security-Policy")).doesNotContain("a_b");
            } else {
                assertThat(head.status()).isEqualTo(400);
            }
        }
    }

    @Test
    void plainProbesAreAnsweredAndSeen() throws Exception {
        String nonce = begin();
        Reply reply =
                fetch("/-/probe/get?n=" + nonce + "&s=get", "X-Fairlead-Probe: Fair, \"Lead\"; Q=0.5", "Cookie: a=b");
        assertThat(reply.head().status()).isEqualTo(200);
        assertThat(reply.head().value("X-Fairlead-Probe")).isEqualTo("Fair, \"Lead\"; Q=0.5");
        assertThat(reply.head().value("Cache-Control")).isEqualTo("no-store");
        assertThat(exchange("POST", "/-/probe/post?n=" + nonce + "&s=post", "x".repeat(100_000))
                        .body())
                .isEqualTo("{\"received\":\"100000\"}");
        assertThat(fetch("/-/probe/poll?n=" + nonce + "&s=poll&ms=300").body()).isEqualTo("{\"held\":\"300\"}");

        assertThat(verdict(nonce, "\"get\":{\"result\":\"ok\"}"))
                .startsWith("{\"findings\":[{\"code\":\"fine\",")
                .contains("\"request\":\"GET "
                        + below("/-/probe/get?n=…&s=get HTTP/1.1").replace("…", "â\u0080¦"))
                .contains("\"received\":100000")
                .contains("\"peer\":\"127.0.0.1\"", "\"secure\":" + entrance().secure())
                .doesNotContain("a=b", nonce);
    }

    @Test
    void theSecondEventComesWhenTheFirstIsAcknowledged() throws Exception {
        String nonce = begin();
        try (Wire client = client()) {
            Head head = client.send(request("GET", below("/-/probe/sse?n=" + nonce + "&s=sse")))
                    .readFinalHead();
            assertThat(head.value("Content-Type")).startsWith("text/event-stream");
            assertThat(new String(client.readChunk(), StandardCharsets.US_ASCII))
                    .isEqualTo("data: first\n\n");
            assertThat(fetch("/-/probe/ack?n=" + nonce + "&s=ack").head().status())
                    .isEqualTo(200);
            assertThat(new String(client.readChunk(), StandardCharsets.US_ASCII))
                    .isEqualTo("data: came\n\n");
        }
    }

    @Test
    void theSecondEventSaysWhenNobodyHasAcknowledgedTheFirst() throws Exception {
        assertThat(fetch("/-/probe/sse?n=" + begin() + "&s=sse").body()).isEqualTo("data: first\n\ndata: late\n\n");
    }

    @Test
    void messagesAreSentBackAndSeen() throws Exception {
        if (hasNoWebSocket()) {
            return;
        }
        String nonce = begin();
        byte[] large = new byte[300_000];
        try (Wire client = socket("echo", nonce, "ws", "Authorization: Bearer secret")) {
            assertThat(client.readHead().status()).isEqualTo(101);
            client.send(Frame.text("one").masked());
            assertThat(message(client)).isEqualTo("one");
            client.send(Frame.more(Frame.BINARY, large).masked());
            client.send(Frame.last(Frame.CONTINUATION, large).masked());
            assertThat(message(client)).hasSize(600_000);
            client.send(Frame.close(4001, "enough").masked());
            assertThat(Frame.read(client).closeCode()).isEqualTo(4001);
        }
        assertThat(verdictAtTheEnd(nonce, 4001))
                .contains("\"messages\":2", "\"sent\":2", "\"received\":600003")
                .containsIgnoringCase("Authorization: ")
                .contains("origin-rewritten")
                .doesNotContain("Bearer");
    }

    @Test
    void theServerBeginsWhereItIsToPush() throws Exception {
        if (hasNoWebSocket()) {
            return;
        }
        String nonce = begin();
        try (Wire client = socket("push", nonce, "push", "Sec-WebSocket-Protocol: fairlead.first, fairlead.second")) {
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("Sec-WebSocket-Protocol")).isEqualTo("fairlead.second");
            for (int i = 0; i < 32; i++) {
                assertThat(message(client)).isEqualTo("" + i);
            }
            assertThat(message(client)).isEqualTo("in three fragments");
            Frame ping = Frame.read(client);
            assertThat(ping.opcode()).isEqualTo(Frame.PING);
            client.send(Frame.last(Frame.PONG, ping.payload()).masked());
            assertThat(message(client)).isEqualTo("pong");
            client.send(Frame.text("bye").masked());
            assertThat(Frame.read(client).closeCode()).isEqualTo(4002);
            client.send(Frame.close(4002, "").masked());
        }
        assertThat(verdictAtTheEnd(nonce, 4002)).contains("\"sent\":34", "\"messages\":1");
    }

    /** A whole message, whatever its fragments. */
    private static String message(Wire client) throws IOException {
        StringBuilder text = new StringBuilder();
        Frame frame;
        do {
            frame = Frame.read(client);
            assertThat(frame.opcode()).isLessThan(Frame.CLOSE);
            text.append(frame.text());
        } while ((frame.firstByte() & 0x80) == 0);
        return text.toString();
    }

    @Test
    void aHandshakeWithoutUpgradeIsToldAndNamed() throws Exception {
        String nonce = begin();
        Reply reply = fetch(
                "/-/probe/ws/echo?n=" + nonce + "&s=ws", "Origin: " + entrance().scheme() + "://" + HOST);
        assertThat(reply.head().status()).isEqualTo(426);
        assertThat(verdict(nonce, "\"get\":{\"result\":\"ok\"},\"ws\":{\"result\":\"failed\",\"code\":1006}"))
                .contains("\"code\":\"upgrade-stripped\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"get", "sse", "poll", "ack", "post"})
    void nobodyProbesWithoutANonce(String probe) throws Exception {
        assertThat(fetch("/-/probe/" + probe + "?s=get").head().status()).isEqualTo(403);
        assertThat(fetch("/-/probe/" + probe + "?n=AAAAAAAAAAAAAAAAAAAAAA&s=get")
                        .head()
                        .status())
                .isEqualTo(403);
    }

    @Test
    void aSocketWithoutANonceIsRefusedOrClosed() throws Exception {
        if (hasNoWebSocket()) {
            return;
        }
        try (Wire client = socket("echo", "AAAAAAAAAAAAAAAAAAAAAA", "ws")) {
            Head head = client.readHead();
            if (head.status() == 101) {
                assertThat(Frame.read(client).closeCode()).isEqualTo(1008);
            } else {
                assertThat(head.status()).isEqualTo(403);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Forwarded-For: nobody"})
    void whoComesFromElsewhereIsRefused(String header) throws Exception {
        for (String path : new String[] {"", "begin", "doctor.js", "texts.json", "verdict?n=AAAAAAAAAAAAAAAAAAAAAA"}) {
            Reply refused = fetch("/-/doctor/" + path, header);
            assertThat(refused.head().status()).as(path).isEqualTo(403);
            assertThat(refused.body()).doesNotContain("nonce");
        }
    }

    @Test
    void whatTheClientWritesComesBackAsJsonOnly() throws Exception {
        String nonce = begin();
        fetch("/-/probe/get?n=" + nonce + "&s=get", "X-Markup: <script>alert(1)</script>\u0007");
        Reply reply = exchange(
                "POST",
                "/-/doctor/verdict?n=" + nonce,
                "{\"url\":\"<b>\",\"steps\":{\"get\":{\"result\":\"ok\"}}}",
                "Content-Type: application/json");
        assertThat(reply.head().value("Content-Type")).isEqualTo("application/json");
        assertThat(reply.head().value("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(reply.head().value("Content-Security-Policy")).startsWith("default-src 'none'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{}",
                "{\"steps\":{\"get\":{\"result\":\"great\"}}}",
                "{\"steps\":{\"get\":1}}",
                "{\"steps"
            })
    void factsThatAreNoneAreRefused(String facts) throws Exception {
        assertThat(exchange("POST", "/-/doctor/verdict?n=" + begin(), facts)
                        .head()
                        .status())
                .isEqualTo(400);
    }
}
