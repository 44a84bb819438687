package io.fairlead.doctor;

import static io.fairlead.doctor.Step.Result.BLOCKED;
import static io.fairlead.doctor.Step.Result.FAILED;
import static io.fairlead.doctor.Step.Result.LATE;
import static io.fairlead.doctor.Step.Result.OK;
import static io.fairlead.doctor.Step.Result.SILENT;
import static io.fairlead.doctor.Step.Result.SKIPPED;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.doctor.Facts.Client;
import io.fairlead.doctor.Facts.Kind;
import io.fairlead.doctor.Finding.Hop;
import io.fairlead.doctor.Finding.Severity;
import io.fairlead.doctor.RouteLeg.Stage;
import io.fairlead.doctor.Sighting.Field;
import io.fairlead.doctor.Sighting.Socket;
import io.fairlead.doctor.Step.Result;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The table of cases. */
class VerdictTest {

    /** What is known, to begin with of a way on which all is well. */
    static final class Known {
        String url = "https://app.example";
        Kind kind = Kind.BROWSER;
        String protocol = "http/1.1";
        final Map<String, Step> steps = new LinkedHashMap<>();
        final Map<String, Sighting> sightings = new LinkedHashMap<>();
        final List<String> distrusting = new ArrayList<>();
        final List<RouteLeg> routes = new ArrayList<>();

        @Nullable
        Chain chain;

        static Known browser() {
            Known known = new Known();
            for (String step : List.of("get", "post", "sse", "poll", "text", "binary", "64k", "1m", "push")) {
                known.step(step, OK);
            }
            known.step("ws", OK, "extensions", "permessage-deflate");
            known.step("get", OK, "answer", Verdict.CANARY_VALUE);
            known.saw(
                    "get", "GET", "HTTP/1.1", null, "Host: app.example", Verdict.CANARY + ": " + Verdict.CANARY_VALUE);
            known.sawSocket(new Socket(4, 4, -1, 1000, "", "permessage-deflate"));
            return known;
        }

        static Known command() {
            Known known = new Known();
            known.kind = Kind.COMMAND;
            known.url = "wss://app.example/chat";
            known.protocol = "";
            for (String step : List.of("connect", "tls", "ws", "ping", "again", "close")) {
                known.step(step, OK);
            }
            return known;
        }

        Known step(String name, Result result, String... values) {
            Map<String, String> named = new LinkedHashMap<>();
            for (int i = 0; i < values.length; i += 2) {
                named.put(values[i], values[i + 1]);
            }
            steps.put(name, new Step(result, named));
            return this;
        }

        Known saw(String step, String method, String protocol, @Nullable Socket socket, String... fields) {
            List<Field> all = new ArrayList<>();
            for (String field : fields) {
                all.add(new Field(field.split(": ", 2)[0], field.split(": ", 2)[1]));
            }
            boolean secure = url.startsWith("https");
            sightings.put(step, new Sighting(step, method, "/", protocol, all, "10.0.0.1", secure, "", 0, socket));
            return this;
        }

        Known insecurely(String... moreFields) {
            List<Field> all =
                    new ArrayList<>(Objects.requireNonNull(sightings.get("get")).fields());
            for (String field : moreFields) {
                all.add(new Field(field.split(": ", 2)[0], field.split(": ", 2)[1]));
            }
            sightings.put("get", new Sighting("get", "GET", "/", "HTTP/1.1", all, "10.0.0.1", false, "", 0, null));
            return this;
        }

        Known sawSocket(@Nullable Socket socket) {
            return saw(
                    "ws",
                    "GET",
                    "HTTP/1.1",
                    socket,
                    "Upgrade: websocket",
                    "Connection: keep-alive, Upgrade",
                    "Sec-WebSocket-Key: x",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Extensions: permessage-deflate",
                    "Origin: https://app.example");
        }

        Known noSocket(Result ws, String... values) {
            step("ws", ws, values);
            for (String name : List.of("text", "binary", "64k", "1m", "push", "ping", "again", "close")) {
                steps.remove(name);
            }
            return this;
        }

        Known sawNo(String step) {
            sightings.remove(step);
            return this;
        }

        Known with(Consumer<Known> change) {
            change.accept(this);
            return this;
        }

        Facts facts() {
            return new Facts(
                    new Client(kind, url, protocol),
                    steps,
                    List.copyOf(sightings.values()),
                    distrusting,
                    routes,
                    chain);
        }
    }

    private static Arguments is(String name, Known known, String... codes) {
        return Arguments.of(name, known.facts(), List.of(codes));
    }

    private static Known browser() {
        return Known.browser();
    }

