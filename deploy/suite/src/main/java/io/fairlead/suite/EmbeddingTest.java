package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Vitals;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What somebody's own application shows that has Fairlead among its servlets, in this JVM: its own page at {@code /hello}, and
 * below {@code /live/} the backend. Each test starts the application and stops it.
 */
@Timeout(120)
public abstract class EmbeddingTest {

    /** The application's own way to stop, with what it waits for; a peer has 5 s to answer its Close frame. */
    private static final Duration STOP = Duration.ofSeconds(20);

    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    /** Somebody's application, as it runs. */
    protected interface Running {
        InetSocketAddress http();

        /** As it ends at SIGTERM. Called once. */
        void stop() throws Exception;
    }

    private static final Backend BACKEND = Backend.start();

    protected final Backend backend = BACKEND;
    private @Nullable Running running;

    /** Starts the application with this backend, on free ports. */
    protected abstract Running start(String proxyTo) throws Exception;

    protected final Running running() {
        if (running == null) {
            throw new IllegalStateException("it was not started");
        }
        return running;
    }

    @BeforeEach
    void startIt() throws Exception {
        running = start("http://127.0.0.1:" + backend.port());
    }

    @AfterEach
    void stopIt() throws Exception {
        if (running != null) {
            running.stop();
        }
        assertThat(backend.faults()).as("faults seen by the backend").isEmpty();
        backend.reset();
    }

    protected Wire client() throws IOException {
        return Wire.connect(running().http(), null, 0);
    }

    /** A request with Host and these lines. */
    protected static String request(String method, String target, String... lines) {
        return method + " " + target + " HTTP/1.1\r\nHost: app.example\r\n"
                + (lines.length == 0 ? "" : String.join("\r\n", lines) + "\r\n") + "\r\n";
    }

    /** The handshake of a WebSocket. */
    protected static String handshake(String target, String... lines) {
        String[] all = new String[lines.length + 4];
        all[0] = "Connection: Upgrade";
        all[1] = "Upgrade: websocket";
        all[2] = "Sec-WebSocket-Version: 13";
        all[3] = "Sec-WebSocket-Key: " + KEY;
        System.arraycopy(lines, 0, all, 4, lines.length);
        return request("GET", target, all);
    }

