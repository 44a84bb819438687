package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP without any upgrade: what is asked and answered, as it comes and as it is. */
public abstract class HttpTest extends WireTest {

    private static final long HUNDRED_MB = 100L << 20;

    /** More than the sockets between two peers ever hold, less than a body that was buffered whole. */
    private static final long MUCH_LESS = 48L << 20;

    // ---- streaming

    @Test
    @FromTheField(Trouble.B2)
    void serverSentEventsArriveOneByOne() throws Exception {
        CountDownLatch firstSeen = new CountDownLatch(1);
        backend.on("/events", exchange -> {
            exchange.stay();
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked");
            exchange.sendChunk("data: 1\n\n");
            assertThat(firstSeen.await(15, TimeUnit.SECONDS))
                    .as("the client saw the first event before there was a second")
                    .isTrue();
            exchange.sendChunk("data: 2\n\n");
            exchange.sendChunk("");
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/events"), "Accept: text/event-stream"));
            Head head = client.readHead();
            assertThat(head.value("Content-Type")).isEqualTo("text/event-stream");
            assertThat(client.readChunk()).asString().isEqualTo("data: 1\n\n");
            firstSeen.countDown();
            assertThat(client.readChunk()).asString().isEqualTo("data: 2\n\n");
            assertThat(client.readChunk()).isEmpty();
        }
    }

    @Test
    void anEventStreamMayBeSilentLongerThanTheTimeoutForItsHead() throws Exception {
        // The route waits 700 ms for a head and a second for more of a body that goes on: two events 850 ms apart.
        backend.on("/events", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked");
            exchange.sendChunk("1");
            exchange.wire().expectSilence(Duration.ofMillis(850));
            exchange.sendChunk("2");
            exchange.sendChunk("");
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.QUICK, "/events")));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("12");
        }
    }

    @Test
    @FromTheField(Trouble.B2)
    void longPollIsAnsweredWhenTheBackendHasNews() throws Exception {
        CountDownLatch news = new CountDownLatch(1);
        backend.on("/poll", exchange -> {
            assertThat(news.await(15, TimeUnit.SECONDS)).isTrue();
            exchange.answer("200 OK", "news");
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/poll")));
            eventually().until(() -> backend.requests().size() == 1);
            news.countDown();
            assertThat(client.readBodyText(client.readHead())).isEqualTo("news");
        }
    }

    @Test
    @FromTheField(Trouble.B2)
    void chunksTravelBothWaysAsTheyCome() throws Exception {
        backend.on("/chunks", exchange -> {
            StringBuilder first = new StringBuilder();
            while (first.length() < 3) {
                first.append(new String(exchange.wire().readChunk(), StandardCharsets.ISO_8859_1));
            }
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            exchange.sendChunk("got " + first);
            StringBuilder rest = new StringBuilder();
            for (byte[] chunk = exchange.wire().readChunk();
                    chunk.length > 0;
                    chunk = exchange.wire().readChunk()) {
                rest.append(new String(chunk, StandardCharsets.ISO_8859_1));
            }
            exchange.sendChunk("then " + rest);
            exchange.sendChunk("");
        });
        try (Wire client = client()) {
            client.send(request("POST", path(Routes.MAIN, "/chunks"), "Transfer-Encoding: chunked"));
            client.send("3\r\none\r\n");
            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.readChunk()).asString().isEqualTo("got one");
            client.send("3\r\ntwo\r\n0\r\n\r\n");
            assertThat(client.readChunk()).asString().isEqualTo("then two");
            assertThat(client.readChunk()).isEmpty();
        }
    }

    @Test
    void aHundredMegabytesComeDownAtTheClientsPace() throws Exception {
        Noise noise = new Noise(1, HUNDRED_MB);
        AtomicLong poured = new AtomicLong();
        backend.on("/down", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: " + HUNDRED_MB);
            noise.pour(exchange.wire().out(), poured);
        });
        long before = fairlead().vitals().heapBytes();
        try (Wire client = slowClient()) {
            client.send(request("GET", path(Routes.MAIN, "/down")));
            Head head = client.readHead();
            assertThat(head.value("Content-Length")).isEqualTo(String.valueOf(HUNDRED_MB));
            assertThat(standstill(poured)).isLessThan(MUCH_LESS);
            long most = fairlead().server().has(Trait.BUFFERS_MEGABYTES) ? 32L << 20 : 8L << 20;
            assertThat(fairlead().vitals().heapBytes() - before).isLessThan(most);
            assertThat(Noise.digest(client.in(), HUNDRED_MB)).isEqualTo(noise.digest());
        }
    }

    @Test
    @FromTheField(Trouble.B2)
    void aHundredMegabytesGoUpAtTheBackendsPace() throws Exception {
        Noise noise = new Noise(2, HUNDRED_MB);
        CountDownLatch read = new CountDownLatch(1);
        backend.on("/up", exchange -> {
            assertThat(read.await(60, TimeUnit.SECONDS)).isTrue();
            assertThat(exchange.head().value("Content-Length")).isEqualTo(String.valueOf(HUNDRED_MB));
            String digest = Noise.digest(exchange.wire().in(), HUNDRED_MB);
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: " + digest.length());
            exchange.wire().send(digest);
        });
        long before = fairlead().vitals().heapBytes();
        try (Wire client = client()) {
            client.send(request("POST", path(Routes.MAIN, "/up"), "Content-Length: " + HUNDRED_MB));
            AtomicLong poured = new AtomicLong();
            CompletableFuture<Void> upload = Crew.start(() -> noise.pour(client.out(), poured));
            assertThat(standstill(poured)).isLessThan(MUCH_LESS);
            assertThat(fairlead().vitals().heapBytes() - before).isLessThan(8L << 20);
            read.countDown();
            Crew.await(upload);
            assertThat(client.readBodyText(client.readHead())).isEqualTo(noise.digest());
        }
    }

    @Test
    void aBodyThatEndsWithItsConnectionArrivesWhole() throws Exception {
        backend.on("/close", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Connection: close");
            exchange.wire().send("to the very end");
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/close")));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("to the very end");
        }
    }

    @Test
    void aBodyThatBreaksOffIsNotShownAsWhole() throws Exception {
        backend.on("/broken", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            exchange.sendChunk("half");
            exchange.wire().reset();
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/broken")));
            boolean whole;
            try {
                Head head = client.readHead();
                client.readBody(head);
                whole = head.status() == 200;
            } catch (IOException e) {
                whole = false;
            }
            assertThat(whole).isFalse();
        }
    }

    // ---- methods, expectations, answers without a body

    @ParameterizedTest
    @ValueSource(strings = {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "REPORT", "FETCH"})
    void everyMethodPasses(String method) throws Exception {
        backend.on("/m", exchange -> {
            String body = exchange.head().method() + new String(exchange.readBody(), StandardCharsets.ISO_8859_1);
            exchange.answer("200 OK", body);
        });
        try (Wire client = client()) {
            if (method.equals("GET")) {
                client.send(request(method, path(Routes.MAIN, "/m")));
            } else {
                client.send(request(method, path(Routes.MAIN, "/m"), "Content-Length: 3") + "abc");
            }
            assertThat(client.readBodyText(client.readHead())).isEqualTo(method.equals("GET") ? "GET" : method + "abc");
        }
    }

    @Test
    void traceIsNotAllowed() throws Exception {
        try (Wire client = client()) {
            client.send(request("TRACE", path(Routes.MAIN, "/x"), "X-Secret: s"));
            assertThat(client.readHead().status()).isEqualTo(fairlead().server().answerToTrace());
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    void aClientThatWaitsForContinueGetsItAndItsBodyArrives() throws Exception {
        backend.on("/expect", exchange -> {
            if (exchange.head().has("Expect")) {
                exchange.wire().send("HTTP/1.1 100 Continue\r\n\r\n");
            }
            exchange.answer("200 OK", new String(exchange.readBody(), StandardCharsets.ISO_8859_1));
        });
        try (Wire client = client()) {
            client.send(request("POST", path(Routes.MAIN, "/expect"), "Expect: 100-continue", "Content-Length: 4"));
            assertThat(client.readHead().status()).isEqualTo(100);
            client.send("body");
            assertThat(client.readBodyText(client.readFinalHead())).isEqualTo("body");
        }
    }

    @Test
    void anExpectationThatWaitsForAConnectionIsStillMet() throws Exception {
        backend.on("/busy", exchange -> {
            // Longer than an expectation is waited for.
            exchange.wire().expectSilence(Duration.ofMillis(1500));
            exchange.answer("200 OK", "free");
        });
        backend.on("/expect", exchange -> {
            exchange.wire().send("HTTP/1.1 100 Continue\r\n\r\n");
            exchange.answer("200 OK", new String(exchange.readBody(), StandardCharsets.ISO_8859_1));
        });
        try (Wire first = client();
                Wire second = client()) {
            first.send(request("GET", path(Routes.SINGLE, "/busy")));
            eventually().until(() -> backend.requests().size() == 1);
            second.send(request("POST", path(Routes.SINGLE, "/expect"), "Expect: 100-continue", "Content-Length: 4"));
            second.send("body");
            assertThat(second.readBodyText(second.readFinalHead())).isEqualTo("body");
            assertThat(first.readBodyText(first.readHead())).isEqualTo("free");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {102, 103, 104, 199})
    void anInterimAnswerIsNotTheAnswer(int status) throws Exception {
        backend.on("/interim", exchange -> {
            exchange.sendHead("HTTP/1.1 " + status + " Not Yet", "X-Interim: 1");
            exchange.answer("200 OK", "now");
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.QUICK, "/interim")));
            assertThat(client.readBodyText(client.readFinalHead())).isEqualTo("now");
        }
    }

    @Test
    void aBackendThatReadsNothingIsNotTheClientsFault() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/deaf", exchange -> {
            assertThat(over.await(20, TimeUnit.SECONDS)).isTrue();
        });
        try (Wire client = client()) {
            client.send(request("POST", path(Routes.QUICK, "/deaf"), "Content-Length: " + HUNDRED_MB));
            CompletableFuture<Void> upload = Crew.start(() -> new Noise(3, HUNDRED_MB).pour(client.out()));
            assertThat(client.readHead().status()).isEqualTo(504);
            client.close();
            eventually().until(upload::isDone);
        } finally {
            over.countDown();
            // Undertow gives a connection no credit back for what a reset stream had not read.
            entrance().disconnect();
        }
    }

    @Test
    void aRefusalInsteadOfContinueReachesTheClient() throws Exception {
        backend.on("/expect", exchange -> {
            exchange.sendHead("HTTP/1.1 413 Content Too Large", "Content-Length: 3", "Connection: close");
            exchange.wire().send("big");
        });
        try (Wire client = client()) {
            client.send(
                    request("POST", path(Routes.MAIN, "/expect"), "Expect: 100-continue", "Content-Length: 4000000"));
            Head head = client.readFinalHead();
            assertThat(head.status()).isEqualTo(413);
            assertThat(client.readBodyText(head)).isEqualTo("big");
        }
    }

    @Test
    void earlyHintsDoNotHideTheAnswer() throws Exception {
        backend.on("/hints", exchange -> {
            exchange.sendHead("HTTP/1.1 103 Early Hints", "Link: </style.css>; rel=preload");
            exchange.answer("200 OK", "page");
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/hints")));
            Head head = client.readFinalHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(client.readBodyText(head)).isEqualTo("page");
        }
    }

    @Test
    void headAnswersHaveAllHeadersAndNoBody() throws Exception {
        backend.on("/head", exchange -> {
            exchange.stay();
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: 1234", "ETag: \"v1\"");
        });
        backend.on("/next", exchange -> exchange.answer("200 OK", "next"));
        try (Wire client = client()) {
            client.send(request("HEAD", path(Routes.MAIN, "/head")));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.value("Content-Length")).isEqualTo("1234");
            assertThat(head.value("ETag")).isEqualTo("\"v1\"");
            assertNextAnswerIs(client, "next");
        }
    }

    @Test
    void noContentHasNoBody() throws Exception {
        backend.on("/none", exchange -> {
            exchange.stay();
            exchange.sendHead("HTTP/1.1 204 No Content", "X-Done: yes");
        });
        backend.on("/next", exchange -> exchange.answer("200 OK", "next"));
        try (Wire client = client()) {
            client.send(request("DELETE", path(Routes.MAIN, "/none")));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(204);
            assertThat(head.value("X-Done")).isEqualTo("yes");
            assertThat(head.has("Transfer-Encoding")).isFalse();
            assertNextAnswerIs(client, "next");
        }
    }

    @Test
    void notModifiedKeepsItsHeadersAndHasNoBody() throws Exception {
        backend.on("/same", exchange -> {
            exchange.stay();
            assertThat(exchange.head().value("If-None-Match")).isEqualTo("\"v1\", W/\"v0\"");
            exchange.sendHead(
                    "HTTP/1.1 304 Not Modified", "ETag: \"v1\"", "Cache-Control: max-age=60, private=\"a, b\"");
        });
        backend.on("/next", exchange -> exchange.answer("200 OK", "next"));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/same"), "If-None-Match: \"v1\", W/\"v0\""));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(304);
            assertThat(head.value("ETag")).isEqualTo("\"v1\"");
            assertThat(head.value("Cache-Control")).isEqualTo("max-age=60, private=\"a, b\"");
            assertNextAnswerIs(client, "next");
        }
    }

    private void assertNextAnswerIs(Wire client, String body) throws IOException {
        client.send(request("GET", path(Routes.MAIN, "/next")));
        Head head = client.readHead();
        assertThat(head.status()).isEqualTo(200);
        assertThat(client.readBodyText(head)).isEqualTo(body);
    }

    // ---- headers

    @Test
    @FromTheField(Trouble.C3)
    void responseHeadersPassVerbatim() throws Exception {
        String[] lines = {
            "Content-Disposition: attachment; filename=\"a, b.txt\"",
            "WWW-Authenticate: Basic realm=\"x, y\"",
            "WWW-Authenticate: Digest realm=\"z\", nonce=\"n,o\"",
            "Set-Cookie: a=\"q v\"; HttpOnly",
            "Set-Cookie: b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
            "Set-Cookie: a=3; Domain=example",
            "Link: <https://example.org/?a=1,2>; rel=\"next, last\"",
            "Cache-Control: no-cache=\"Set-Cookie, X\", max-age=0",
            "Date: Sat, 01 Jan 2000 00:00:00 GMT",
            "Server: backend/1.0 (\"quoted, text\")",
            "Last-Modified: Sat, 01 Jan 2000 00:00:00 GMT",
            "Expires: 0",
            "ETag: W/\"a,b\"",
            "Location: http://elsewhere.example/?a=b,c",
            "Vary: Accept-Encoding,  Origin",
            "X-Twice: 1, 2",
            "X-Twice: 3",
            "x-lOwEr-UpPeR: MiXeD",
            "X-Colon: a:b::c",
            "X-Semicolon: a;b = \"c\\\"d\" ; e"
        };
        backend.on("/headers", exchange -> exchange.answer("200 OK", "ok", lines));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/headers")));
            Head head = client.readHead();
            for (String line : lines) {
                String name = line.substring(0, line.indexOf(':'));
                assertThat(head.values(name)).as("%s", name).isEqualTo(valuesOf(name, lines));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "text/html",
                "text/xml; x=y",
                "text/html; charset=ISO-8859-1",
                "text/event-stream;charset=UTF-8",
                "application/json",
                "multipart/byteranges; boundary=\"a;b, c\"",
                "Application/X-Thing; q=\"1;2\"; charset=utf-8"
            })
    void contentTypePasses(String type) throws Exception {
        backend.on("/type", exchange -> exchange.answer("200 OK", "ok", "Content-Type: " + type));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/type")));
            String seen = client.readHead().value("Content-Type");
            if (fairlead().server().has(Trait.RESPELLS_CHARSET) && type.contains("charset")) {
                assertThat(parameters(seen)).isEqualTo(parameters(type));
            } else {
                assertThat(seen).isEqualTo(type);
            }
        }
    }

    /** The parts of a media type without regard to case, blanks and the order of parameters. */
    private static TreeSet<String> parameters(String type) {
        TreeSet<String> parts = new TreeSet<>();
        for (String part : type.split("; ?(?=[a-z]+=)")) {
            parts.add(part.toLowerCase(Locale.ROOT));
        }
        return parts;
    }

    @Test
    void requestHeadersPassVerbatim() throws Exception {
        String[] lines = {
            "Accept: text/html, application/xml;q=0.9, */*;q=\"0.8\"",
            "Authorization: Digest username=\"a, b\", uri=\"/x?y=1,2\"",
            "Cookie: a=\"1 2\"; b=3; c=",
            "If-Match: \"x, y\", \"z\"",
            "Origin: null",
            "Referer: http://example.org/?q={1|2}",
            "User-Agent: Agent/1.0 (X11; \"quoted, text\")",
            "X-Twice: 1, 2",
            "X-Twice: 3",
            "X-Empty: ",
            "X-MiXeD: VaLuE"
        };
        backend.on("/headers", exchange -> exchange.answer("200 OK", "ok"));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/headers"), lines));
            assertThat(client.readHead().status()).isEqualTo(200);
        }
        Head seen = backend.requests().get(0);
        for (String line : lines) {
            String name = line.substring(0, line.indexOf(':'));
            assertThat(seen.values(name)).as("%s", name).isEqualTo(valuesOf(name, lines));
        }
        assertThat(seen.value("Host")).isEqualTo(HOST);
    }

    private static List<String> valuesOf(String name, String... lines) {
        List<String> values = new ArrayList<>();
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (line.substring(0, colon).equalsIgnoreCase(name)) {
                values.add(line.substring(colon + 1).strip());
            }
        }
        return values;
    }

    @Test
    @FromTheField(Trouble.E4)
    void forwardedHeadersTellTheTruthAndForgedOnesAreReplaced() throws Exception {
        backend.on("/fwd", exchange -> exchange.answer("200 OK", "ok"));
        try (Wire client = client()) {
            client.send(request(
                    "GET",
                    path(Routes.MAIN, "/fwd"),
                    "X-Forwarded-For: 6.6.6.6",
                    "X-Forwarded-Proto: gopher",
                    "X-Forwarded-Host: forged.example",
                    "X-Forwarded-Port: 666",
                    "Forwarded: for=6.6.6.6;host=forged.example;proto=gopher"));
            assertThat(client.readHead().status()).isEqualTo(200);
        }
        assertForwarded(backend.requests().get(0));
    }

    @Test
    @FromTheField(Trouble.D1)
    void hostIsTheClientsUnlessTheRouteSaysOtherwise() throws Exception {
        backend.on(
                "/host", exchange -> exchange.answer("200 OK", exchange.head().value("Host")));
        assertThat(get(Routes.MAIN, "/host")).isEqualTo(HOST);
        assertThat(get(Routes.HOSTLESS, "/host")).isEqualTo("127.0.0.1:" + backend.port());
        assertThat(get(Routes.NAMED, "/host")).isEqualTo("named.example");
    }
}