    private static Known command() {
        return Known.command();
    }

    private static Known hasRoute(Stage reached, int status) {
        Known known = browser();
        known.routes.add(new RouteLeg("chat", "app:3000", "/", reached, status, "because"));
        return known;
    }

    static Stream<Arguments> cases() {
        return Stream.of(
                is("all is well", browser(), "fine"),
                is("all is well from the command line", command(), "fine"),
                is("the server is gone", browser().step("get", FAILED), "unreachable"),
                // The handshake.
                is(
                        "Upgrade stripped",
                        browser().noSocket(FAILED).saw("ws", "GET", "HTTP/1.1", null, "Origin: https://app.example"),
                        "upgrade-stripped"),
                is(
                        "Connection stripped",
                        browser()
                                .noSocket(FAILED)
                                .saw(
                                        "ws",
                                        "GET",
                                        "HTTP/1.1",
                                        null,
                                        "Upgrade: websocket",
                                        "Connection: close",
                                        "Origin: https://app.example"),
                        "upgrade-stripped"),
                is("handshake never comes", browser().noSocket(FAILED).sawNo("ws"), "handshake-blocked"),
                is(
                        "handshake hangs before the server",
                        browser().noSocket(SILENT).sawNo("ws"),
                        "handshake-blocked"),
                is(
                        "101 lost",
                        browser().noSocket(SILENT).sawSocket(new Socket(0, 0, -1, 0, "", "permessage-deflate")),
                        "answer-lost"),
                is("refused by a filter", browser().noSocket(FAILED).sawSocket(null), "handshake-refused"),
                is(
                        "no WebSocket in this server",
                        browser().noSocket(FAILED, "why", "server").sawNo("ws"),
                        "server-without-websocket"),
                is(
                        "HTTP/2 refuses what HTTP/1.1 takes",
                        browser()
                                .with(known -> known.protocol = "h2")
                                .noSocket(FAILED)
                                .sawNo("ws")
                                .step("other", OK)
                                .saw("other", "GET", "HTTP/1.1", new Socket(1, 1, -1, 1000, "", "")),
                        "http2-websocket-refused",
                        "other-port-works"),
                is("426 to a handshake", command().noSocket(FAILED, "status", "426"), "upgrade-stripped"),
                is("200 to a handshake", command().noSocket(FAILED, "status", "200"), "no-websocket"),
                is("404 to a handshake", command().noSocket(FAILED, "status", "404"), "no-websocket"),
                is("403 to a handshake", command().noSocket(FAILED, "status", "403"), "not-allowed"),
                is("302 to a handshake", command().noSocket(FAILED, "status", "302"), "redirected"),
                is("502 to a handshake", command().noSocket(FAILED, "status", "502"), "gateway"),
                is("a wrong accept", command().noSocket(FAILED, "status", "101"), "answer-wrong"),
                is("no answer at all", command().noSocket(SILENT, "ms", "5000"), "handshake-silent"),
                is("an end for an answer", command().noSocket(FAILED), "handshake-broken"),
                // Data.
                is(
                        "swallowed up",
                        browser().step("text", SILENT).sawSocket(new Socket(0, 0, -1, 0, "", "permessage-deflate")),
                        "data-lost-up"),
                is(
                        "swallowed down",
                        browser()
                                .step("text", SILENT)
                                .step("push", SILENT, "frames", "0")
                                .sawSocket(new Socket(1, 1, -1, 0, "", "permessage-deflate")),
                        "data-lost-down"),
                is(
                        "what follows from a cut is not told",
                        browser()
                                .step("text", FAILED, "code", "1006")
                                .step("close", FAILED, "sent", "4002", "code", "0")
                                .step("idle", FAILED, "ms", "10"),
                        "cut-after-first-frame"),
                is("a ping is swallowed", command().step("ping", SILENT), "data-lost"),
                is(
                        "a ping is swallowed where the server spoke before",
                        command().step("ping", SILENT).step("push", OK, "frames", "2"),
                        "data-lost-up"),
                is(
                        "cut at the client's first frame",
                        browser().step("text", FAILED, "code", "1006"),
                        "cut-after-first-frame"),
                is(
                        "cut at the server's first frame",
                        browser().step("push", FAILED, "frames", "1", "code", "1006"),
                        "cut-after-first-frame"),
                is(
                        "cut at the second message, and in a burst of which one packet passed",
                        browser()
                                .step("binary", FAILED, "bytes", "256", "code", "1006")
                                .step("push", FAILED, "frames", "10", "code", "1006"),
                        "cut-after-first-frame"),
                is("cut at the second ping", command().step("again", FAILED, "code", "1006"), "cut-after-first-frame"),
                is("closed at once", command().step("ping", FAILED, "code", "1008"), "closed-at-once"),
                is(
                        "a Close that is not answered",
                        command().step("close", FAILED, "code", "1006"),
                        "fine",
                        "close-changed"),
                is("cut at the first ping", command().step("ping", FAILED), "cut-after-first-frame"),
                is(
                        "large messages refused",
                        browser().step("64k", FAILED, "bytes", "65536", "code", "1009"),
                        "large-lost"),
                is("first frames lost", browser().step("push", SILENT, "frames", "7"), "burst-lost"),
                is("fragments lost", browser().step("fragments", SILENT), "fragments-lost"),
                is("pings swallowed", browser().step("ping", SILENT), "pings-swallowed"),
                is(
                        "close code changed",
                        browser().step("close", FAILED, "sent", "4002", "code", "1005"),
                        "close-changed"),
                is("subprotocol lost", browser().step("sub", FAILED), "subprotocol-lost"),
                is(
                        "compression refused on the way back",
                        browser().step("ws", OK, "extensions", ""),
                        "compression-mismatch"),
                is("idle cut", browser().step("idle", FAILED, "ms", "60012"), "idle-cut"),
                is("idle swallowed", browser().step("idle", SILENT, "ms", "70000"), "idle-swallowed"),
                is("idle cut on the command line", command().step("idle", FAILED, "ms", "5003"), "idle-cut"),
                // Plain HTTP.
                is("SSE buffered", browser().step("sse", LATE), "sse-buffered"),
                is("SSE held back", browser().step("sse", SILENT), "sse-buffered"),
                is("SSE refused", browser().step("sse", FAILED, "status", "502"), "sse-cut"),
                is("long poll cut", browser().step("poll", FAILED, "status", "504", "ms", "3000"), "longpoll-cut"),
                is("body limit", browser().step("post", FAILED, "status", "413", "bytes", "1000000"), "body-limit"),
                // Fields.
                is(
                        "names in small letters",
                        browser()
                                .saw(
                                        "get",
                                        "GET",
                                        "HTTP/1.1",
                                        null,
                                        "host: app.example",
                                        "x-fairlead-probe: " + Verdict.CANARY_VALUE),
                        "fine",
                        "fields-rewritten"),
                is(
                        "names in small letters where the browser speaks HTTP/2",
                        browser()
                                .with(known -> known.protocol = "h2")
                                .saw(
                                        "get",
                                        "GET",
                                        "HTTP/1.1",
                                        null,
                                        "host: app.example",
                                        "x-fairlead-probe: " + Verdict.CANARY_VALUE),
                        "fine",
                        "http2-not-used"),
                is(
                        "values rewritten",
                        browser().saw("get", "GET", "HTTP/1.1", null, "Host: app.example", Verdict.CANARY + ": fair"),
                        "fields-rewritten"),
                is(
                        "values of answers rewritten",
                        browser().step("get", OK, "answer", Verdict.CANARY_VALUE.toLowerCase(Locale.ROOT)),
                        "fields-rewritten"),
                is(
                        "field removed",
                        browser().saw("get", "GET", "HTTP/1.1", null, "Host: app.example"),
                        "field-removed"),
                is(
                        "wrong Host",
                        browser()
                                .saw(
                                        "get",
                                        "GET",
                                        "HTTP/1.1",
                                        null,
                                        "Host: 10.0.0.7:8080",
                                        Verdict.CANARY + ": " + Verdict.CANARY_VALUE),
                        "host-rewritten"),
                is(
                        "a port that is the scheme's own",
                        browser()
                                .saw(
                                        "get",
                                        "GET",
                                        "HTTP/1.1",
                                        null,
                                        "Host: APP.example:443",
                                        Verdict.CANARY + ": " + Verdict.CANARY_VALUE),
                        "fine"),
                is(
                        "wrong Origin",
                        browser()
                                .saw(
                                        "ws",
                                        "GET",
                                        "HTTP/1.1",
                                        new Socket(4, 4, -1, 1000, "", ""),
                                        "Sec-WebSocket-Extensions: permessage-deflate",
                                        "Origin: http://10.0.0.7:8080"),
                        "origin-rewritten"),
                is("X-Forwarded-Proto missing", browser().insecurely(), "forwarded-missing"),
                is("X-Forwarded-Proto there", browser().insecurely("X-Forwarded-Proto: https"), "fine"),
                is("Forwarded there", browser().insecurely("Forwarded: for=1.2.3.4;proto=\"https\""), "fine"),
                is(
                        "X-Forwarded-For not trusted",
                        browser()
                                .insecurely("X-Forwarded-Proto: https", "X-Forwarded-For: 1.2.3.4")
                                .with(known -> known.distrusting.add("chat")),
                        "forwarded-untrusted"),
                is("no proxy, nobody trusted", browser().with(known -> known.distrusting.add("chat")), "fine"),
                // Certificates and the way there.
                is(
                        "chain incomplete",
                        command()
                                .with(known -> known.chain = new Chain(1, "was refused", true, "CN=a", "CN=b"))
                                .step("tls", FAILED),
                        "chain-incomplete"),
                is(
                        "chain incomplete, gone on all the same",
                        command()
                                .with(known -> known.chain = new Chain(1, "was refused", true, "CN=a", "CN=b"))
                                .noSocket(FAILED, "status", "404"),
                        "chain-incomplete",
                        "no-websocket"),
                is(
                        "expired",
                        command()
                                .with(known ->
                                        known.chain = new Chain(2, "expired on 2026-01-01", false, "CN=a", "CN=b"))
                                .step("tls", FAILED),
                        "certificate"),
                is("no TLS there", command().step("tls", FAILED, "detail", "x"), "tls-failed"),
                is("unknown name", command().step("connect", FAILED, "reason", "name"), "name-unknown"),
                is("refused", command().step("connect", FAILED, "reason", "refused"), "connection-refused"),
                is("no connection", command().step("connect", SILENT), "connection-lost"),
                is(
                        "mixed content",
                        browser().step("other", BLOCKED, "url", "ws://app.example"),
                        "fine",
                        "mixed-content"),
                is(
                        "other port",
                        browser().step("other", FAILED, "url", "ws://app.example"),
                        "fine",
                        "other-port-blocked"),
                is("nothing idle was asked for", browser().step("idle", SKIPPED), "fine"),
                // Routes.
                is("route well", hasRoute(Stage.PONG, 101), "fine"),
                is("backend down", hasRoute(Stage.NOTHING, 0), "route-down"),
                is("backend without TLS", hasRoute(Stage.CONNECTION, 0), "route-tls"),
                is("backend hangs", hasRoute(Stage.TLS, 0), "route-no-answer"),
                is("backend refuses", hasRoute(Stage.ANSWER, 403), "route-refuses"),
                is("backend is no WebSocket", hasRoute(Stage.ANSWER, 200), "fine", "route-no-websocket"),
                is("backend answers wrongly", hasRoute(Stage.ANSWER, 101), "route-answer-wrong"),
                is("backend does not answer pings", hasRoute(Stage.HANDSHAKE, 101), "route-silent"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void factsHaveTheirFindings(String name, Facts facts, List<String> codes) {
        List<Finding> findings = Verdict.of(facts);
        assertThat(findings).extracting(Finding::code).containsExactlyInAnyOrderElementsOf(codes);
        for (String language : Texts.languages()) {
            Texts texts = Texts.in(language);
            for (Finding finding : findings) {
                assertThat(texts.sentence(finding)).isNotBlank().doesNotContain("{", "}");
                assertThat(texts.mend(finding)).doesNotContain("{", "}");
                assertThat(texts.hop(finding)).isNotBlank();
            }
        }
    }

    @Test
    void gravestComesFirst() {
        Facts facts = browser()
                .step("poll", FAILED)
                .step("text", FAILED)
                .step("idle", FAILED)
                .facts();
        assertThat(Verdict.of(facts)).extracting(Finding::severity).isSortedAccordingTo((a, b) -> b.compareTo(a));
    }

    @Test
    void theSentenceOfAStrippedUpgradeNamesHopAndMend() {
        Finding finding = new Finding("upgrade-stripped", Severity.FAULT, Hop.PATH, Map.of("missing", "Upgrade"));
        assertThat(Texts.in("en").sentence(finding))
                .isEqualTo(
                        "Something between your browser and this server removed the Upgrade header (Upgrade is missing"
                                + " from the handshake): an HTTP load-balancer listener, or a proxy that does not carry upgrades.");
        assertThat(Texts.in("en").mend(finding)).startsWith("Use a TCP or TLS listener, or wss on port 443;");
    }

    @Test
    void whatComesFromTheNetworkIsShownWithoutControlCharactersAndNotAtAnyLength() {
        Finding finding = new Finding(
                "host-rewritten",
                Severity.NOTE,
                Hop.PATH,
                Map.of("sent", "a\u001b[31m\n\u202eb", "seen", "x".repeat(5000)));
        assertThat(Texts.in("en").sentence(finding)).contains("a?[31m??b").hasSizeLessThan(300);
    }
}
