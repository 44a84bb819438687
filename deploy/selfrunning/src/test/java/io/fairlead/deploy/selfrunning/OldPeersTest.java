package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.deploy.selfrunning.SocketIo09Page.Transport;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Head.Field;
import io.fairlead.suite.peer.HixieHandshake;
import io.fairlead.suite.peer.Node;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Peers of every age, from drafts of 2010 to those of today, over http and https, with their own path and below a prefix. Each
 * server runs once for the class. In the profile {@code full}.
 */
@Tag("full")
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(60)
class OldPeersTest {

    private static final String HOST = "chat.example";
    private static final String ORIGIN = "http://page.example";
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private final Map<String, Node.Running> servers = new LinkedHashMap<>();
    private final Authority authority = Authority.create("Old peers");
    private @Nullable Node modern;
    private @Nullable Node old;
    private @Nullable Path root;
    private @Nullable SelfRunning fairlead;

    @RegisterExtension
    final AfterTestExecutionCallback transcript = context -> {
        Throwable failure = context.getExecutionException().orElse(null);
        if (failure != null) {
            System.out.println("==== " + context.getDisplayName() + " failed: " + failure);
            System.out.println("---- Fairlead said:\n" + fairlead().output());
            servers.forEach((name, server) -> System.out.println("---- " + name + " said:\n" + server.output()));
        }
    };

    /** How clients come in, and where they find a server. */
    enum Way {
        HTTP(false, ""),
        HTTP_BELOW_A_PREFIX(false, "/below"),
        HTTPS(true, ""),
        HTTPS_BELOW_A_PREFIX(true, "/below");

        final boolean secure;
        final String prefix;

        Way(boolean secure, String prefix) {
            this.secure = secure;
            this.prefix = prefix;
        }
    }

    /** Servers that speak WebSocket's drafts, and the paths of their own. */
    enum Server {
        SOCKET_IO_09("/socket.io/"),
        WS_04("/ws04/"),
        DRIVER("/driver/");

        final String path;

        Server(String path) {
            this.path = path;
        }
    }

    /** When a client sends the 8 bytes behind its head. */
    enum Arrival {
        WITH_THE_HEAD,
        AFTER_THE_ANSWERS_HEAD,
        ONE_BY_ONE
    }

    @BeforeAll
    void start() throws Exception {
        Node now = Node.in(Path.of("target", "node"));
        Node then = Node.oldIn(Path.of("target", "old-node"));
        modern = now;
        old = then;
        Path directory = Files.createDirectories(Path.of("target", "old-peers"));
        root = authority.writeRoot(directory.resolve("root.pem"));
        List<String> arguments = new ArrayList<>(List.of(
                "--cert",
                authority
                        .issue("localhost", "127.0.0.1")
                        .writeChainAndKey(directory.resolve("server.pem"))
                        .toString()));
        serve(arguments, "/socket.io/", then.node010().serve("sio09-server.js"));
        serve(arguments, "/ws04/", then.node010().serve("ws04-server.js"));
        serve(arguments, "/driver/", then.serve("driver-server.js"));
        serve(arguments, "/socket.io2/", then.serve("sio-server.js", "socket.io-2", "/socket.io2/"));
        serve(arguments, "/socket.io4/", now.serve("sio-server.js", "socket.io", "/socket.io4/"));
        serve(arguments, "/ws8/", now.serve("ws-server.js"));
        fairlead = SelfRunning.startWith(arguments);
    }

    /** Leads a server's path to it, and the same path below prefixes that it knows nothing of. */
    private void serve(List<String> arguments, String path, Node.Running server) {
        servers.put(path, server);
        String url = "http://127.0.0.1:" + server.port();
        arguments.addAll(List.of("--route", path + "=" + url));
        arguments.addAll(List.of("--route", "/below" + path + "=" + url + path));
        arguments.addAll(List.of("--route", "/off" + path + "=" + url + path + ";upgrade=off"));
        arguments.addAll(List.of(
                "--route", "/hidden" + path + "=" + url + path + ";socketIo09HideTransports=flashsocket,websocket"));
    }

