package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathRouteTest {
    private final List<String> faults = new ArrayList<>();

    @ParameterizedTest(name = "[{0}]")
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            # argument                  | mapping  | proxyTo             | prefix
            /=http://x                  | /*       | http://x            | -
            /=http://x/                 | /*       | http://x            | -
            /=http://x/b                | /*       | http://x/b          | -
            /=http://x/b/               | /*       | http://x/b          | -
            /a=http://x                 | /a/*     | http://x            | -
            /a/=http://x                | /a/*     | http://x            | -
            /a=http://x/                | /a/*     | http://x            | /a
            /a/=http://x/               | /a/*     | http://x            | /a
            /a=http://x/b               | /a/*     | http://x/b          | /a
            /a=http://x/b/              | /a/*     | http://x/b          | /a
            /a/=http://x/b              | /a/*     | http://x/b          | /a
            /a/=http://x/b/             | /a/*     | http://x/b          | /a
            /a/b.c/~d=https://x:8443/e  | /a/b.c/~d/* | https://x:8443/e | /a/b.c/~d
            /a=http://[::1]:3000        | /a/*     | http://[::1]:3000   | -
            /a=HTTP://x                 | /a/*     | HTTP://x            | -
            /a=ws://x/chat              | /a/*     | ws://x/chat         | /a
            /a=wss://x                  | /a/*     | wss://x             | -
            /a=http://x/%2F/b           | /a/*     | http://x/%2F/b      | /a
            /.well-known=http://x       | /.well-known/* | http://x      | -
            /a..b=http://x              | /a..b/*  | http://x            | -
            """)
    void targetWithoutPathKeepsThePathAndTargetWithPathReplacesIt(
            String argument, String mapping, String proxyTo, String prefix) {
        PathRoute route = parse(argument);
        assertThat(route.mapping()).isEqualTo(mapping);
        assertThat(route.initParameters().get("proxyTo")).isEqualTo(proxyTo);
        assertThat(route.initParameters().get("prefix")).isEqualTo(prefix);
    }

    @ParameterizedTest(name = "[{0}]")
    @CsvSource(delimiter = '|', quoteCharacter = '"', textBlock = """
            ""                      | write PATH=URL
            /a                      | write PATH=URL
            http://x                | write PATH=URL
            a=http://x              | PATH begins with '/'
            =http://x               | PATH begins with '/'
            //=http://x             | between single slashes
            /a//b=http://x          | between single slashes
            /a//=http://x           | between single slashes
            /a%20b=http://x         | no '%', '*' or '?'
            /a/*=http://x           | no '%', '*' or '?'
            /a?b=http://x           | no '%', '*' or '?'
            "/a b=http://x"         | letters, digits
            /ä=http://x             | letters, digits
            /.=http://x             | no segment '.' or '..'
            /a/..=http://x          | no segment '.' or '..'
            /a/../b=http://x        | no segment '.' or '..'
            /a/./=http://x          | no segment '.' or '..'
            /a=                     | http://, https://, ws:// or wss://, not ''
            /a=x                    | http://, https://, ws:// or wss://, not 'x'
            /a=localhost:3000       | http://, https://, ws:// or wss://, not 'localhost:3000'
            /a=ftp://x              | http://, https://, ws:// or wss://, not 'ftp://x'
            /a=http:x               | http://, https://, ws:// or wss://, not 'http:x'
            /a=http://              | 'http://' is not a URL
            /a=http:///b            | names a host
            /a=http://x^y           | is not a URL
            /a=http://my_host       | of letters, digits, '-' and '.', not 'my_host'
            /a=http://u:p@x         | no user or password
            /a=http://x:0           | 1 to 65535
            /a=http://x:65536       | 1 to 65535
            /a=http://x/?b          | no '?' or '#'
            /a=http://x#b           | no '?' or '#'
            /a=http://x/../b        | no segment '.' or '..' and no '//'
            /a=http://x//           | no segment '.' or '..' and no '//'
            /a=http://x,http://y/b  | all URLs of a route have a path, or none has
            /a=http://x;            | write setting=value behind ';', not ''
            /a=http://x;b           | write setting=value behind ';', not 'b'
            /a=http://x;=b          | write setting=value behind ';', not '=b'
            /a=http://x;b=1;b=2     | setting b is there twice
            /a=http://x;prefix=/b   | PATH=URL says prefix already
            /a=http://x;proxyTo=y   | PATH=URL says proxyTo already
            """)
    void wrongArgumentIsRefusedWithOneFault(String argument, String fault) {
        assertThat(PathRoute.parse(argument, faults::add)).isNull();
        assertThat(faults).singleElement().asString().contains(fault);
    }

    @Test
    void severalTargetsKeepWhatIsSaidOfThem() {
        PathRoute route = parse("/a=http://x:1/ weight=2, http://y:2/ ,dns+http://z:3/ backup;sticky=cookie");
        assertThat(route.initParameters())
                .containsEntry("proxyTo", "http://x:1 weight=2, http://y:2, dns+http://z:3 backup")
                .containsEntry("prefix", "/a")
                .containsEntry("sticky", "cookie");
    }

    @Test
    void everyFaultOfAnArgumentIsTold() {
        assertThat(PathRoute.parse("a=http://u@x?q;b;prefix=/", faults::add)).isNull();
        assertThat(faults).hasSize(5);
    }

    @Test
    void settingsBecomeInitParametersAsTheyStand() {
        PathRoute route = parse("/a=http://x/b;timeout=30s;whiteList=x:80,y:80;hostHeader=a=b;viaHost=");
        assertThat(route.initParameters())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "proxyTo",
                        "http://x/b",
                        "prefix",
                        "/a",
                        "timeout",
                        "30s",
                        "whiteList",
                        "x:80,y:80",
                        "hostHeader",
                        "a=b",
                        "viaHost",
                        ""));
    }

    @Test
    void passwordsAreNotShown() {
        PathRoute route = parse("/a=https://x;tlsKeyStore=k;tlsKeyStorePassword=secret;timeout=5s");
        assertThat(route.initParameters()).containsEntry("tlsKeyStorePassword", "secret");
        assertThat(route)
                .asString()
                .contains("timeout=5s", "tlsKeyStorePassword=...")
                .doesNotContain("secret");
        assertThat(PathRoute.shown("/a=https://x;tlsKeyStorePasword=sec;ret;tlsKey=k"))
                .isEqualTo("/a=https://x;tlsKeyStorePasword=...;tlsKey=k");
        assertThat(PathRoute.parse("/a=https://x;tlsKeyStorePassword=sec;ret;too", faults::add))
                .isNull();
        assertThat(faults)
                .containsExactly(
                        "write setting=value behind ';', not '...'", "write setting=value behind ';', not '...'");
    }

    private PathRoute parse(String argument) {
        PathRoute route = PathRoute.parse(argument, faults::add);
        assertThat(faults).isEmpty();
        return Objects.requireNonNull(route);
    }

    @Test
    void aFiltersSettingHasADotInItsName() {
        PathRoute route = parse("/a=http://x;mode=relay;filters=maxText;maxText.chars=10");
        assertThat(route.initParameters()).containsEntry("maxText.chars", "10").containsEntry("mode", "relay");
    }
}
