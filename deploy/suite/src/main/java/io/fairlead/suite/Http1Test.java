package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;

/** What only HTTP/1.1 has: fields of the connection, its use for one request after another, and its framing. */
public abstract class Http1Test extends WireTest {

    @Test
    void connectIsNotAllowed() throws Exception {
        try (Wire client = client()) {
            client.send("CONNECT 127.0.0.1:" + backend.port() + " HTTP/1.1\r\nHost: 127.0.0.1:" + backend.port()
                    + "\r\n\r\n");
            assertThat(client.readHead().status()).isBetween(400, 501);
        }
        if (!fairlead().server().has(Trait.REFUSES_CONNECT_ITSELF)) {
            try (Wire client = client()) {
                client.send(request("CONNECT", path(Routes.MAIN, "/x")));
                assertThat(client.readHead().status()).isEqualTo(405);
            }
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    void hopByHopHeadersOfTheRequestStay() throws Exception {
        backend.on("/hop", exchange -> exchange.answer("200 OK", "ok"));
        try (Wire client = client()) {
            client.send(request(
                    "GET",
                    path(Routes.MAIN, "/hop"),
                    "Connection: keep-alive, X-Mine",
                    "Connection: X-Too",
                    "X-Mine: 1",
                    "X-Too: 2",
                    "Keep-Alive: timeout=5",
                    "Proxy-Connection: keep-alive",
                    "Proxy-Authorization: Basic eDp5",
                    "TE: trailers",
                    "Trailer: X-After",
                    "X-Through: 3"));
            assertThat(client.readHead().status()).isEqualTo(200);
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.value("X-Through")).isEqualTo("3");
        for (String name : List.of(
                "X-Mine",
                "X-Too",
                "Keep-Alive",
                "Proxy-Connection",
                "Proxy-Authorization",
                "TE",
                "Trailer",
                "Upgrade")) {
            assertThat(seen.has(name)).as("%s in\n%s", name, seen).isFalse();
        }
        assertThat(seen.tokens("Connection")).doesNotContain("x-mine", "x-too");
    }

    @Test
    void hopByHopHeadersOfTheResponseStay() throws Exception {
        backend.on(
                "/hop",
                exchange -> exchange.answer(
                        "200 OK",
                        "ok",
                        "Connection: keep-alive, X-Mine",
                        "X-Mine: 1",
                        "Keep-Alive: timeout=77",
                        "Proxy-Authenticate: Basic realm=\"p\"",
                        "Upgrade: h2c",
                        "X-Through: 2"));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/hop")));
            Head head = client.readHead();
            assertThat(head.value("X-Through")).isEqualTo("2");
            assertThat(head.has("X-Mine")).isFalse();
            assertThat(head.has("Upgrade")).isFalse();
            assertThat(head.has("Proxy-Authenticate")).isFalse();
            assertThat(head.values("Keep-Alive")).doesNotContain("timeout=77");
        }
    }

    @Test
    void connectionCannotNameAwayWhatTheBackendReliesOn() throws Exception {
        backend.on("/hop", exchange -> exchange.answer("200 OK", "ok"));
        try (Wire client = client()) {
            client.send(
                    request("GET", path(Routes.MAIN, "/hop"), "Connection: X-Forwarded-For, Host, Forwarded, close"));
            assertThat(client.readHead().status()).isEqualTo(200);
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.value("Host")).isEqualTo(HOST);
        assertThat(seen.value("X-Forwarded-For")).isEqualTo("127.0.0.1");
        assertThat(seen.values("Forwarded")).hasSize(1);
    }

    @Test
    void aClientOfHttp10GetsAnAnswerThatItUnderstands() throws Exception {
        backend.on("/old", exchange -> {
            exchange.stay();
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            exchange.sendChunk("no ");
            exchange.sendChunk("chunks");
            exchange.sendChunk("");
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/old"), "Connection: Upgrade", "Upgrade: line-noise")
                    .replace("HTTP/1.1", "HTTP/1.0"));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.has("Transfer-Encoding")).isFalse();
            assertThat(client.readBodyText(head)).isEqualTo("no chunks");
        }
        assertThat(backend.requests().get(0).has("Upgrade")).isFalse();
    }

    @Test
    @FromTheField(Trouble.D1)
    void connectionsOnBothSidesAreUsedAgain() throws Exception {
        Set<Integer> connections = ConcurrentHashMap.newKeySet();
        backend.on("/again", exchange -> {
            connections.add(exchange.connection());
            exchange.answer("200 OK", "again");
        });
        try (Wire client = client()) {
            for (int i = 0; i < 20; i++) {
                client.send(request("GET", path(Routes.MAIN, "/again")));
                assertThat(client.readBodyText(client.readHead())).isEqualTo("again");
            }
        }
        // The next request may come before the connection is back in the pool.
        assertThat(connections).as("connections to the backend").hasSizeLessThan(5);
    }