    @AfterAll
    void stop() throws Exception {
        servers.values().forEach(Node.Running::close);
        if (fairlead != null) {
            fairlead.close();
        }
    }

    private SelfRunning fairlead() {
        return started(fairlead);
    }

    private static <T> T started(@Nullable T peer) {
        if (peer == null) {
            throw new IllegalStateException("not started");
        }
        return peer;
    }

    private Wire connect(boolean secure) throws IOException {
        return secure
                ? Wire.connect(fairlead().https(), authority.trust(), 0)
                : Wire.connect(fairlead().http(), null, 0);
    }

    private String origin(boolean secure) {
        InetSocketAddress address = secure ? fairlead().https() : fairlead().http();
        return (secure ? "https" : "http") + "://127.0.0.1:" + address.getPort();
    }

    /** Every way with each of some values. */
    private static Stream<Arguments> everyWayWith(Object... values) {
        return Stream.of(Way.values()).flatMap(way -> Stream.of(values).map(value -> Arguments.of(way, value)));
    }

    // ---- Socket.IO

    static Stream<Arguments> waysAndTransportsOfSocketIo09() {
        return everyWayWith("xhr-polling", "websocket");
    }

    @ParameterizedTest
    @MethodSource("waysAndTransportsOfSocketIo09")
    @FromTheField({Trouble.A1, Trouble.B2})
    void socketIo09(Way way, String transport) throws Exception {
        assertThat(socketIo09(way.secure, way.prefix, transport, transport)).endsWith("ok\n");
    }

    /** What the clients print. */
    private String socketIo09(boolean secure, String prefix, String transports, String wanted) throws Exception {
        String resource = prefix.isEmpty() ? "socket.io" : prefix.substring(1) + "/socket.io";
        return started(old)
                .node010()
                .scriptTrusting(root, "sio09-client.js", origin(secure), resource, transports, wanted);
    }

    static Stream<Arguments> waysAndTransportsOfPages() {
        return everyWayWith((Object[]) Transport.values());
    }

    @ParameterizedTest
    @MethodSource("waysAndTransportsOfPages")
    @FromTheField(Trouble.B2)
    void pagesOfSocketIo09(Way way, Transport transport) throws Exception {
        String large = "x".repeat(1_200_000);
        try (SocketIo09Page one = page(way, transport);
                SocketIo09Page two = page(way, transport)) {
            String room = "room of " + System.nanoTime();
            for (SocketIo09Page page : List.of(one, two)) {
                assertThat(page.next()).isEqualTo("1::");
                assertThat(page.next()).isEqualTo(event("welcome", transport.greeting));
                page.send("5:1+::" + arguments("join", room));
                assertThat(page.next()).isEqualTo("6:::1");
            }
            for (String text : List.of("\u00e4\u00f6\u00fc \u2603", "a+b&c=d%25 </script>", large)) {
                one.send("5:2+::" + arguments("echo", text));
                assertThat(one.next()).isEqualTo("6:::2+[\"" + text + "\"]");
            }
            // Both wait for a script, or for more of a document, and nothing else would end that in time.
            for (SocketIo09Page speaker : List.of(one, two)) {
                speaker.send("5:::" + arguments("say", room, "hello"));
                assertThat(one.next()).isEqualTo(event("said", "hello"));
                assertThat(two.next()).isEqualTo(event("said", "hello"));
            }
        }
    }

    private SocketIo09Page page(Way way, Transport transport) throws IOException {
        return SocketIo09Page.open(transport, () -> connect(way.secure), HOST, way.prefix + "/socket.io/");
    }

    private static String event(String name, String text) {
        return "5:::" + arguments(name, text);
    }

    private static String arguments(String name, String... texts) {
        return "{\"name\":\"" + name + "\",\"args\":[\"" + String.join("\",\"", texts) + "\"]}";
    }

    static Stream<Arguments> waysVersionsAndModes() {
        return everyWayWith("2", "4").flatMap(way -> Stream.of("polling", "websocket", "upgrade")
                .map(mode -> Arguments.of(way.get()[0], way.get()[1], mode)));
    }

