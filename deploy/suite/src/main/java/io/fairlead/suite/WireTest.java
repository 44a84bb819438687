package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Vitals;
import io.fairlead.suite.peer.Wire;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;

/** A client's and a backend's wire with Fairlead between them. */
@Timeout(120)
public abstract class WireTest {

    /** The Host that clients ask for. */
    protected static final String HOST = "chat.example:8443";

    /** The key of every WebSocket handshake here; the sample of RFC 6455. */
    protected static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    /** Whose loaders are those of Fairlead's applications. */
    protected static final String SERVLET = "io.fairlead.proxy.UpgradeProxyServlet";

    protected final Backend backend = exit().backend();

    /** The module's, unless a class has one of its own. */
    protected Fairlead fairlead() {
        return UnderTest.FAIRLEAD;
    }

    /** Where the clients of this class come in. */
    protected Entrance entrance() {
        return Entrance.tcp(fairlead());
    }

    /** The way out of Fairlead to the backend of this class; the same for all objects. */
    protected Exit exit() {
        return Exit.TCP;
    }

    @BeforeEach
    void forgetTheTestBefore() {
        backend.reset();
    }

    @AfterEach
    void backendFoundNoFault() {
        assertThat(backend.faults()).as("faults seen by the backend").isEmpty();
        backend.reset();
    }

    protected InetSocketAddress address() {
        return entrance().address();
    }

    protected Wire client() throws IOException {
        return Wire.connect(address(), entrance().trust(), 0);
    }

    /** A client whose system takes little before the client reads. */
    protected Wire slowClient() throws IOException {
        return Wire.connect(address(), entrance().trust(), 16_384);
    }

    protected String path(String route, String backendPath) {
        return fairlead().path(exit().route(route), backendPath);
    }

    /** A request head with Host and these lines. */
    protected static String request(String method, String target, String... headers) {
        StringBuilder text = new StringBuilder(method)
                .append(' ')
                .append(target)
                .append(" HTTP/1.1\r\nHost: ")
                .append(HOST)
                .append("\r\n");
        for (String header : headers) {
            text.append(header).append("\r\n");
        }
        return text.append("\r\n").toString();
    }

    /** The head of an RFC 6455 handshake. */
    protected String webSocket(String route, String backendPath, String... headers) {
        String[] all = new String[headers.length + 4];
        all[0] = "Upgrade: websocket";
        all[1] = "Connection: Upgrade";
        all[2] = "Sec-WebSocket-Key: " + KEY;
        all[3] = "Sec-WebSocket-Version: 13";
        System.arraycopy(headers, 0, all, 4, headers.length);
        return request("GET", path(route, backendPath), all);
    }

    /** The head of an upgrade to a protocol that is not WebSocket; over HTTP/2, of one whose bytes are no frames. */
    protected String raw(String route, String backendPath) {
        if (entrance().http2()) {
            return webSocket(route, backendPath);
        }
        return request("GET", path(route, backendPath), "Upgrade: line-noise", "Connection: Upgrade");
    }

    /** A client in a raw tunnel, its 101 read. */
    protected Wire rawTunnel(String route, String backendPath) throws IOException {
        return switched(client(), raw(route, backendPath));
    }

    /** A client in a WebSocket tunnel, its 101 read. */
    protected Wire webSocketTunnel(String route, String backendPath) throws IOException {
        return switched(client(), webSocket(route, backendPath));
    }

    /** Sends a handshake and expects its 101. */
    protected static Wire switched(Wire client, String handshake) throws IOException {
        try {
            Head head = client.send(handshake).readHead();
            assertThat(head.status()).as("%s", head).isEqualTo(101);
            return client;
        } catch (IOException | AssertionError e) {
            client.close();
            throw e;
        }
    }

    /** Accepts a WebSocket and sends every byte back. */
    protected static void webSocketEcho(Exchange exchange) throws IOException {
        exchange.acceptWebSocket();
        exchange.echo();
    }

    /** Accepts a WebSocket and sends every message back, as a peer should that looks at frames. */
    protected static void framedEcho(Exchange exchange) throws IOException {
        exchange.acceptWebSocket();
        Correspondent.backend(exchange.wire()).echo();
    }

    /** Accepts a raw tunnel and sends every byte back. */
    protected static void rawEcho(Exchange exchange) throws IOException {
        exchange.acceptRaw();
        exchange.echo();
    }

    /**
     * As a client that is told of the tunnel's end does: answers the Close frame and waits for the connection's end.
     *
     * @return the code of the Close frame
     */
    protected static int closedAsClient(Wire wire) throws IOException {
        Frame close = closeOf(wire);
        wire.send(close.masked());
        wire.ending();
        return close.closeCode();
    }

    /** The same, as a backend does. */
    protected static int closedAsBackend(Wire wire) throws IOException {
        Frame close = closeOf(wire);
        wire.send(close.plain());
        wire.ending();
        return close.closeCode();
    }

    private static Frame closeOf(Wire wire) throws IOException {
        Frame frame = Frame.read(wire);
        assertThat(frame.opcode()).as("opcode of a Close frame").isEqualTo(Frame.CLOSE);
        return frame;
    }

    /** The end of a {@link #rawTunnel}; over HTTP/2 that is one of WebSocket, where a Close frame may come first. */
    protected Wire.Ending rawEnding(Exchange exchange) throws IOException {
        return rawEnding(exchange.wire(), false);
    }