    @Test
    @FromTheField(Trouble.D1)
    void pipelinedRequestsAreAnsweredInTheirOrder() throws Exception {
        backend.on(
                "/pipe", exchange -> exchange.answer("200 OK", exchange.head().target()));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, "/pipe/1"))
                    + request("GET", path(Routes.MAIN, "/pipe/2"))
                    + request("GET", path(Routes.MAIN, "/pipe/3")));
            for (int i = 1; i <= 3; i++) {
                assertThat(client.readBodyText(client.readHead())).isEqualTo("/pipe/" + i);
            }
        }
    }

    @Test
    void contradictoryFramingNeverReachesTheBackendAsTwoRequests() throws Exception {
        backend.on("/", exchange -> exchange.answer("200 OK", "ok"));
        String smuggled = request("GET", path(Routes.MAIN, "/smuggled"));
        for (String framing : List.of(
                "Content-Length: 5\r\nTransfer-Encoding: chunked",
                "Content-Length: 5\r\nContent-Length: 6",
                "Transfer-Encoding: chunked, identity",
                "Transfer-Encoding: xchunked",
                "Content-Length: +5",
                "Content-Length: 0x5")) {
            try (Wire client = client()) {
                client.send(
                        request("POST", path(Routes.MAIN, "/first"), framing.split("\r\n")) + "0\r\n\r\n" + smuggled);
                client.readHead();
                client.finish();
                client.readRest();
            } catch (IOException e) {
                // Cut off: as good an answer as a 400.
            }
            boolean chunked = fairlead().server().has(Server.Trait.PREFERS_CHUNKS_TO_A_LENGTH)
                    && framing.startsWith("Content-Length: 5\r\nTransfer");
            assertThat(backend.requests())
                    .as("%s", framing)
                    .noneMatch(head -> !chunked && head.target().contains("smuggled"))
                    .noneMatch(head -> head.has("Content-Length") && head.has("Transfer-Encoding"));
            backend.reset();
            backend.on("/", exchange -> exchange.answer("200 OK", "ok"));
        }
    }

    /** The jars that {@code java -jar} needs lie in the WAR that a server deploys. */
    @Test
    void theLaunchersJarsAreNotServed() throws Exception {
        List<String> jars;
        try (JarFile war = new JarFile(Application.BUILT.toFile())) {
            jars = war.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.startsWith("WEB-INF/launcher/") && name.endsWith(".jar"))
                    .map(name -> name.substring("WEB-INF/launcher/".length()))
                    .toList();
        }
        assertThat(jars).isNotEmpty();
        for (String jar : jars) {
            try (Wire client = client()) {
                client.send(request("GET", path("WEB-INF", "/launcher/" + jar), "Connection: close"));
                assertThat(client.readFinalHead().status()).as(jar).isEqualTo(404);
            }
        }
        for (String trick : List.of(
                "web-inf/launcher/",
                "/WEB-INF/launcher/",
                "WEB-INF//launcher/",
                "WEB-INF/./launcher/",
                "WEB-INF;x=y/launcher/",
                "WEB-INF/launcher;x/",
                "%57EB-INF/launcher/",
                "WEB-INF%2Flauncher%2F",
                "WEB-INF%2flauncher/",
                "WEB-INF%5Claunch%65r%5C",
                "WEB-INF/%2e/launcher/",
                "x/../WEB-INF/launcher/",
                "x/..;/WEB-INF/launcher/",
                "x/%2e%2e/WEB-INF/launcher/",
                Routes.MAIN + "/../WEB-INF/launcher/",
                Routes.MAIN + "/..;/WEB-INF/launcher/",
                Routes.MAIN + "/..%2FWEB-INF/launcher/",
                "META-INF/../WEB-INF/launcher/")) {
            for (String end : List.of("", "/", ";x", "%20", "%00", "::$DATA")) {
                String target = path(trick, jars.get(0) + end);
                assertNotServed(target);
            }
        }
    }

    private void assertNotServed(String target) throws IOException {
        try (Wire client = client()) {
            client.send(request("GET", target, "Connection: close"));
            Head head = client.readFinalHead();
            if (head.status() == 301) {
                String elsewhere = URI.create(head.value("Location")).getRawPath();
                assertThat(elsewhere).as(target).isNotEqualTo(target);
                assertNotServed(elsewhere);
                return;
            }
            // GlassFish has no other word for some of them than 503.
            assertThat(head.status()).as(target).matches(status -> status / 100 == 4 || status == 503, "refused");
            assertThat(client.readBodyText(head)).as(target).doesNotStartWith("PK");
        }
    }
}
