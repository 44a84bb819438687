package io.fairlead.documented;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Vitals;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
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

/** The WAR of {@code deploy/embedding/own-war}, with its login by a form, on a server that comes as it comes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(120)
abstract class OwnWar {

    protected static final String USER = "alice";
    protected static final String PASSWORD = "sesame";
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    protected final int port = AsDocumented.freePort();
    private final Backend backend = Backend.start();
    private final Path directory;
    private @Nullable Shell shell;

    OwnWar(String name) {
        directory = Path.of("target", name).toAbsolutePath();
    }

    /** Makes the server ready in a directory, and gives the command that starts it and leaves its process id in {@code pid}. */
    protected abstract String install(Path base) throws IOException;

    /** Where the WAR is deployed from. */
    protected abstract Path webapps();

    protected static Path distribution(String name) {
        return Path.of("target", "servers", name).toAbsolutePath();
    }

    protected final Path directory() {
        return directory;
    }

    @BeforeAll
    void start() throws Exception {
        AsDocumented.remove(directory);
        Files.createDirectories(directory);
        String command = install(directory);
        Files.copy(Path.of("target", "own.war"), webapps().resolve("own.war"));
        backend.on("/live/ws", exchange -> {
            exchange.acceptWebSocket();
            Correspondent.backend(exchange.wire()).echo();
        });
        backend.on("/live/page", exchange -> exchange.answer("200 OK", "page"));
        Shell started = new Shell(
                directory,
                Map.of(
                        "JAVA_HOME",
                        System.getProperty("java.home"),
                        "JDK_JAVA_OPTIONS",
                        "-Xmx256m",
                        "LIVE_BACKEND",
                        "http://127.0.0.1:" + backend.port()));
        shell = started;
        started.type(command);
        eventually().untilAsserted(() -> {
            try (Wire client = client()) {
                assertThat(get(client, "/own/hello", "").status()).isNotEqualTo(404);
            } catch (ConnectException notYet) {
                throw new AssertionError(notYet);
            }
        });
    }

    @AfterAll
    void stop() throws IOException {
        if (shell != null) {
            shell.close();
        }
        AsDocumented.end(directory.resolve("pid"));
    }

    private Wire client() throws IOException {
        return Wire.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), null, 0);
    }

    private Head get(Wire client, String target, String cookie, String... lines) throws IOException {
        return client.send("GET " + target + " HTTP/1.1\r\nHost: localhost:" + port + "\r\n"
                        + (cookie.isEmpty() ? "" : "Cookie: " + cookie + "\r\n")
                        + (lines.length == 0 ? "" : String.join("\r\n", lines) + "\r\n") + "\r\n")
                .readHead();
    }

    private Head handshake(Wire client, String cookie) throws IOException {
        return get(
                client,
                "/own/live/ws",
                cookie,
                "Connection: Upgrade",
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: " + KEY,
                "X-User: root");
    }

    /** As a browser logs in: it asks for a page, is shown the form, sends it, and is sent back. */
    private String login() throws IOException {
        String cookie;
        try (Wire client = client()) {
            cookie = cookie(get(client, "/own/hello", ""));
        }
        try (Wire client = client()) {
            String form = "j_username=" + USER + "&j_password=" + PASSWORD;
            Head head = client.send("POST /own/j_security_check HTTP/1.1\r\nHost: localhost:" + port + "\r\nCookie: "
                            + cookie
                            + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " + form.length()
                            + "\r\n\r\n" + form)
                    .readHead();
            assertThat(head.status()).as("%s", head).isIn(302, 303);
            assertThat(head.value("Location")).endsWith("/own/hello");
            return head.has("Set-Cookie") ? cookie(head) : cookie;
        }
    }

    private static String cookie(Head head) {
        return head.values("Set-Cookie").stream()
                .filter(value -> value.startsWith("JSESSIONID="))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no session in " + head))
                .split(";", 2)[0];
    }

    protected static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(100)).atMost(Duration.ofSeconds(60));
    }

    @Test
    @Order(1)
    void whoIsNotLoggedInGetsTheFormAndNoTunnel() throws Exception {
        int before = backend.requests().size();
        try (Wire client = client()) {
            assertThat(handshake(client, "").status()).isIn(200, 302, 303, 401, 403);
        }
        try (Wire client = client()) {
            assertThat(handshake(client, "JSESSIONID=0123456789ABCDEF").status())
                    .isIn(200, 302, 303, 401, 403);
        }
        assertThat(backend.requests()).as("what the backend has seen of them").hasSize(before);
    }

    @Test
    @Order(1)
    void whoIsLoggedInHasTheTunnelAndTheBackendKnowsWhoItIs() throws Exception {
        String cookie = login();
        try (Wire client = client()) {
            Head head = get(client, "/own/hello", cookie);
            assertThat(client.readBodyText(head)).isEqualTo("hello " + USER);
            head = get(client, "/own/live/page", cookie, "X-User: root");
            assertThat(client.readBodyText(head)).isEqualTo("page");
        }
        try (Wire client = client()) {
            Head head = handshake(client, cookie);
            assertThat(head.status()).as("%s", head).isEqualTo(101);
            assertEchoes(client);
        }
        assertThat(backend.requests())
                .filteredOn(head -> head.target().startsWith("/live/"))
                .hasSizeGreaterThanOrEqualTo(2)
                .allSatisfy(head -> assertThat(head.values("X-User")).containsExactly(USER));
    }

    @Test
    @Order(2)
    void anUndeployTellsThePeersAndLeavesNoThread() throws Exception {
        long process = Long.parseLong(Files.readString(directory.resolve("pid")).strip());
        Vitals vitals = Vitals.of(ProcessHandle.of(process).orElseThrow());
        assertThat(vitals.threads()).anyMatch(thread -> thread.startsWith("fairlead-"));
        String cookie = login();
        try (Wire client = client()) {
            assertThat(handshake(client, cookie).status()).isEqualTo(101);
            assertEchoes(client);
            CompletableFuture<Closing> seen =
                    Crew.call(() -> Correspondent.client(client).listen(false));
            Files.delete(webapps().resolve("own.war"));
            assertThat(Crew.await(seen)).isEqualTo(new Closing(1012, "the proxy stops"));
        }
        eventually()
                .untilAsserted(() -> assertThat(vitals.threads()).noneMatch(thread -> thread.startsWith("fairlead-")));
        assertThat(backend.faults()).isEmpty();
    }

    private static void assertEchoes(Wire client) throws IOException {
        client.send(Frame.last(Frame.BINARY, "hello".getBytes(StandardCharsets.UTF_8))
                .masked());
        assertThat(Frame.read(client).text()).isEqualTo("hello");
    }
}