    protected static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(20));
    }

    @Test
    void theApplicationAndTheBackendAnswerOnOnePort() throws Exception {
        backend.on("/live/", exchange -> {
            String body = new String(exchange.readBody(), StandardCharsets.ISO_8859_1);
            exchange.answer("200 OK", exchange.head().method() + " " + body);
        });
        try (Wire client = client()) {
            client.send(request("GET", "/hello"));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("hello");
            client.send(request("GET", "/live/a%20b?q=%2F", "X-Forwarded-For: 6.6.6.6"));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("GET ");
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.target()).isEqualTo("/live/a%20b?q=%2F");
        assertThat(seen.value("Host")).isEqualTo("app.example");
        assertThat(seen.value("X-Forwarded-For")).isEqualTo("127.0.0.1");
    }

    /** Filters of a framework may read parameters, and with them the body, before the proxy can. */
    @Test
    void bodiesOfFormsReachTheBackendAsTheyAre() throws Exception {
        backend.on("/live/", exchange -> {
            String body = new String(exchange.readBody(), StandardCharsets.ISO_8859_1);
            exchange.answer("200 OK", exchange.head().method() + " " + body);
        });
        String form = "_method=delete&a=1+2&b=%C3%A9";
        String parts = "--x\r\nContent-Disposition: form-data; name=\"_method\"\r\n\r\nput\r\n--x\r\n"
                + "Content-Disposition: form-data; name=\"f\"; filename=\"f.bin\"\r\n\r\n\u0000\u0001\r\n--x--\r\n";
        try (Wire client = client()) {
            for (String method : new String[] {"POST", "PUT", "DELETE"}) {
                assertArrives(client, method, "application/x-www-form-urlencoded", form);
                assertArrives(client, method, "multipart/form-data; boundary=x", parts);
            }
        }
    }

    private static void assertArrives(Wire client, String method, String type, String body) throws IOException {
        client.send(request(method, "/live/form", "Content-Type: " + type, "Content-Length: " + body.length()) + body);
        assertThat(client.readBodyText(client.readHead())).isEqualTo(method + " " + body);
    }

    @Test
    void aWebSocketPassesAndItsRefusalToo() throws Exception {
        backend.on("/live/ws", exchange -> {
            exchange.acceptWebSocket("Sec-WebSocket-Protocol: chat");
            Correspondent.backend(exchange.wire()).echo();
        });
        backend.on("/live/forbidden", exchange -> exchange.answer("403 Forbidden", "not for you", "X-Reason: age"));
        try (Wire client = client()) {
            Head head = client.send(handshake("/live/ws", "Sec-WebSocket-Protocol: chat"))
                    .readHead();
            assertThat(head.status()).as("%s", head).isEqualTo(101);
            assertThat(head.value("Sec-WebSocket-Accept")).isEqualTo(Frame.accept(KEY));
            assertThat(head.value("Sec-WebSocket-Protocol")).isEqualTo("chat");
            assertEchoes(client, new byte[70_000]);
            client.send(Frame.close(1000, "bye").masked());
            assertThat(Correspondent.client(client).listen(false)).isEqualTo(new Closing(1000, "bye"));
        }
        try (Wire client = client()) {
            Head head = client.send(handshake("/live/forbidden")).readHead();
            assertThat(head.status()).isEqualTo(403);
            assertThat(head.value("X-Reason")).isEqualTo("age");
            assertThat(client.readBodyText(head)).isEqualTo("not for you");
        }
    }

    @Test
    void whenTheApplicationStopsEachPeerIsToldAndNoThreadIsLeft() throws Exception {
        assertEndsCleanly(() -> {
            Wire client = client();
            assertThat(client.send(handshake("/live/ws")).readHead().status()).isEqualTo(101);
            return client;
        });
    }

    @Test
    void aWrongSettingStopsTheApplicationAndSaysWhich() {
        assertThatThrownBy(() -> start("ftp://nowhere"))
                .hasStackTraceContaining("Fairlead cannot start, 1 setting is wrong")
                .hasStackTraceContaining("'proxyTo'");
    }

    /** How a client of a test comes to a tunnel. */
    protected interface Opening {
        Wire open() throws Exception;
    }

    /** Stops the application while a tunnel stands, at {@code /live/ws}. */
    protected final void assertEndsCleanly(Opening opening) throws Exception {
        CompletableFuture<Closing> backendSaw = new CompletableFuture<>();
        backend.on("/live/ws", exchange -> {
            exchange.acceptWebSocket();
            backendSaw.complete(Correspondent.backend(exchange.wire()).echo());
        });
        assertThat(Vitals.here().threads()).anyMatch(thread -> thread.startsWith("fairlead-"));
        try (Wire client = opening.open()) {
            assertEchoes(client, new byte[] {1, 2, 3});
            CompletableFuture<Closing> clientSaw =
                    Crew.call(() -> Correspondent.client(client).listen(false));
            long start = System.nanoTime();
            Running stopping = running();
            running = null;
            stopping.stop();
            assertThat(Crew.await(clientSaw).code()).as("code for the client").isEqualTo(1012);
            assertThat(Crew.await(backendSaw).code()).as("code for the backend").isEqualTo(1012);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(STOP);
        }
        eventually().untilAsserted(() -> assertThat(Vitals.here().threads())
                .noneMatch(thread -> thread.startsWith("fairlead-")));
    }

    /** A message through a tunnel whose backend sends messages back. */
    protected static void assertEchoes(Wire client, byte[] message) throws IOException {
        client.send(Frame.last(Frame.BINARY, message).masked());
        Frame echo = Frame.read(client);
        assertThat(echo.opcode()).isEqualTo(Frame.BINARY);
        assertThat(echo.payload()).isEqualTo(message);
    }
}
