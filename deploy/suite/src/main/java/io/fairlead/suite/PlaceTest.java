package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a backend says of its own place reaches the client in the client's terms, and the reverse. */
public abstract class PlaceTest extends WireTest {

    private String here(String route) {
        return entrance().scheme() + "://" + HOST + path(route, "");
    }

    private Head answerTo(String route, String backendPath, String... lines) throws IOException {
        try (Wire client = client()) {
            Head head =
                    client.send(request("GET", path(route, backendPath), lines)).readHead();
            assertThat(head.status()).isEqualTo(302);
            return head;
        }
    }

    private Head redirect(String route, String backendPath, String line) throws IOException {
        backend.on(backendPath, exchange -> exchange.answer("302 Found", "moved", line));
        return answerTo(route, backendPath);
    }

    // ---- redirects

    @ParameterizedTest
    @ValueSource(strings = {Routes.MAIN, Routes.HOSTLESS})
    void aRedirectToTheBackendsOwnAddressLeadsBackHere(String route) throws Exception {
        String location = "http://127.0.0.1:" + backend.port() + "/next?a=1%2F2&b=,#part";
        assertThat(redirect(route, "/move", "Location: " + location).values("Location"))
                .containsExactly(here(route) + "/next?a=1%2F2&b=,#part");
    }

    /** A backend builds its addresses from the Host field, and does not see the TLS in front of it. */
    @Test
    void aRedirectToTheHostThatTheBackendWasCalledLeadsBackHere() throws Exception {
        assertThat(redirect(Routes.MAIN, "/move", "Location: http://" + HOST + "/next")
                        .value("Location"))
                .isEqualTo(here(Routes.MAIN) + "/next");
        assertThat(redirect(Routes.NAMED, "/move", "Location: http://named.example/next")
                        .value("Location"))
                .isEqualTo(here(Routes.NAMED) + "/next");
    }