    /** The same for its client. */
    protected Wire.Ending rawEnding(Wire client) throws IOException {
        return rawEnding(client, true);
    }

    private Wire.Ending rawEnding(Wire wire, boolean client) throws IOException {
        if (entrance().http2()) {
            try {
                Frame close = closeOf(wire);
                wire.send(client ? close.masked() : close.plain());
            } catch (EOFException noClose) {
                return Wire.Ending.FIN;
            } catch (SocketException noClose) {
                return Wire.Ending.CUT;
            }
        }
        return wire.ending();
    }

    /** An error of Fairlead's own: short, plain, and silent about what lies behind. */
    protected void assertPlainError(Head head, String body) {
        assertThat(head.value("Content-Type")).startsWith("text/plain");
        assertThat(body)
                .hasSizeBetween(1, 400)
                .doesNotContain(String.valueOf(backend.port()))
                .doesNotContain("127.0.0.1")
                .doesNotContain("Exception")
                .doesNotContain("\tat ")
                .doesNotContain("<");
    }

    protected static ConditionFactory eventually() {
        return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(20));
    }

    /** Waits until a counter has stood still for a second, and gives what it shows. */
    protected static long standstill(AtomicLong counter) {
        return standstill(counter, 1000);
    }

    /** Waits until a counter has stood still for some milliseconds, and gives what it shows. */
    protected static long standstill(AtomicLong counter, long milliseconds) {
        long[] seen = {0, System.nanoTime()};
        Awaitility.await()
                .pollInterval(Duration.ofMillis(10))
                .atMost(Duration.ofSeconds(30))
                .until(() -> {
                    long now = counter.get();
                    if (now != seen[0]) {
                        seen[0] = now;
                        seen[1] = System.nanoTime();
                    }
                    return now > 0 && System.nanoTime() - seen[1] > milliseconds * 1_000_000;
                });
        return counter.get();
    }

    /** A frame as the client of this class would send it, through a tunnel that echoes. */
    protected static void assertEchoes(Wire tunnel, Frame frame) throws IOException {
        byte[] bytes = frame.masked();
        tunnel.send(bytes);
        assertThat(tunnel.read(bytes.length)).isEqualTo(bytes);
    }

    /** The same, where the backend is {@link #framedEcho}. */
    protected static void assertFramedEcho(Wire tunnel, byte[] message) throws IOException {
        tunnel.send(Frame.last(Frame.BINARY, message).masked());
        Frame echo = Frame.read(tunnel);
        assertThat(echo.opcode()).isEqualTo(Frame.BINARY);
        assertThat(echo.payload()).isEqualTo(message);
    }

    /** A 101 says nothing of a body (RFC 9110 section 8.6). */
    protected void assertNoBody(Head head) {
        assertThat(head.has("Transfer-Encoding")).isFalse();
        boolean toldEmpty = fairlead().server().has(Server.Trait.SAYS_THAT_A_101_IS_EMPTY);
        assertThat(head.values("Content-Length")).isEqualTo(toldEmpty ? List.of("0") : List.of());
    }

    /** What a backend is told about the client of a test. */
    protected void assertForwarded(Head seen) {
        String scheme = entrance().scheme();
        assertThat(seen.value("X-Forwarded-For")).isEqualTo("127.0.0.1");
        assertThat(seen.value("X-Forwarded-Proto")).isEqualTo(scheme);
        assertThat(seen.value("X-Forwarded-Host")).isEqualTo(HOST);
        assertThat(seen.value("X-Forwarded-Port")).isEqualTo("8443");
        assertThat(seen.value("Forwarded"))
                .contains("for=127.0.0.1")
                .contains("proto=" + scheme)
                .contains("host=\"" + HOST + "\"")
                .doesNotContain("6.6.6.6")
                .doesNotContain("forged");
    }

    /** The class loaders of applications go, all but those that were there before. */
    protected void assertClassLoaderGoes(Vitals vitals, Set<String> others) {
        if (fairlead().server().has(Server.Trait.KEEPS_APPLICATIONS)) {
            return;
        }
        // Between two looks WildFly's additional worker threads, which keep their first task, have time to end.
        ConditionFactory patiently =
                eventually().pollInterval(Duration.ofSeconds(1)).atMost(Duration.ofSeconds(40));
        patiently.untilAsserted(() -> {
            // A selector of Jetty's keeps the last connection that it served until it has another to serve.
            serveSomebodyElse(Entrance.tcp(fairlead()));
            serveSomebodyElse(Entrance.tls(fairlead()));
            assertThat(vitals.loadersOf(SERVLET))
                    .as("class loaders that are left")
                    .isSubsetOf(others);
        });
    }

    private void serveSomebodyElse(Entrance entrance) throws IOException {
        try (Wire client = Wire.connect(entrance.address(), entrance.trust(), 0)) {
            client.send(request("GET", "/nowhere", "Connection: close"));
            assertThat(client.readHead().status()).isEqualTo(404);
        }
    }

    /** The body of the answer to a GET. */
    protected String get(String route, String backendPath) throws IOException {
        try (Wire client = client()) {
            client.send(request("GET", path(route, backendPath)));
            return client.readBodyText(client.readHead());
        }
    }
}
