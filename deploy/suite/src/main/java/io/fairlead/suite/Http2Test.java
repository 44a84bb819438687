package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Frame;
import io.fairlead.suite.peer.Http2Stream;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Wire;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests of HTTP/2 (RFC 9113): what is lost and what is kept on the way to a backend of HTTP/1.1. */
public abstract class Http2Test extends Http2WireTest {

    private static final long TWENTY_MB = 20L << 20;
    private static final long HUNDRED_MB = 100L << 20;

    /** More than the sockets and windows between two peers ever hold. */
    private static final long MUCH_LESS = 48L << 20;

    @Test
    void webSocketOverHttp2IsAnnouncedWhereItIsThere() throws Exception {
        try (Http2 connection = connection()) {
            assertThat(connection.connectsProtocols())
                    .isEqualTo(fairlead().server().has(Trait.OFFERS_EXTENDED_CONNECT));
        }
    }

    // ---- the request

    @Test
    void theBackendSeesARequestOfHttp11() throws Exception {
        backend.on("/plain", exchange -> exchange.answer("200 OK", "body", "X-Answer: yes"));
        try (Http2 connection = connection()) {
            Http2Stream stream = ask(connection, "GET", Routes.MAIN, "/plain?a=%2F&b=c", "accept: text/plain");
            Head head = stream.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.value("x-answer")).isEqualTo("yes");
            assertThat(head.value("content-length")).isEqualTo("4");
            assertThat(stream.readRestText()).isEqualTo("body");
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.startLine()).isEqualTo("GET /plain?a=%2F&b=c HTTP/1.1");
        assertThat(seen.value("Host")).isEqualTo(HOST);
        assertThat(seen.value("Accept")).isEqualTo("text/plain");
        assertThat(seen.value("Via")).startsWith("2.0 ");
        assertThat(seen.has("Content-Length")).isFalse();
        assertThat(seen.has("Transfer-Encoding")).isFalse();
        assertThat(seen.has("Upgrade")).isFalse();
        assertThat(seen.fields()).noneMatch(field -> field.name().startsWith(":"));
    }

    @Test
    void forwardedFieldsTellTheTruth() throws Exception {
        backend.on("/fwd", exchange -> exchange.answer("200 OK", "ok"));
        try (Http2 connection = connection()) {
            Http2Stream stream = ask(
                    connection,
                    "GET",
                    Routes.MAIN,
                    "/fwd",
                    "x-forwarded-for: 6.6.6.6",
                    "x-forwarded-host: forged.example",
                    "forwarded: for=6.6.6.6;host=forged.example");
            assertThat(stream.readHead().status()).isEqualTo(200);
        }
        Head seen = backend.requests().get(0);
        String scheme = entrance().scheme();
        assertThat(seen.value("X-Forwarded-For")).isEqualTo("127.0.0.1");
        assertThat(seen.value("X-Forwarded-Proto")).isEqualTo(scheme);
        assertThat(seen.value("X-Forwarded-Host")).isEqualTo(HOST);
        assertThat(seen.value("X-Forwarded-Port")).isEqualTo("8443");
        assertThat(seen.value("Forwarded"))
                .contains("for=127.0.0.1", "proto=" + scheme, "host=\"" + HOST + "\"")
                .doesNotContain("6.6.6.6", "forged");
    }

    @Test
    void requestFieldsPassVerbatimAndCookiesAreJoined() throws Exception {
        String[] lines = {
            "accept: text/html, application/xml;q=0.9, */*;q=\"0.8\"",
            "authorization: Digest username=\"a, b\", uri=\"/x?y=1,2\"",
            "if-match: \"x, y\", \"z\"",
            "origin: null",
            "referer: http://example.org/?q={1|2}",
            "user-agent: Agent/1.0 (X11; \"quoted, text\")",
            "x-twice: 1, 2",
            "x-twice: 3",
            "x-empty: "
        };
        List<String> all = new ArrayList<>(List.of(lines));
        all.addAll(List.of("cookie: a=\"1 2\"", "cookie: b=3; c=", "cookie: d=4"));
        backend.on("/fields", exchange -> exchange.answer("200 OK", "ok"));
        try (Http2 connection = connection()) {
            assertThat(ask(connection, "GET", Routes.MAIN, "/fields", all.toArray(String[]::new))
                            .readHead()
                            .status())
                    .isEqualTo(200);
        }
        Head seen = backend.requests().get(0);
        for (String line : lines) {
            String name = line.substring(0, line.indexOf(':'));
            assertThat(seen.values(name)).as("%s", name).isEqualTo(valuesOf(name, lines));
        }
        assertThat(seen.value("Cookie")).isEqualTo("a=\"1 2\"; b=3; c=; d=4");
    }

    private static List<String> valuesOf(String name, String... lines) {
        List<String> values = new ArrayList<>();
        for (String line : lines) {
            int colon = line.indexOf(':');
            if (line.substring(0, colon).toLowerCase(Locale.ROOT).equals(name)) {
                values.add(line.substring(colon + 1).strip());
            }
        }
        return values;
    }

    @Test
    void largeFieldsPassBothWays() throws Exception {
        String large = "l".repeat(6000);
        backend.on("/large", exchange -> exchange.answer("200 OK", "ok", "X-Large: " + large));
        try (Http2 connection = connection()) {
            Http2Stream stream = ask(connection, "GET", Routes.MAIN, "/large", "x-large: " + large);
            assertThat(stream.readHead().value("x-large")).isEqualTo(large);
            assertServes(connection);
        }
        assertThat(backend.requests().get(0).value("X-Large")).isEqualTo(large);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void twentyMegabytesGoUp(boolean withLength) throws Exception {
        Noise noise = new Noise(61, TWENTY_MB);
        backend.on("/up", exchange -> {
            String digest;
            if (withLength) {
                assertThat(exchange.head().value("Content-Length")).isEqualTo(String.valueOf(TWENTY_MB));
                digest = Noise.digest(exchange.wire().in(), TWENTY_MB);
            } else {
                assertThat(exchange.head().tokens("Transfer-Encoding")).containsExactly("chunked");
                digest = Noise.digest(new ByteArrayInputStream(exchange.readBody()), TWENTY_MB);
            }
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: " + digest.length());
            exchange.wire().send(digest);
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = withLength
                    ? post(connection, Routes.MAIN, "/up", "content-length: " + TWENTY_MB)
                    : post(connection, Routes.MAIN, "/up");
            noise.pour(stream.out());
            stream.finish();
            assertThat(stream.readHead().status()).isEqualTo(200);
            assertThat(stream.readRestText()).isEqualTo(noise.digest());
        }
    }

    @Test
    void aBodyArrivesAsItComes() throws Exception {
        // Tomcat takes many small pieces for an attack.
        String one = "1".repeat(2000);
        String two = "2".repeat(2000);
        CountDownLatch first = new CountDownLatch(1);
        backend.on("/slowly", exchange -> {
            assertThat(exchange.wire().readChunk()).asString().isEqualTo(one);
            first.countDown();
            byte[] rest = exchange.readBody();
            exchange.answer("200 OK", new String(rest, StandardCharsets.ISO_8859_1));
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = post(connection, Routes.MAIN, "/slowly");
            stream.send(one);
            assertThat(first.await(10, TimeUnit.SECONDS)).isTrue();
            stream.send(two);
            stream.finish();
            assertThat(stream.readHead().status()).isEqualTo(200);
            assertThat(stream.readRestText()).isEqualTo(two);
        }
    }

    @Test
    void anEmptyBodyIsABody() throws Exception {
        backend.on(
                "/empty", exchange -> exchange.answer("200 OK", exchange.head().method() + exchange.readBody().length));
        try (Http2 connection = connection()) {
            Http2Stream ended = ask(connection, "POST", Routes.MAIN, "/empty");
            assertThat(ended.readHead().status()).isEqualTo(200);
            assertThat(ended.readRestText()).isEqualTo("POST0");
            Http2Stream later = post(connection, Routes.MAIN, "/empty");
            later.finish();
            assertThat(later.readHead().status()).isEqualTo(200);
            assertThat(later.readRestText()).isEqualTo("POST0");
        }
    }

    // ---- the response

    @Test
    void responseFieldsPassVerbatim() throws Exception {
        String[] lines = {
            "content-disposition: attachment; filename=\"a, b.txt\"",
            "www-authenticate: Basic realm=\"x, y\"",
            "www-authenticate: Digest realm=\"z\", nonce=\"n,o\"",
            "set-cookie: a=\"q v\"; HttpOnly",
            "set-cookie: b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
            "cache-control: no-cache=\"Set-Cookie, X\", max-age=0",
            "date: Sat, 01 Jan 2000 00:00:00 GMT",
            "server: backend/1.0 (\"quoted, text\")",
            "etag: W/\"a,b\"",
            "location: http://elsewhere.example/?a=b,c",
            "vary: Accept-Encoding,  Origin",
            "x-twice: 1, 2",
            "x-twice: 3",
            "x-semicolon: a;b = \"c\\\"d\" ; e"
        };
        backend.on("/fields", exchange -> exchange.answer("200 OK", "ok", lines));
        try (Http2 connection = connection()) {
            Head head = ask(connection, "GET", Routes.MAIN, "/fields").readHead();
            for (String line : lines) {
                String name = line.substring(0, line.indexOf(':'));
                assertThat(head.values(name)).as("%s", name).isEqualTo(valuesOf(name, lines));
            }
        }
    }

    @Test
    void fieldsOfTheBackendsConnectionStay() throws Exception {
        backend.on("/hop", exchange -> {
            exchange.sendHead(
                    "HTTP/1.1 200 OK",
                    "Connection: keep-alive, X-Mine",
                    "X-Mine: 1",
                    "Keep-Alive: timeout=77",
                    "Upgrade: h2c",
                    "Transfer-Encoding: chunked",
                    "X-Through: 2");
            exchange.sendChunk("body");
            exchange.sendChunk("");
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = ask(connection, "GET", Routes.MAIN, "/hop");
            Head head = stream.readHead();
            assertThat(head.value("x-through")).isEqualTo("2");
            for (String name : List.of("connection", "x-mine", "keep-alive", "upgrade", "transfer-encoding")) {
                assertThat(head.has(name)).as("%s in\n%s", name, head).isFalse();
            }
            assertThat(head.fields())
                    .allMatch(field -> field.name().equals(field.name().toLowerCase(Locale.ROOT)));
            assertThat(stream.readRestText()).isEqualTo("body");
        }
    }

    @Test
    void answersWithoutABodyHaveNone() throws Exception {
        backend.on("/head", exchange -> {
            exchange.stay();
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: 1234", "ETag: \"v1\"");
        });
        backend.on("/none", exchange -> {
            exchange.stay();
            exchange.sendHead("HTTP/1.1 204 No Content", "X-Done: yes");
        });
        backend.on("/same", exchange -> {
            exchange.stay();
            exchange.sendHead("HTTP/1.1 304 Not Modified", "ETag: \"v1\"");
        });
        try (Http2 connection = connection()) {
            Http2Stream head = ask(connection, "HEAD", Routes.MAIN, "/head");
            assertThat(head.readHead().value("content-length")).isEqualTo("1234");
            assertThat(head.ending()).isEqualTo(Wire.Ending.FIN);
            Http2Stream none = ask(connection, "DELETE", Routes.MAIN, "/none");
            assertThat(none.readHead().status()).isEqualTo(204);
            assertThat(none.ending()).isEqualTo(Wire.Ending.FIN);
            Http2Stream same = ask(connection, "GET", Routes.MAIN, "/same", "if-none-match: \"v1\"");
            Head unchanged = same.readHead();
            assertThat(unchanged.status()).isEqualTo(304);
            assertThat(unchanged.value("etag")).isEqualTo("\"v1\"");
            assertThat(same.ending()).isEqualTo(Wire.Ending.FIN);
            assertServes(connection);
        }
    }

    @Test
    void serverSentEventsArriveOneByOne() throws Exception {
        CountDownLatch firstSeen = new CountDownLatch(1);
        backend.on("/events", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Type: text/event-stream", "Transfer-Encoding: chunked");
            exchange.sendChunk("data: 1\n\n");
            assertThat(firstSeen.await(15, TimeUnit.SECONDS)).isTrue();
            exchange.sendChunk("data: 2\n\n");
            exchange.sendChunk("");
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = ask(connection, "GET", Routes.MAIN, "/events", "accept: text/event-stream");
            assertThat(stream.readHead().value("content-type")).isEqualTo("text/event-stream");
            assertThat(stream.readText(9)).isEqualTo("data: 1\n\n");
            firstSeen.countDown();
            assertThat(stream.readRestText()).isEqualTo("data: 2\n\n");
        }
    }

    @Test
    void aHundredMegabytesComeDownAtTheStreamsPaceAndOthersPass() throws Exception {
        Noise noise = new Noise(62, HUNDRED_MB);
        AtomicLong poured = new AtomicLong();
        backend.on("/down", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: " + HUNDRED_MB);
            noise.pour(exchange.wire().out(), poured);
        });
        try (Http2 connection = connection(1 << 20, 16 << 20)) {
            Http2Stream slow = ask(connection, "GET", Routes.MAIN, "/down");
            assertThat(slow.readHead().status()).isEqualTo(200);
            assertThat(standstill(poured)).isLessThan(MUCH_LESS);
            for (int i = 0; i < 20; i++) {
                assertServes(connection);
            }
            assertThat(Noise.digest(slow.in(), HUNDRED_MB)).isEqualTo(noise.digest());
            assertThat(slow.ending()).isEqualTo(Wire.Ending.FIN);
        }
    }

    @Test
    void manyStreamsAreAnsweredAtOnce() throws Exception {
        CountDownLatch all = new CountDownLatch(100);
        backend.on("/many", exchange -> {
            all.countDown();
            assertThat(all.await(30, TimeUnit.SECONDS))
                    .as("all requests are at the backend before one is answered")
                    .isTrue();
            exchange.answer("200 OK", exchange.head().target());
        });
        try (Http2 connection = connection()) {
            List<Http2Stream> streams = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                streams.add(ask(connection, "GET", Routes.MAIN, "/many/" + i));
            }
            for (int i = 0; i < 100; i++) {
                assertThat(streams.get(i).readHead().status()).isEqualTo(200);
                assertThat(streams.get(i).readRestText()).isEqualTo("/many/" + i);
            }
        }
    }

    // ---- failures

    @Test
    void aBodyThatBreaksOffResetsItsStreamOnly() throws Exception {
        backend.on("/broken", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            exchange.sendChunk("half");
            exchange.wire().reset();
        });
        backend.on("/short", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: 10");
            exchange.wire().send("half");
        });
        try (Http2 connection = connection()) {
            assertThat(ask(connection, "GET", Routes.MAIN, "/broken").drain()).isEqualTo(Wire.Ending.CUT);
            assertThat(ask(connection, "GET", Routes.MAIN, "/short").drain()).isEqualTo(Wire.Ending.CUT);
            assertServes(connection);
        }
    }

    @Test
    void errorsOfFairleadAreAnswersOfTheStream() throws Exception {
        backend.on("/drop", exchange -> {});
        try (Http2 connection = connection()) {
            for (String route : List.of(Routes.DEAD, Routes.MAIN)) {
                Http2Stream stream = ask(connection, "GET", route, "/drop");
                Head head = stream.readHead();
                assertThat(head.status()).isEqualTo(502);
                assertThat(head.has("connection")).isFalse();
                assertPlainError(head, stream.readRestText());
            }
            assertServes(connection);
        }
    }

    @Test
    void aClientThatCancelsADownloadEndsTheBackendsWork() throws Exception {
        CompletableFuture<Void> letGo = endless();
        String route = hidesResets() ? Routes.IMPATIENT : Routes.MAIN;
        try (Http2 connection = connection()) {
            Http2Stream stream = ask(connection, "GET", route, "/endless");
            assertThat(stream.readHead().status()).isEqualTo(200);
            stream.read(1000);
            stream.reset();
            Crew.await(letGo);
            assertServes(connection);
        }
    }

    @Test
    void aStreamWhoseClientTakesNothingIsResetAndOthersGoOn() throws Exception {
        CompletableFuture<Void> letGo = endless();
        try (Http2 connection = connection(1 << 20, 16 << 20)) {
            Http2Stream stream = ask(connection, "GET", Routes.IMPATIENT, "/endless");
            assertThat(stream.readHead().status()).isEqualTo(200);
            // Less than what servers have as a limit of their own.
            letGo.get(12, TimeUnit.SECONDS);
            assertServes(connection);
            assertThat(stream.drain()).isEqualTo(Wire.Ending.CUT);
            assertServes(connection);
        }
    }

    private boolean hidesResets() {
        return fairlead().server().has(Trait.HIDES_RESET_STREAMS);
    }

    /** A download at the path {@code /endless} that ends when Fairlead does not want it any more. */
    private CompletableFuture<Void> endless() {
        CompletableFuture<Void> letGo = new CompletableFuture<>();
        backend.on("/endless", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            try {
                while (true) {
                    exchange.sendChunk("more ".repeat(200));
                }
            } catch (IOException e) {
                letGo.complete(null);
            }
        });
        return letGo;
    }

    @Test
    void aClientThatCancelsAnUploadEndsTheBackendsRequest() throws Exception {
        CompletableFuture<String> body = new CompletableFuture<>();
        backend.on("/cutshort", exchange -> {
            try {
                body.complete("whole: " + exchange.readBody().length);
            } catch (IOException e) {
                body.complete("ended");
            }
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = post(connection, Routes.MAIN, "/cutshort");
            stream.send("only this");
            eventually().until(() -> backend.requests().size() == 1);
            stream.reset();
            assertThat(Crew.await(body)).isEqualTo("ended");
            assertServes(connection);
        }
    }

    @Test
    void aRequestThatWaitsIsLetGoWhenItsClientCancels() throws Exception {
        CountDownLatch gone = new CountDownLatch(1);
        backend.on("/silent", exchange -> {
            exchange.wire().ending();
            gone.countDown();
        });
        try (Http2 connection = connection()) {
            Http2Stream stream = ask(connection, "GET", hidesResets() ? Routes.QUICK : Routes.MAIN, "/silent");
            eventually().until(() -> backend.requests().size() == 1);
            stream.reset();
            assertThat(gone.await(10, TimeUnit.SECONDS))
                    .as("the backend was let go")
                    .isTrue();
            assertServes(connection);
        }
    }

    @Test
    void connectWithoutAProtocolIsRefused() throws Exception {
        try (Http2 connection = connection()) {
            List<Head.Field> fields = List.of(
                    new Head.Field(":method", "CONNECT"), new Head.Field(":authority", "127.0.0.1:" + backend.port()));
            Http2Stream stream = connection.open(fields, false);
            if (fairlead().server().has(Trait.GOES_AWAY_AT_CONNECT)) {
                assertThat(connection.goneAway()).isEqualTo(Http2Frame.PROTOCOL_ERROR);
                assertServes();
            } else {
                int status = stream.readHead().status();
                assertThat(status).isBetween(400, 501);
                stream.close();
                assertServes(connection);
            }
        }
        assertThat(backend.requests()).noneMatch(head -> head.method().equals("CONNECT"));
    }
}