    @ParameterizedTest
    @MethodSource("waysVersionsAndModes")
    @FromTheField({Trouble.B2, Trouble.C1})
    void socketIo(Way way, String version, String mode) throws Exception {
        assertThat(socketIo(way.secure, way.prefix, version, mode)).isEqualTo("ok\n");
    }

    private String socketIo(boolean secure, String prefix, String version, String mode) throws Exception {
        boolean current = version.equals("4");
        return started(current ? modern : old)
                .scriptTrusting(
                        root,
                        "sio-client.js",
                        current ? "socket.io-client" : "socket.io-client-" + version,
                        origin(secure),
                        prefix + "/socket.io" + version + "/",
                        mode);
    }

    @ParameterizedTest
    @EnumSource
    @FromTheField(Trouble.F2)
    void ws8(Way way) throws Exception {
        String url = origin(way.secure).replaceFirst("http", "ws") + way.prefix + "/ws8/";
        assertThat(started(modern).scriptTrusting(root, "ws-client.js", url)).isEqualTo("ok\n");
    }

    // ---- a route that refuses, or hides, what a middlebox would break

    @ParameterizedTest
    @EnumSource(names = {"HTTP", "HTTPS"})
    @FromTheField(Trouble.B3)
    void aClientOfSocketIo09WhoseWebSocketIsRefusedWorksByPolling(Way way) throws Exception {
        assertThat(socketIo09(way.secure, "/off", "websocket,xhr-polling", "xhr-polling"))
                .contains("tries websocket\n")
                .contains("tries xhr-polling\n")
                .endsWith("ok\n");
    }

    @ParameterizedTest
    @MethodSource("waysAndServersThatMayNotUpgrade")
    @FromTheField(Trouble.B3)
    void aRefusedHandshakeIsAnsweredAsByAServerWithoutWebSocket(Way way, Server server) throws Exception {
        HixieHandshake handshake = new HixieHandshake(1);
        String target = "/off" + target(way, server);
        List<String> drafts = List.of(
                "Upgrade: WebSocket\r\nSec-WebSocket-Key1: " + handshake.key1() + "\r\nSec-WebSocket-Key2: "
                        + handshake.key2(),
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + KEY);
        for (String draft : drafts) {
            try (Wire wire = connect(way.secure)) {
                wire.send(head(target, "Connection: Upgrade", draft, "Origin: " + ORIGIN));
                Head answer = wire.readHead();
                String body = wire.readBodyText(answer);
                // Socket.IO 0.9 closes the connection without a word.
                assertThat(answer.status()).as(body).isEqualTo(server == Server.SOCKET_IO_09 ? 502 : 404);
                wire.reset();
            }
        }
    }

    static Stream<Arguments> waysAndServersThatMayNotUpgrade() {
        return Stream.of(Way.HTTP, Way.HTTPS)
                .flatMap(way -> Stream.of(Server.values()).map(server -> Arguments.of(way, server)));
    }

    @ParameterizedTest
    @MethodSource("refusals")
    @FromTheField(Trouble.B3)
    void aClientWhoseWebSocketIsRefusedWorksByPolling(Way way, String version, String mode) throws Exception {
        assertThat(socketIo(way.secure, "/off", version, mode)).isEqualTo("ok\n");
    }

