package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetPathTest {

    @ParameterizedTest
    @CsvSource({
        "/app/chat/x,      /app/chat, '',     /x",
        "/app/chat,        /app/chat, '',     /",
        "/app/chat/,       /app/chat, '',     /",
        "/app/chat/x,      /app/chat, /base,  /base/x",
        "/app/chat,        /app/chat, /base,  /base",
        "/x//y,            '',        '',     /x//y",
        "//host/x,         '',        '',     //host/x",
        "/a%2Fb/%7Ec|{d},  '',        /b,     /b/a%2Fb/%7Ec|{d}",
    })
    void prefixIsReplacedAndTheRestIsLeftAlone(String path, String prefix, String target, String expected) {
        assertThat(TargetPath.rewrite(path, null, prefix, target)).isEqualTo(expected);
    }

    @Test
    void queryIsLeftAlone() {
        assertThat(TargetPath.rewrite("/a", "x=a%2Fb&y=|{}&&=", "", "")).isEqualTo("/a?x=a%2Fb&y=|{}&&=");
        assertThat(TargetPath.rewrite("/p", "", "/p", "")).isEqualTo("/?");
    }

    @ParameterizedTest
    @CsvSource({"/other,/app", "/application,/app", "//app/x,/app"})
    void pathOutsideThePrefixHasNoTarget(String path, String prefix) {
        assertThat(TargetPath.rewrite(path, null, prefix, "")).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/.",
                "/..",
                "/a/./b",
                "/a/../b",
                "/a/..",
                "/%2e/",
                "/%2E%2e/b",
                "/.%2e",
                "/..;x=1/b",
                "/.;",
                "/a/..;/b",
                "/..%2fetc",
                "/a%2f..%2fb",
                "/a%5c..%5cb",
                "/..\\b",
                "/%2e%2e%3bx",
            })
    void dotSegments(String path) {
        assertThat(TargetPath.hasDotSegment(path)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "",
                "*",
                "/...",
                "/a.b",
                "/.well-known/x",
                "/..a",
                "/a..",
                "/a;x=..",
                "/a;../b",
                "//",
                "/%2ea",
                "/%252e%252e/",
                "/%",
                "/%2",
                "/.%",
                "/x.%2",
                "/a%2f.b",
                "/~u/%7E",
            })
    void pathsWithoutDotSegments(String path) {
        assertThat(TargetPath.hasDotSegment(path)).isFalse();
    }
}
