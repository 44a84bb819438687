package io.fairlead.documented;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Stream;
import io.fairlead.suite.peer.Identity;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;

/**
 * A server that was installed, started, drained and stopped by the commands of its README, as a client sees it that trusts
 * the root alone.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(180)
abstract class AsDocumented {

    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";
    private static final String HOST = "app.example";
    private static final Authority AUTHORITY = Authority.create("Example");

    /** For the idle time, where it can be told. */
    protected static final Duration IDLE = Duration.ofSeconds(3);

    protected final int port = freePort();
    private final Backend backend = Backend.start();
    private final Path directory;
    private final Readme readme;
    private @Nullable Shell shell;

    /** @param server its directory in {@code deploy} */
    AsDocumented(String server) {
        directory = Path.of("target", server).toAbsolutePath();
        readme = new Readme(Path.of("..", server, "README.md"));
    }

    // ---- what a server has of its own

    /** What its README says can be told by the environment: the port, and the idle time. */
    protected abstract Map<String, String> environment();

    /** The same where it is told by a file of what is installed. */
    protected void configure() throws IOException {}

    /** Where it lies, unpacked, below {@code target/servers}. */
    protected abstract String distribution();

    /** Below the directory of the installation. */
    protected abstract Path accessLog() throws IOException;

    /** Where the server's process id stands. */
    protected abstract Path pidFile();

    protected boolean hasHttp2() {
        return true;
    }

    /** WebSocket over HTTP/2. */
    protected boolean connectsProtocols() {
        return false;
    }

    /** What a head of more than 16 KB is answered with. */
    protected int headTooLong() {
        return 400;
    }

    /** How long a connection is idle before the server closes it, as its README says. */
    protected Duration idle() {
        return IDLE;
    }

    // ---- as it is typed

    @BeforeAll
    void install() throws Exception {
        remove(directory);
        Files.createDirectories(directory);
        Identity identity = AUTHORITY.issue(HOST, "localhost");
        identity.writeChain(directory.resolve("fullchain.pem"));
        identity.writeKey(directory.resolve("privkey.pem"));
        Files.copy(Path.of("target", "fairlead.war"), directory.resolve("fairlead.war"));
        link("deploy", Path.of(".."));
        link(distribution(), Path.of("target", "servers", distribution()));
        backend.on("/hello", exchange -> exchange.answer("200 OK", "hello"));
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().patience(0);
            Correspondent.backend(exchange.wire()).echo();
        });
        backend.on("/refused", exchange -> exchange.answer("403 Forbidden", "not for you"));
        Map<String, String> environment = new HashMap<>(environment());
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment.put("PATH", Path.of(System.getProperty("java.home"), "bin") + ":" + System.getenv("PATH"));
        environment.put("FAIRLEAD_PROXY_TO", "http://127.0.0.1:" + backend.port());
        environment.put(
                "JDK_JAVA_OPTIONS",
                "-Xmx256m -Djava.security.properties="
                        + Path.of("src/test/resources/old-tls.properties").toAbsolutePath());
        shell = new Shell(directory, environment);
        shell().type(readme.commands("Install"));
        configure();
        shell().type(readme.commands("Start"));
        eventually().untilAsserted(() -> {
            try (Wire client = client()) {
                client.send(request("GET", "/hello"));
                assertThat(client.readHead().status()).isEqualTo(200);
            } catch (ConnectException notYet) {
                throw new AssertionError(notYet);
            }
        });
    }

    @AfterAll
    void remove() throws IOException {
        if (shell != null) {
            shell.close();
        }
        // Where a test has failed it may still run.
        end(pidFile());
    }

    /** Of a process whose id stands in a file, if there is one. */
    static void end(Path pidFile) throws IOException {
        if (Files.exists(pidFile)) {
            ProcessHandle.of(Long.parseLong(Files.readString(pidFile).strip()))
                    .ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    private void link(String name, Path target) throws IOException {
        Files.createSymbolicLink(directory.resolve(name), target.toRealPath());
    }

    static void remove(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        // Links are removed, and not followed.
        try (Stream<Path> all = Files.walk(directory, new FileVisitOption[0])) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private Shell shell() {
        if (shell == null) {
            throw new IllegalStateException("nothing is installed");
        }
        return shell;
    }

    protected final Path directory() {
        return directory;
    }

    /** Nobody's at this moment; not all of these servers can be asked which one they got for a zero. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new IllegalStateException("no free port", e);
        }
    }

    // ---- clients

    private InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private Wire client() throws IOException {
        return Wire.connect(address(), AUTHORITY.trust(), 0);
    }

    private static String request(String method, String target, String... lines) {
        return method + " " + target + " HTTP/1.1\r\nHost: " + HOST + "\r\n"
                + (lines.length == 0 ? "" : String.join("\r\n", lines) + "\r\n") + "\r\n";
    }

    private static String handshake(String target) {
        return request(
                "GET",
                target,
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: " + KEY);
    }

    private Wire webSocket() throws IOException {
        Wire client = client();
        Head head = client.send(handshake("/ws")).readHead();
        assertThat(head.status()).as("%s", head).isEqualTo(101);
        return client;
    }

    private static void assertEchoes(Wire client, String text) throws IOException {
        client.send(
                Frame.last(Frame.BINARY, text.getBytes(StandardCharsets.UTF_8)).masked());
        Frame echo = Frame.read(client);
        while (echo.opcode() == Frame.PING || echo.opcode() == Frame.PONG) {
            echo = Frame.read(client);
        }
        assertThat(echo.text()).isEqualTo(text);
    }

    private static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(100)).atMost(Duration.ofSeconds(90));
    }

    // ---- what is to be seen

    @Test
    @Order(1)
    void theIntermediateIsSentAndTheBackendAnswersOverHttps() throws Exception {
        try (Wire client = client()) {
            assertThat(client.tls().getPeerCertificates())
                    .extracting(Certificate::getPublicKey)
                    .hasSize(2)
                    .last()
                    .isEqualTo(AUTHORITY.intermediate().getPublicKey());
            client.send(request("GET", "/hello?a=%2F"));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("hello");
        }
        Head seen = backend.requests().stream()
                .filter(head -> head.target().equals("/hello?a=%2F"))
                .findFirst()
                .orElseThrow();
        assertThat(seen.value("X-Forwarded-Proto")).isEqualTo("https");
        assertThat(seen.value("X-Forwarded-Host")).isEqualTo(HOST);
    }

    @Test
    @Order(1)
    void tlsIs12And13Only() throws Exception {
        assertThat(handshaken("TLSv1.3")).isEqualTo("TLSv1.3");
        assertThat(handshaken("TLSv1.2")).isEqualTo("TLSv1.2");
        assertThatThrownBy(() -> handshaken("TLSv1.1")).isInstanceOf(SSLException.class);
    }

    private String handshaken(String version) throws IOException {
        try (SSLSocket socket = (SSLSocket) AUTHORITY
                .trust()
                .getSocketFactory()
                .createSocket(address().getAddress(), address().getPort())) {
            socket.setEnabledProtocols(new String[] {version});
            socket.setSoTimeout(Wire.PATIENCE_MS);
            socket.startHandshake();
            return socket.getSession().getProtocol();
        }
    }

    @Test
    @Order(1)
    void aWebSocketPassesAndItsRefusalToo() throws Exception {
        try (Wire client = webSocket()) {
            assertEchoes(client, "over wss");
        }
        try (Wire client = client()) {
            Head head = client.send(handshake("/refused")).readHead();
            assertThat(head.status()).isEqualTo(403);
            assertThat(client.readBodyText(head)).isEqualTo("not for you");
        }
    }

    @Test
    @Order(1)
    void http2IsWhatBrowsersGet() throws Exception {
        if (!hasHttp2()) {
            assertThatThrownBy(() -> Wire.connect(address(), AUTHORITY.trust(), 0, "h2"))
                    .isInstanceOf(IOException.class);
            return;
        }
        try (Http2 connection = Http2.connect(address(), AUTHORITY.trust())) {
            Http2Stream stream = connection.open(connection.fields("GET", HOST, "/hello"), true);
            assertThat(stream.status()).isEqualTo(200);
            assertThat(stream.readRestText()).isEqualTo("hello");
            assertThat(connection.connectsProtocols()).isEqualTo(connectsProtocols());
            if (connectsProtocols()) {
                Http2Stream tunnel = connection.open(
                        connection.connect("websocket", HOST, "/ws", "sec-websocket-version: 13"), false);
                assertThat(tunnel.readHead().status()).isEqualTo(200);
                tunnel.send(Frame.text("over h2").masked());
                byte[] echo = Frame.last(Frame.BINARY, "over h2".getBytes(StandardCharsets.UTF_8))
                        .plain();
                assertThat(tunnel.read(echo.length)).isEqualTo(echo);
            }
        }
    }

    @Test
    @Order(1)
    void aHeadThatIsTooLongIsRefused() throws Exception {
        try (Wire client = client()) {
            client.send(request("GET", "/hello", "X-Long: " + "a".repeat(15_000)));
            assertThat(client.readHead().status()).as("within the limit").isEqualTo(200);
        }
        int before = backend.requests().size();
        try (Wire client = client()) {
            client.send(request("GET", "/hello", "X-Long: " + "a".repeat(17_000)));
            assertThat(client.readHead().status()).isEqualTo(headTooLong());
        }
        assertThat(backend.requests()).hasSize(before);
    }

    @Test
    @Order(1)
    void requestsAndTunnelsAreInTheAccessLog() throws Exception {
        try (Wire client = webSocket()) {
            client.send(Frame.close(1000, "").masked());
            assertThat(Correspondent.client(client).listen(false).code()).isEqualTo(1000);
        }
        eventually().untilAsserted(() -> assertThat(Files.readAllLines(accessLog()))
                .anyMatch(line -> line.contains("GET /hello") && line.contains(" 200 "))
                .anyMatch(line -> line.contains("GET /ws") && line.contains(" 101 ")));
    }

    @Test
    @Order(1)
    void anIdleConnectionIsClosedAndAnIdleTunnelIsNot() throws Exception {
        try (Wire tunnel = webSocket();
                Wire client = client()) {
            client.patience((int) idle().plusSeconds(20).toMillis());
            client.send(request("GET", "/hello"));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("hello");
            long start = System.nanoTime();
            client.ending();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(idle().minusSeconds(1), idle().plusSeconds(15));
            assertEchoes(tunnel, "still here");
        }
    }

    @Test
    @Order(2)
    void beforeARedeploymentTheClientsAreToldToComeBack() throws Exception {
        try (Wire client = webSocket()) {
            assertEchoes(client, "old");
            CompletableFuture<Closing> seen =
                    Crew.call(() -> Correspondent.client(client).listen(false));
            shell().type(readme.commands("Drain and redeploy"));
            assertThat(Crew.await(seen)).isEqualTo(new Closing(1012, "the proxy stops"));
        }
        eventually().untilAsserted(() -> {
            try (Wire client = webSocket()) {
                assertEchoes(client, "new");
            }
        });
    }

    @Test
    @Order(3)
    void whoIsStillThereAtTheStopIsTold() throws Exception {
        try (Wire client = webSocket()) {
            assertEchoes(client, "last");
            CompletableFuture<Closing> seen =
                    Crew.call(() -> Correspondent.client(client).listen(false));
            shell().type(readme.commands("Stop"));
            assertThat(Crew.await(seen)).isEqualTo(new Closing(1012, "the proxy stops"));
        }
        eventually()
                .untilAsserted(() -> assertThatThrownBy(() -> client().close()).isInstanceOf(ConnectException.class));
        assertThat(backend.faults()).isEqualTo(List.of());
    }
}