    static Stream<Arguments> refusals() {
        // Socket.IO 2 cannot go from a websocket to polling.
        return Stream.of(Way.HTTP, Way.HTTPS)
                .flatMap(way -> Stream.of(
                        Arguments.of(way, "2", "upgrade-refused"),
                        Arguments.of(way, "4", "upgrade-refused"),
                        Arguments.of(way, "4", "websocket-refused")));
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP", "HTTPS"})
    @FromTheField(Trouble.B3)
    void aClientOfSocketIo09ThatIsNotToldOfWebSocketNeverTriesIt(Way way) throws Exception {
        assertThat(socketIo09(way.secure, "/hidden", "websocket,xhr-polling", "xhr-polling"))
                .contains("tries xhr-polling\n")
                .doesNotContain("tries websocket")
                .endsWith("ok\n");
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP", "HTTPS"})
    @FromTheField(Trouble.B3)
    void theHandshakeOfSocketIo09HidesTransports(Way way) throws Exception {
        assertThat(get(way, "/hidden/socket.io/1/?t=1")).matches("[^:]+:90:60:htmlfile,xhr-polling,jsonp-polling");
        assertThat(get(way, "/hidden/socket.io/1/?t=1&jsonp=7"))
                .matches("io\\.j\\[7]\\(\"[^:]+:90:60:htmlfile,xhr-polling,jsonp-polling\"\\);");
        assertThat(get(way, way.prefix + "/socket.io/1/?t=1"))
                .as("by a route that hides nothing")
                .matches("[^:]+:90:60:websocket,htmlfile,xhr-polling,jsonp-polling");
    }

    private String get(Way way, String target) throws IOException {
        try (Wire wire = connect(way.secure)) {
            wire.send("GET " + target + " HTTP/1.1\r\nHost: " + HOST + "\r\n\r\n");
            Head head = wire.readHead();
            String body = wire.readBodyText(head);
            assertThat(head.status()).as(body).isEqualTo(200);
            return body;
        }
    }

    // ---- WebSocket's drafts

    static Stream<Arguments> waysServersAndArrivals() {
        return everyWayWith((Object[]) Server.values()).flatMap(way -> Stream.of(Arrival.values())
                .map(arrival -> Arguments.of(way.get()[0], way.get()[1], arrival)));
    }

    @ParameterizedTest
    @MethodSource("waysServersAndArrivals")
    @FromTheField({Trouble.A2, Trouble.A3, Trouble.A4, Trouble.A5, Trouble.A6})
    void hixie76(Way way, Server server, Arrival arrival) throws Exception {
        long seed = System.nanoTime();
        HixieHandshake handshake = new HixieHandshake(seed);
        String target = target(way, server);
        try (Wire wire = connect(way.secure)) {
            byte[] head = head(
                    target,
                    "Connection: Upgrade",
                    "Sec-WebSocket-Key2: " + handshake.key2(),
                    "Upgrade: WebSocket",
                    "Sec-WebSocket-Key1: " + handshake.key1(),
                    "Origin: " + ORIGIN);
            Head answer;
            if (arrival == Arrival.WITH_THE_HEAD) {
                wire.send(concatenated(head, handshake.key3()));
                answer = wire.readHead();
            } else {
                wire.send(head);
                answer = wire.readHead();
                if (arrival == Arrival.ONE_BY_ONE) {
                    for (byte b : handshake.key3()) {
                        wire.send(new byte[] {b});
                    }
                } else {
                    wire.send(handshake.key3());
                }
            }
            assertSwitched(answer, way, target, "Sec-WebSocket-");
            assertThat(wire.read(16)).as("with the seed %d", seed).isEqualTo(handshake.answer());
            assertTalks(wire, server);
            wire.send(new byte[] {(byte) 0xFF, 0});
            assertThat(wire.readRest()).as("at the end").isIn(new byte[0], new byte[] {(byte) 0xFF, 0});
        }
    }

    static Stream<Arguments> waysAndServersOfDraft75() {
        return everyWayWith(Server.SOCKET_IO_09, Server.DRIVER);
    }

    @ParameterizedTest
    @MethodSource("waysAndServersOfDraft75")
    @FromTheField(Trouble.A7)
    void draft75(Way way, Server server) throws Exception {
        String target = target(way, server);
        try (Wire wire = connect(way.secure)) {
            wire.send(head(target, "Upgrade: WebSocket", "Connection: Upgrade", "Origin: " + ORIGIN));
            assertSwitched(wire.readHead(), way, target, "WebSocket-");
            assertTalks(wire, server);
            // The draft has no closing handshake.
            wire.reset();
        }
    }

    static Stream<Arguments> waysAndServersOfHybi08() {
        return everyWayWith(Server.SOCKET_IO_09, Server.WS_04);
    }

    @ParameterizedTest
    @MethodSource("waysAndServersOfHybi08")
    @FromTheField(Trouble.A7)
    void hybi08(Way way, Server server) throws Exception {
        String target = target(way, server);
        try (Wire wire = connect(way.secure)) {
            wire.send(head(
                    target,
                    "Upgrade: websocket",
                    "Connection: keep-alive, Upgrade",
                    "Sec-WebSocket-Key: " + KEY,
                    "Sec-WebSocket-Origin: " + ORIGIN,
                    "Sec-WebSocket-Version: 8"));
            Head answer = wire.readHead();
            assertThat(answer.status()).as(answer.toString()).isEqualTo(101);
            assertThat(answer.value("Sec-WebSocket-Accept")).isEqualTo(Frame.accept(KEY));
            if (server == Server.SOCKET_IO_09) {
                assertThat(Frame.read(wire).text())
                        .as("the server's first word")
                        .isEqualTo("1::");
                assertThat(Frame.read(wire).text()).isEqualTo(event("welcome", "websocket"));
            }
            for (String text : List.of("", "\u2603", "z".repeat(70_000))) {
                wire.send(Frame.text(asked(server, text)).masked());
                assertThat(Frame.read(wire).text()).isEqualTo(answered(server, text));
            }
            wire.reset();
        }
    }

    /** The target of a handshake; of Socket.IO, with a session. */
    private String target(Way way, Server server) throws IOException {
        String path = way.prefix + server.path;
        return server == Server.SOCKET_IO_09
                ? path + "1/websocket/" + get(way, path + "1/?t=1").split(":", 2)[0]
                : path + "chat?room=1";
    }

    /** The head of a request, with no port in its Host. */
    private static byte[] head(String target, String... fields) {
        String head =
                "GET " + target + " HTTP/1.1\r\nHost: " + HOST + "\r\n" + String.join("\r\n", fields) + "\r\n\r\n";
        return head.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] concatenated(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }

    /** The names and values that clients of these drafts compare character by character. */
    private static void assertSwitched(Head answer, Way way, String target, String names) {
        assertThat(answer.status()).as(answer.toString()).isEqualTo(101);
        assertThat(answer.fields())
                .contains(
                        new Field("Upgrade", "WebSocket"),
                        new Field("Connection", "Upgrade"),
                        new Field(names + "Origin", ORIGIN),
                        new Field(names + "Location", (way.secure ? "wss://" : "ws://") + HOST + target));
        for (String name : List.of("Upgrade", "Connection", names + "Origin", names + "Location")) {
            assertThat(answer.values(name)).as(answer.toString()).hasSize(1);
        }
        assertThat(answer.fields()).noneMatch(field -> field.value().isEmpty());
    }

    /** Messages both ways in the framing that draft-75 and draft-76 share. */
    private static void assertTalks(Wire wire, Server server) throws IOException {
        if (server == Server.SOCKET_IO_09) {
            assertThat(HixieHandshake.read(wire)).as("the server's first word").isEqualTo("1::");
            assertThat(HixieHandshake.read(wire)).isEqualTo(event("welcome", "websocket"));
        }
        for (String text : List.of("", "\u2603", "z".repeat(70_000))) {
            wire.send(HixieHandshake.frame(asked(server, text)));
            assertThat(HixieHandshake.read(wire)).isEqualTo(answered(server, text));
        }
        wire.send(concatenated(
                HixieHandshake.frame(asked(server, "a")),
                HixieHandshake.frame(asked(server, "b")),
                HixieHandshake.frame(asked(server, "c"))));
        for (String text : List.of("a", "b", "c")) {
            assertThat(HixieHandshake.read(wire)).as("of several in one write").isEqualTo(answered(server, text));
        }
    }

    private static String asked(Server server, String text) {
        return server == Server.SOCKET_IO_09 ? "5:1+::" + arguments("echo", text) : text;
    }

    private static String answered(Server server, String text) {
        return server == Server.SOCKET_IO_09 ? "6:::1+[\"" + text + "\"]" : text;
    }
}
