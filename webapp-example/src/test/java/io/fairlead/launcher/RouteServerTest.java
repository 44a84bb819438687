package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One server, asked over bare sockets. */
class RouteServerTest {
    private static final String LOOPBACK = "127.0.0.1";

    private static HeadBackend one;
    private static HeadBackend two;
    private static RouteServer server;

    @BeforeAll
    static void start() throws Exception {
        one = new HeadBackend("one");
        two = new HeadBackend("two");
        server = new RouteServer(LOOPBACK).http(0);
        server.add(route("/a=" + one.url()));
        server.add(route("/a/b=" + two.url() + "/x/"));
        server.add(route("/a/b/c=" + one.url() + "/"));
        server.start();
    }

    @AfterAll
    static void stop() throws Exception {
        server.stop();
        one.close();
        two.close();
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            # path,        backend, request line there
            /a,            one, /a
            /a/,           one, /a/
            /a/foo,        one, /a/foo
            /a/bar,        one, /a/bar
            /a/b,          two, /x
            /a/b/,         two, /x/
            /a/b/foo,      two, /x/foo
            /a/b/foo/,     two, /x/foo/
            /a/bc,         one, /a/bc
            /a/b/c,        one, /
            /a/b/c/foo,    one, /foo
            /a/b?q,        two, /x?q
            /a/b/c?q=/,    one, /?q=/
            """)
    void longestRouteTakesTheRequest(String path, String backend, String target) throws IOException {
        assertThat(get(path)).contains("\r\n\r\n" + backend + "\nGET " + target + " HTTP/1.1\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/a//foo///",
                "/a/%2Fb%2f/",
                "/a/%5Cfoo",
                "/a/%7Efoo/~",
                "/a/%25%32%46",
                "/a/|{}^`\"<>",
                "/a/[x]\\y",
                "/a/%E9",
                "/a/%C3%A4%C3",
                "/a/;p=1;q/b;r",
                "/a/foo;jsessionid=1",
                "/a/...",
                "/a/@:!$&'()*+,=",
                "/a/foo?",
                "/a/foo?a=%2F|{}[]\\^`&b=%zz%&c=../..//?",
            })
    void pathAndQueryReachTheBackendByteForByte(String target) throws IOException {
        assertThat(get(target)).contains("\r\n\r\none\nGET " + target + " HTTP/1.1\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/a/../a",
                "/a/./foo",
                "/a/foo/..",
                "/a/%2e%2e/foo",
                "/a/.%2E/",
                "/a/..;x/foo",
                "/a/.;/foo",
                "/a/%2e",
                "/a/foo%2F..%2Fbar",
            })
    void dotSegmentsAreRefused(String target) throws IOException {
        assertThat(get(target)).startsWith("HTTP/1.1 400 ").contains("Content-Type: text/plain");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "PUT", "OPTIONS", "PROPFIND"})
    void pathWithoutRouteIsNotFoundWhateverTheMethod(String method) throws IOException {
        assertThat(send(method + " /ab HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 404 ")
                .contains("Content-Type: text/plain")
                .doesNotContain("\r\nServer:", "Jetty")
                .endsWith("\r\n\r\n404 Not Found\n");
    }

    @Test
    void answerHasOneDateTheBackendsOwn() throws IOException {
        assertThat(get("/a").lines().filter(line -> line.startsWith("Date:")))
                .containsExactly("Date: " + HeadBackend.DATE);
    }

    @Test
    void unreadableRequestIsAnsweredInPlainText() throws IOException {
        assertThat(send("GET /a HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n"))
                .startsWith("HTTP/1.1 400 ")
                .contains("Content-Type: text/plain")
                .doesNotContain("\r\nServer:", "Jetty", "<", "Exception", "\tat ");
    }

    @Test
    void requestHeadUpTo16KilobytesIsTaken() throws IOException {
        String head = "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ";
        int room = Listeners.REQUEST_HEADER_SIZE - head.length() - 4;
        assertThat(send(head + "x".repeat(room) + "\r\n\r\n")).startsWith("HTTP/1.1 200 ");
        assertThat(send(head + "x".repeat(room + 1000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431 ")
                .contains("Content-Type: text/plain");
    }

    @Test
    void everyWrongSettingOfEveryRouteIsToldAtStart() throws Exception {
        RouteServer wrong = new RouteServer(LOOPBACK).http(0);
        wrong.add(route("/a=http://x;timeout=soon;upgrade=maybe"));
        wrong.add(route("/b=http://x;tmeout=1s"));
        try {
            assertThatThrownBy(wrong::start)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("'timeout'", "'upgrade'", "'tmeout'", "'/a'", "'/b'");
        } finally {
            wrong.stop();
        }
    }

    @Test
    void takenPortIsToldApart() {
        RouteServer second = new RouteServer(LOOPBACK).http(server.httpPort());
        assertThatThrownBy(second::start)
                .isInstanceOfSatisfying(RouteServer.CannotListen.class, fault -> assertThat(fault.isSecure())
                        .isFalse());
    }

    @ParameterizedTest
    @ValueSource(strings = {"/-/live", "/-/ready"})
    void probesAnswerWithAStatusOnly(String path) throws IOException {
        for (String method : new String[] {"GET", "HEAD"})
            assertThat(send(method + " " + path + "?x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ")
                    .contains("Cache-Control: no-store", "Content-Length: 0")
                    .endsWith("\r\n\r\n");
        assertThat(send("POST " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"))
                .startsWith("HTTP/1.1 405 ")
                .contains("Allow: GET, HEAD");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/-/live/", "/-/ready;x", "/-/%72eady", "/-//live", "/-/", "/-/healthy"})
    void whatIsOnlyLikeAProbeBelongsToTheRoutes(String path) throws Exception {
        RouteServer all = new RouteServer(LOOPBACK).http(0);
        all.add(route("/=" + one.url()));
        all.start();
        try {
            assertThat(send(all.httpPort(), "GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                    .contains("\r\n\r\none\nGET " + path + " HTTP/1.1\r\n");
            assertThat(send(all.httpPort(), "GET /-/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ")
                    .doesNotContain("one");
        } finally {
            all.stop();
        }
    }

    /** Frames as in RFC 9113: length of 3 bytes, type, flags, stream; a setting is an identifier of 2 bytes and 4 more. */
    @Test
    void http2InTheClearIsForThoseWhoKnowBeforehand() throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1));
            DataInputStream in = new DataInputStream(socket.getInputStream());
            assertThat(in.readInt() & 0xff).as("type SETTINGS").isEqualTo(4);
        }
        assertThat(send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
                        + "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"))
                .startsWith("HTTP/1.1 200 ")
                .contains("\r\n\r\none\nGET /a HTTP/1.1\r\n")
                .doesNotContainIgnoringCase("h2c");
    }

    private static PathRoute route(String argument) {
        return Objects.requireNonNull(PathRoute.parse(argument, fault -> {
            throw new IllegalArgumentException(fault);
        }));
    }

    private static String get(String target) throws IOException {
        return send("GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    }

    private static String send(String request) throws IOException {
        return send(server.httpPort(), request);
    }

    private static String send(int port, String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }
}
