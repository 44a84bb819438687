package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.ResponseRewrite.Rule;
import io.fairlead.proxy.ResponseRewrite.Rules;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseRewriteTest {

    private static final Asked ASKED = new Asked("https", "app.example", "/app/chat?room=1");

    private static final String HOST_SENT = "app.example";

    private static ResponseRewrite route(String prefix, String targetPath) {
        return new ResponseRewrite(
                prefix,
                targetPath,
                List.of("other:1", "backend:3000"),
                Rules.AUTOMATIC,
                Rules.AUTOMATIC,
                Rules.AUTOMATIC);
    }

    @ParameterizedTest
    @CsvSource({
        "http://backend:3000/login, https://app.example/app/login",
        "HTTP://Backend:3000/login?to=http://backend:3000/, https://app.example/app/login?to=http://backend:3000/",
        "http://backend:3000, https://app.example/app/",
        "http://backend:3000?q, https://app.example/app/?q",
        "http://app.example/login, https://app.example/app/login",
        "http://app.example:80/login, https://app.example/app/login",
        "https://app.example:443/login#there, https://app.example/app/login#there",
        "ws://backend:3000/chat, wss://app.example/app/chat",
        "/login, /app/login",
        "/, /app/",
        "/app/login, /app/login",
        "/app, /app",
        "/apple, /app/apple",
        // Not the backend's.
        "http://backend/login, http://backend/login",
        "http://backend:30001/login, http://backend:30001/login",
        "https://id.example/login, https://id.example/login",
        "//cdn.example/x, //cdn.example/x",
        "login, login",
        "../x, ../x",
        "mailto:a@b, mailto:a@b",
    })
    void aRedirectLeadsToWhereTheClientSeesTheBackend(String location, String expected) {
        assertThat(route("/app", "").field("location", location, ASKED, HOST_SENT))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "http://backend:3000/inner/x, https://app.example/app/x",
        "http://backend:3000/inner, https://app.example/app/",
        "/inner/x?y, /app/x?y",
        // Above what the route shows.
        "/innermost, /innermost",
        "/elsewhere, /elsewhere",
    })
    void aPathOfTheTargetIsReplaced(String location, String expected) {
        assertThat(route("/app", "/inner").field("location", location, ASKED, HOST_SENT))
                .isEqualTo(expected);
    }

    @Test
    void withoutAPrefixOnlyTheAddressChanges() {
        assertThat(route("", "").field("location", "http://backend:3000/a", ASKED, HOST_SENT))
                .isEqualTo("https://app.example/a");
        assertThat(route("", "").field("location", "/a", ASKED, HOST_SENT)).isEqualTo("/a");
    }

    @Test
    void refreshIsARedirectToo() {
        assertThat(route("/app", "").field("refresh", "5; URL=http://backend:3000/x", ASKED, HOST_SENT))
                .isEqualTo("5; URL=https://app.example/app/x");
        assertThat(route("/app", "").field("refresh", "5", ASKED, HOST_SENT)).isEqualTo("5");
    }

    @ParameterizedTest
    @CsvSource({
        "sid=1; Path=/; HttpOnly, sid=1; Path=/app/; HttpOnly",
        "sid=1;path = /x ;Secure, sid=1;path = /app/x ;Secure",
        "'sid=\"a, b\"; Path=/app', 'sid=\"a, b\"; Path=/app'",
        "__Host-sid=1; Path=/; Secure, __Host-sid=1; Path=/; Secure",
        "path=/; Max-Age=1, path=/; Max-Age=1",
        "sid=1; Domain=backend; Path=/a, sid=1; Path=/app/a",
        "sid=1; Domain=.Backend, sid=1",
        "sid=1; Domain=example.com, sid=1; Domain=example.com",
        "sid=1, sid=1",
        "sid=1;, sid=1;",
    })
    void aCookieIsWhereTheClientSeesTheBackend(String cookie, String expected) {
        assertThat(route("/app", "").field("set-cookie", cookie, ASKED, HOST_SENT))
                .isEqualTo(expected);
    }

    @Test
    void rulesOfTheUserReplaceTheAutomaticOnes() {
        ResponseRewrite rewrite = new ResponseRewrite(
                "/app",
                "",
                List.of("backend:3000"),
                new Rules(false, List.of(new Rule("http://old/", "/new/"), new Rule("/", "/any/"))),
                new Rules(false, List.of(new Rule("/two", "/"))),
                new Rules(false, List.of(new Rule("in.example", "out.example"), new Rule(".x.example", ""))));
        assertThat(rewrite.field("location", "http://old/a", ASKED, HOST_SENT)).isEqualTo("/new/a");
        assertThat(rewrite.field("location", "/a", ASKED, HOST_SENT)).isEqualTo("/any/a");
        assertThat(rewrite.field("location", "http://backend:3000/a", ASKED, HOST_SENT))
                .isEqualTo("http://backend:3000/a");
        assertThat(rewrite.field("set-cookie", "a=1; Path=/two/x; Domain=.IN.example", ASKED, HOST_SENT))
                .isEqualTo("a=1; Path=//x; Domain=out.example");
        assertThat(rewrite.field("set-cookie", "a=1; Domain=x.example", ASKED, HOST_SENT))
                .isEqualTo("a=1");
    }

    @Test
    void offChangesNothing() {
        ResponseRewrite off =
                new ResponseRewrite("/app", "", List.of("other:1", "backend:3000"), Rules.OFF, Rules.OFF, Rules.OFF);
        assertThat(off.field("location", "http://backend:3000/", ASKED, HOST_SENT))
                .isEqualTo("http://backend:3000/");
        assertThat(off.field("set-cookie", "a=1; Path=/; Domain=backend", ASKED, HOST_SENT))
                .isEqualTo("a=1; Path=/; Domain=backend");
    }

    @ParameterizedTest
    @ValueSource(strings = {"sec-websocket-location", "websocket-location"})
    void theOldDraftsNameThePlaceThatTheClientAskedFor(String name) {
        assertThat(route("/app", "").field(name, "ws://backend:3000/chat?room=1", ASKED, null))
                .isEqualTo("wss://app.example/app/chat?room=1");
    }

    @Test
    void otherFieldsAreNotTouched() {
        assertThat(route("/app", "").field("x-location", "http://backend:3000/", ASKED, HOST_SENT))
                .isEqualTo("http://backend:3000/");
    }
}