    @Test
    void aRedirectToAPathStaysBelowTheRoute() throws Exception {
        assertThat(redirect(Routes.MAIN, "/move", "Location: /next?x=1").value("Location"))
                .isEqualTo(path(Routes.MAIN, "/next?x=1"));
        backend.on("/deep/er/move", exchange -> exchange.answer("302 Found", "moved", "Location: /deep/er/next"));
        assertThat(answerTo(Routes.DEEP, "/move").value("Location"))
                .as("without what the target adds")
                .isEqualTo(path(Routes.DEEP, "/next"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://elsewhere.example/next",
                "//elsewhere.example/next",
                "next/one",
                "?page=2",
                "#part",
                "mailto:info@backend.example"
            })
    void anyOtherRedirectIsLeftAlone(String location) throws Exception {
        assertThat(redirect(Routes.MAIN, "/move", "Location: " + location).value("Location"))
                .isEqualTo(location);
    }

    @Test
    void aRefreshIsARedirect() throws Exception {
        assertThat(redirect(Routes.MAIN, "/move", "Refresh: 5; url=/next").value("Refresh"))
                .isEqualTo("5; url=" + path(Routes.MAIN, "/next"));
        assertThat(redirect(Routes.MAIN, "/move", "Refresh: 5").value("Refresh"))
                .isEqualTo("5");
    }

    @ParameterizedTest
    @CsvSource({
        "http://backend.example/x?y, https://front.example/b/x?y",
        "/old/x, /new/x",
        "/other/x, /other/x",
        "http://elsewhere.example/old/, http://elsewhere.example/old/"
    })
    void rulesOfTheUsersReplaceTheAutomaticOnes(String location, String expected) throws Exception {
        assertThat(redirect(Routes.RULES, "/move", "Location: " + location).value("Location"))
                .isEqualTo(expected);
    }

    @Test
    void nothingIsRewrittenWhereItIsOff() throws Exception {
        backend.on(
                "/move",
                exchange -> exchange.answer(
                        "302 Found", "moved", "Location: /next", "Set-Cookie: a=1; Path=/; Domain=127.0.0.1"));
        Head head = answerTo(Routes.AS_WRITTEN, "/move");
        assertThat(head.value("Location")).isEqualTo("/next");
        assertThat(head.value("Set-Cookie")).isEqualTo("a=1; Path=/; Domain=127.0.0.1");
    }

    // ---- cookies

    @Test
    @FromTheField(Trouble.C3)
    void cookiesAreOfTheRoutesPathAndTheClientsHost() throws Exception {
        backend.on(
                "/move",
                exchange -> exchange.answer(
                        "302 Found",
                        "moved",
                        "Set-Cookie: a=/; Path=/; HttpOnly",
                        "Set-Cookie: b=2; path=/sub; Secure; SameSite=Lax",
                        "Set-Cookie: c=3; Domain=127.0.0.1; Max-Age=1",
                        "Set-Cookie: d=4; Domain=.example",
                        "Set-Cookie: e=5"));
        assertThat(answerTo(Routes.MAIN, "/move").values("Set-Cookie"))
                .containsExactly(
                        "a=/; Path=" + path(Routes.MAIN, "/") + "; HttpOnly",
                        "b=2; path=" + path(Routes.MAIN, "/sub") + "; Secure; SameSite=Lax",
                        "c=3; Max-Age=1",
                        "d=4; Domain=.example",
                        "e=5");
    }

    @Test
    void cookiesByRulesOfTheUsers() throws Exception {
        backend.on(
                "/move",
                exchange -> exchange.answer(
                        "302 Found",
                        "moved",
                        "Set-Cookie: a=1; Path=/app/x; Domain=backend.example",
                        "Set-Cookie: b=2; Path=/; Domain=.backend.example"));
        assertThat(answerTo(Routes.RULES, "/move").values("Set-Cookie"))
                .containsExactly("a=1; Path=/x; Domain=front.example", "b=2; Path=/; Domain=front.example");
    }

    // ---- the client's side of it, told to the backend

    @Test
    @FromTheField(Trouble.E4)
    void aTrustedProxysWordGrowsByThisHop() throws Exception {
        backend.on("/move", exchange -> exchange.answer("302 Found", "moved", "Location: http://" + HOST + "/next"));
        String location = answerTo(
                        Routes.TRUSTING,
                        "/move",
                        "X-Forwarded-For: 2001:db8::1, 10.0.0.1",
                        "X-Forwarded-Proto: https",
                        "X-Forwarded-Host: shop.example",
                        "X-Forwarded-Port: 443",
                        "Forwarded: for=\"[2001:db8::1]:4711\";proto=https, for=_hidden, for=unknown",
                        "Via: 2.0 edge")
                .value("Location");
        Head seen = backend.requests().get(0);
        assertThat(seen.values("X-Forwarded-For")).containsExactly("2001:db8::1, 10.0.0.1, 127.0.0.1");
        assertThat(seen.values("X-Forwarded-Proto")).containsExactly("https");
        assertThat(seen.values("X-Forwarded-Host")).containsExactly("shop.example");
        assertThat(seen.values("X-Forwarded-Port")).containsExactly("443");
        assertThat(seen.values("Forwarded")).singleElement().satisfies(forwarded -> assertThat(forwarded)
                .startsWith("for=\"[2001:db8::1]:4711\";proto=https, for=_hidden, for=unknown, for=127.0.0.1;proto="
                        + entrance().scheme()));
        assertThat(seen.values("Via")).singleElement().satisfies(via -> assertThat(via)
                .startsWith("2.0 edge, "));
        assertThat(location)
                .as("in the browser's terms")
                .isEqualTo("https://shop.example" + path(Routes.TRUSTING, "/next"));
    }

    @Test
    @FromTheField(Trouble.E4)
    void anotherPeersWordIsReplaced() throws Exception {
        backend.on("/move", exchange -> exchange.answer("302 Found", "moved", "Location: http://" + HOST + "/next"));
        String location = answerTo(
                        Routes.MAIN,
                        "/move",
                        "X-Forwarded-For: 6.6.6.6",
                        "X-Forwarded-Proto: gopher",
                        "X-Forwarded-Host: forged.example",
                        "X-Forwarded-Prefix: /forged",
                        "Forwarded: for=6.6.6.6;host=forged.example")
                .value("Location");
        Head seen = backend.requests().get(0);
        assertForwarded(seen);
        assertThat(seen.has("X-Forwarded-Prefix")).isFalse();
        assertThat(location).isEqualTo(here(Routes.MAIN) + "/next");
    }

    // ---- Socket.IO 0.9

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    text/plain             | abc:60:60:websocket,htmlfile,xhr-polling | abc:60:60:htmlfile,xhr-polling
                    application/javascript | io.j[0]("abc:8:10:websocket,jsonp-polling"); | io.j[0]("abc:8:10:jsonp-polling");
                    text/html              | abc:60:60:websocket                      | abc:60:60:websocket
                    """)
    @FromTheField({Trouble.A1, Trouble.B3})
    void transportsOfSocketIo09AreHidden(String type, String answer, String expected) throws Exception {
        backend.on("/socket.io/1/", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Type: " + type, "Transfer-Encoding: chunked");
            exchange.sendChunk(answer.substring(0, 12));
            exchange.sendChunk(answer.substring(12));
            exchange.sendChunk("");
        });
        assertThat(get(Routes.HIDING, "/socket.io/1/?t=1")).isEqualTo(expected);
        assertThat(get(Routes.MAIN, "/socket.io/1/?t=1")).isEqualTo(answer);
        backend.on("/socket.io/1/", exchange -> exchange.answer("200 OK", answer, "Content-Type: " + type));
        assertThat(get(Routes.HIDING, "/socket.io/1/")).isEqualTo(expected);
    }
}
