package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Wire;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Targets of requests: byte for byte, and never out of the route. */
public abstract class TargetsTest extends WireTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/plain",
                "/a%2Fb",
                "/a%2fb",
                "/a//b",
                "//a",
                "/a/",
                "/a|b",
                "/{id}",
                "/%7Etilde",
                "/~tilde",
                "/a%20b",
                "/a+b",
                "/%C3%A9",
                "/a%25b",
                "/a%5Cb",
                "/a;v=1/b",
                "/a'b",
                "/:@!$&()*,=",
                "/a^b",
                "/a`b",
                "/[a]",
                "/...",
                "/a.b/..c/d..",
                "/x?",
                "/x?a=%2F&b={c}|d",
                "/x?q=a%20b+c",
                "/x?a[]=1&a[]=2",
                "/x?q=\"quoted\"",
                "/x?to=http://example.org/?a=b/../c",
                "/x?a=%7E&%41=b",
                "/x??&&=",
                "/x?a^b`c<d>e\\f"
            })
    void targetsReachTheBackendByteForByte(String target) throws Exception {
        backend.on("/", exchange -> exchange.answer("200 OK", "ok"));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, target)));
            int status = client.readHead().status();
            if (fairlead().server().shapesUris().contains(target)) {
                assertThat(status).isIn(400, 503);
                assertThat(backend.requests()).isEmpty();
            } else if (target.endsWith("?") && fairlead().server().has(Trait.DROPS_AN_EMPTY_QUERY)) {
                assertThat(status).isEqualTo(200);
                assertThat(backend.requests().get(0).target() + "?").isEqualTo(target);
            } else {
                boolean shown = !fairlead().server().has(Trait.DROPS_A_LEADING_QUESTION_MARK);
                assertThat(status).isEqualTo(200);
                assertThat(backend.requests().get(0).target())
                        .isEqualTo(shown ? target : target.replaceFirst("\\?(?=\\?|$)", ""));
            }
        }
    }

    @Test
    void theRestOfThePathIsAppendedToTheTargetOfTheRoute() throws Exception {
        backend.on("/", exchange -> exchange.answer("200 OK", exchange.head().target()));
        assertThat(get(Routes.DEEP, "/a%2Fb?c=d")).isEqualTo("/deep/er/a%2Fb?c=d");
        assertThat(get(Routes.DEEP, "/")).isEqualTo("/deep/er/");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/a/../b",
                "/a/./b",
                "/a/%2e%2e/b",
                "/a/%2E%2e/b",
                "/a/.%2E/b",
                "/a/%2e/b",
                "/a/..;/b",
                "/a/..;x=1/b",
                "/a/.;/b",
                "/a/%2e%2e;v/b",
                "/a/..",
                "/a/."
            })
    void dotSegmentsAreRefused(String target) throws Exception {
        backend.on("/", exchange -> exchange.answer("200 OK", "reached"));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.DEEP, target)));
            int status = client.readHead().status();
            if (fairlead().server().shapesUris().contains(target)) {
                // Resolved before a servlet sees it.
                assertThat(backend.requests()).allMatch(head -> head.target().equals("/deep/er/"));
                return;
            }
            assertThat(status).isEqualTo(400);
        }
        assertThat(backend.requests()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../secret",
                "/../../secret",
                "/%2e%2e/secret",
                "/..;/secret",
                "/..%2Fsecret",
                "/..%5Csecret",
                "/%2e%2e%2fsecret",
                "/..\\secret"
            })
    void noPathLeavesTheRoute(String target) throws Exception {
        backend.on("/", exchange -> exchange.answer("200 OK", "reached"));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.DEEP, target)));
            int status = client.readHead().status();
            // Resolved before a servlet sees it, it leads out of the application, where a server may say what it likes.
            boolean resolved = fairlead().server().shapesUris().contains(target);
            assertThat(status).isIn(400, 404, resolved ? 302 : 404);
        }
        assertThat(backend.requests()).isEmpty();
    }
}
