package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Vitals;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.ObjectName;
import javax.management.openmbean.CompositeData;
import javax.management.openmbean.TabularData;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the log and JMX tell of an exchange: one line at its end, and the same while it lives. */
public abstract class OutcomeTest extends WireTest {

    private static final String HTTP = "io.fairlead.outcome.http";
    private static final Pattern PAIR = Pattern.compile("(\\w+)=(?:\"((?:[^\"\\\\]|\\\\.)*)\"|(\\S+))");
    private static final AtomicInteger NEXT = new AtomicInteger();

    private final List<String> paths = new ArrayList<>();

    @BeforeEach
    void requestsLeaveALine() {
        fairlead().vitals().logLevel(HTTP, "FINE");
    }

    @AfterEach
    void eachHasLeftOneLine() {
        fairlead().vitals().logLevel(HTTP, null);
        for (String path : paths) {
            assertThat(lines(path)).as("lines about %s", path).hasSize(1);
        }
    }

    /** A path of the backend's that no other test has. */
    private static String fresh() {
        return "/outcome/" + System.nanoTime() + "-" + NEXT.incrementAndGet();
    }

    private List<String> lines(String path) {
        return fairlead().log().stream()
                .filter(line -> line.contains(" path=" + path + " "))
                .toList();
    }

    /** The pairs of the line about a path, as soon as it is there. */
    private Map<String, String> line(String route, String backendPath) {
        String path = path(route, backendPath);
        paths.add(path);
        eventually().until(() -> !lines(path).isEmpty());
        Map<String, String> pairs = new HashMap<>();
        Matcher matcher = PAIR.matcher(lines(path).get(0));
        while (matcher.find()) {
            pairs.put(matcher.group(1), matcher.group(2) == null ? matcher.group(3) : matcher.group(2));
        }
        return pairs;
    }

    private String switched() {
        return entrance().http2() ? "200" : "101";
    }

    // ---- requests

    @Test
    void aRequestAndItsResponse() throws Exception {
        String path = fresh();
        backend.on(path, exchange -> {
            exchange.readBody();
            exchange.answer("201 Created", "x".repeat(20_000));
        });
        try (Wire client = client()) {
            client.send(request(
                            "POST",
                            path(Routes.MAIN, path) + "?secret=1",
                            "Content-Length: 5",
                            "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
                    + "12345");
            client.readBody(client.readHead());
        }
        assertThat(line(Routes.MAIN, path))
                .containsEntry("status", "201")
                .containsEntry("endedBy", "complete")
                .containsEntry("method", "POST")
                .containsEntry("client", "127.0.0.1")
                .containsEntry("bytesToBackend", "5")
                .containsEntry("bytesToClient", "20000")
                .containsEntry("traceId", "4bf92f3577b34da6a3ce929d0e0e4736")
                .containsKeys("route", "backend", "start", "durationMs", "headMs")
                .doesNotContainKeys("cause", "requestId", "framed");
        assertThat(fairlead().log()).noneMatch(line -> line.contains("secret=1"));
    }

    @Test
    void aDeadBackend() throws Exception {
        String path = fresh();
        String body;
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.DEAD, path)));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(502);
            body = client.readBodyText(head);
        }
        Map<String, String> line = line(Routes.DEAD, path);
        assertThat(line)
                .containsEntry("status", "502")
                .containsEntry("endedBy", "backend")
                .containsKey("requestId")
                .doesNotContainKey("headMs");
        assertThat(line.get("cause")).contains("refused");
        assertThat(body).contains("Request id: " + line.get("requestId"));
    }

    @Test
    void aClientThatLeavesInTheMiddleOfItsResponse() throws Exception {
        String path = fresh();
        backend.on(path, exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            while (true) {
                exchange.sendChunk("more ".repeat(200));
            }
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, path)));
            client.readHead();
            client.read(10_000);
            client.reset();
        }
        Map<String, String> line = line(Routes.MAIN, path);
        assertThat(line).containsEntry("status", "200").containsEntry("endedBy", "client");
        assertThat(Long.parseLong(line.get("bytesToClient"))).isGreaterThanOrEqualTo(9_000);
    }

    @Test
    void aRequestLeavesNoLineUnlessItIsAskedFor() throws Exception {
        String quiet = fresh();
        String told = fresh();
        backend.on("/outcome/", exchange -> exchange.answer("200 OK", "ok"));
        fairlead().vitals().logLevel(HTTP, null);
        get(Routes.MAIN, quiet);
        fairlead().vitals().logLevel(HTTP, "FINE");
        get(Routes.MAIN, told);
        assertThat(line(Routes.MAIN, told)).containsEntry("endedBy", "complete");
        assertThat(lines(path(Routes.MAIN, quiet))).isEmpty();
    }

    @Test
    void aHandshakeThatIsRefusedIsARequest() throws Exception {
        String path = fresh();
        backend.on(path, exchange -> exchange.answer("403 Forbidden", "no"));
        try (Wire client = client()) {
            client.send(webSocket(Routes.MAIN, path));
            assertThat(client.readHead().status()).isEqualTo(403);
        }
        assertThat(line(Routes.MAIN, path))
                .containsEntry("status", "403")
                .containsEntry("endedBy", "complete")
                .doesNotContainKey("framed");
    }

    // ---- tunnels

    /** Answers pings, sends messages back, and ends with the answer to a Close frame. */
    private static void webSocketPeer(Exchange exchange) throws IOException {
        exchange.acceptWebSocket();
        while (true) {
            Frame frame = Frame.read(exchange.wire());
            switch (frame.opcode()) {
                case Frame.PING ->
                    exchange.wire().send(Frame.last(Frame.PONG, frame.payload()).plain());
                case Frame.PONG -> {}
                case Frame.CLOSE -> {
                    exchange.wire().send(frame.plain());
                    return;
                }
                default -> exchange.wire().send(frame.plain());
            }
        }
    }

    private static void echoed(Wire tunnel, String text) throws IOException {
        tunnel.send(Frame.text(text).masked());
        assertThat(Frame.read(tunnel).text()).isEqualTo(text);
    }

    @Test
    void aTunnelThatTheClientCloses() throws Exception {
        String path = fresh();
        backend.on(path, OutcomeTest::webSocketPeer);
        try (Wire client = webSocketTunnel(Routes.MAIN, path)) {
            echoed(client, "hello");
            client.send(Frame.more(Frame.TEXT, "in two ".getBytes()).masked());
            client.send(Frame.last(Frame.CONTINUATION, "frames".getBytes()).masked());
            assertThat(Frame.read(client).text() + Frame.read(client).text()).isEqualTo("in two frames");
            client.send(Frame.close(1000, "bye").masked());
            assertThat(Frame.read(client).opcode()).isEqualTo(Frame.CLOSE);
            client.readRest();
        }
        assertThat(line(Routes.MAIN, path))
                .containsEntry("status", switched())
                .containsEntry("endedBy", "client")
                .containsEntry("framed", "true")
                .containsEntry("framesToBackend", "4")
                .containsEntry("messagesToBackend", "2")
                .containsEntry("bytesToBackend", String.valueOf(4 * 6 + 5 + 7 + 6 + 5))
                .containsEntry("closeToBackend", "1000")
                .containsEntry("framesToClient", "4")
                .containsEntry("messagesToClient", "2")
                .containsEntry("bytesToClient", String.valueOf(4 * 2 + 5 + 7 + 6 + 5))
                .containsEntry("closeToClient", "1000")
                .doesNotContainKeys("faultToBackend", "faultToClient", "requestId");
    }

    @Test
    void aTunnelThatTheBackendCloses() throws Exception {
        String path = fresh();
        backend.on(path, exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.close(4001, "go home").plain());
            assertThat(Frame.read(exchange.wire()).opcode()).isEqualTo(Frame.CLOSE);
        });
        try (Wire client = webSocketTunnel(Routes.MAIN, path)) {
            assertThat(Frame.read(client).opcode()).isEqualTo(Frame.CLOSE);
            client.send(Frame.close(1000, "").masked());
            client.readRest();
        }
        assertThat(line(Routes.MAIN, path))
                .containsEntry("endedBy", "backend")
                .containsEntry("closeToClient", "4001")
                .containsEntry("closeToBackend", "1000");
    }

    @Test
    void aClientThatIsGone() throws Exception {
        String path = fresh();
        backend.on(path, OutcomeTest::webSocketPeer);
        try (Wire client = webSocketTunnel(Routes.MAIN, path)) {
            echoed(client, "hello");
            client.reset();
        }
        assertThat(line(Routes.MAIN, path))
                .containsEntry("endedBy", "client")
                .containsEntry("messagesToBackend", "1")
                .doesNotContainKey("closeToBackend");
    }

    @Test
    void aBackendThatIsGone() throws Exception {
        String path = fresh();
        backend.on(path, exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.read(exchange.wire()).plain());
            Frame.read(exchange.wire());
            exchange.wire().reset();
        });
        try (Wire client = webSocketTunnel(Routes.MAIN, path)) {
            echoed(client, "hello");
            client.send(Frame.text("die").masked());
            Frame close = Frame.read(client);
            assertThat(close.opcode()).isEqualTo(Frame.CLOSE);
            client.send(close.masked());
        }
        Map<String, String> line = line(Routes.MAIN, path);
        assertThat(line).containsEntry("endedBy", "backend").containsEntry("messagesToBackend", "2");
        assertThat(line.get("cause")).contains("reset");
    }

    @Test
    void anIdleTunnel() throws Exception {
        String path = fresh();
        backend.on(path, OutcomeTest::webSocketPeer);
        try (Wire client = webSocketTunnel(Routes.CUT, path)) {
            Frame close = Frame.read(client);
            assertThat(close.opcode()).isEqualTo(Frame.CLOSE);
            client.send(close.masked());
            client.readRest();
        }
        Map<String, String> line = line(Routes.CUT, path);
        assertThat(line).containsEntry("endedBy", "idle").containsEntry("closeToBackend", "1001");
        assertThat(Long.parseLong(line.get("durationMs"))).isBetween(900L, 15_000L);
    }

    @Test
    void bytesThatAreNoFramesAreCountedAsBytes() throws Exception {
        String path = fresh();
        backend.on(path, WireTest::rawEcho);
        try (Wire client = rawTunnel(Routes.MAIN, path)) {
            client.send("0123456789");
            assertThat(client.readText(10)).isEqualTo("0123456789");
            client.finish();
            if (fairlead().server().has(Trait.ENDS_OUTPUT_ALONE)) {
                client.readRest();
            }
        }
        Map<String, String> line = line(Routes.MAIN, path);
        assertThat(line)
                .containsEntry("endedBy", "client")
                .containsEntry("bytesToBackend", "10")
                .containsEntry("bytesToClient", "10");
        if (entrance().http2()) {
            // It can only ask for a WebSocket.
            assertThat(line)
                    .containsEntry("framed", "true")
                    .containsEntry("framesToBackend", "0")
                    .containsEntry("faultToBackend", "a continuation of nothing");
        } else {
            assertThat(line).containsEntry("framed", "false").doesNotContainKeys("framesToBackend", "faultToBackend");
        }
    }

    // ---- while it lives

    @Test
    void anOpenTunnelShowsInJmx() throws Exception {
        String path = fresh();
        CompletableFuture<Void> served = new CompletableFuture<>();
        backend.on(path, exchange -> {
            webSocketPeer(exchange);
            served.complete(null);
        });
        Vitals vitals = fairlead().vitals();
        // The WAR that runs by itself names a route after its path.
        ObjectName route = vitals.mbean(
                "io.fairlead:type=Route,*",
                name -> name.getKeyProperty("name").replace("/", "").equals(Routes.MEASURED));
        assertThat(vitals.attribute(route, "Target")).isEqualTo("http://127.0.0.1:" + backend.port());
        long opened = (long) vitals.attribute(route, "TunnelsOpened");
        long byClient = ended(vitals, route);
        try (Wire client = webSocketTunnel(Routes.MEASURED, path)) {
            client.send(Frame.text("hello").masked());
            // The client answers pings as they come, until both legs were measured.
            CompletableFuture<Void> answering = Crew.start(() -> answerPings(client));
            eventually().untilAsserted(() -> {
                CompositeData tunnel = tunnel(vitals, route, path(Routes.MEASURED, path));
                assertThat((Double) tunnel.get("clientRoundTripMs")).isPositive();
                assertThat((Double) tunnel.get("backendRoundTripMs")).isPositive();
                CompositeData toBackend = (CompositeData) tunnel.get("toBackend");
                assertThat((long) toBackend.get("messages")).isEqualTo(1);
                assertThat((long) toBackend.get("pongs")).isPositive();
                assertThat((boolean) tunnel.get("framed")).isTrue();
                assertThat(tunnel.get("client")).isEqualTo("127.0.0.1");
                assertThat(String.valueOf(tunnel.get("status"))).isEqualTo(switched());
            });
            assertThat((long) vitals.attribute(route, "TunnelsOpened")).isEqualTo(opened + 1);
            assertThat((long) vitals.attribute(route, "OpenTunnels")).isEqualTo(1);
            client.send(Frame.close(1000, "").masked());
            Crew.await(served);
            Crew.await(answering);
        }
        assertThat(line(Routes.MEASURED, path))
                .containsEntry("endedBy", "client")
                .containsEntry("messagesToClient", "1")
                .containsKeys(
                        "clientRoundTripMs", "clientRoundTripLastMs", "backendRoundTripMs", "backendRoundTripLastMs");
        assertThat((long) vitals.attribute(route, "OpenTunnels")).isZero();
        assertThat(ended(vitals, route)).isEqualTo(byClient + 1);
        assertThat((CompositeData[]) vitals.attribute(route, "Tunnels")).isEmpty();
    }

    private static long ended(Vitals vitals, ObjectName route) {
        TabularData ended = (TabularData) vitals.attribute(route, "TunnelsEndedBy");
        return (long) ended.get(new Object[] {"client"}).get("value");
    }

    private static CompositeData tunnel(Vitals vitals, ObjectName route, String path) {
        CompositeData[] tunnels = (CompositeData[]) vitals.attribute(route, "Tunnels");
        assertThat(tunnels).hasSize(1);
        assertThat(tunnels[0].get("path")).isEqualTo(path);
        return tunnels[0];
    }

    /** Up to a Close frame. */
    private static void answerPings(Wire client) throws IOException {
        for (Frame frame = Frame.read(client); frame.opcode() != Frame.CLOSE; frame = Frame.read(client)) {
            if (frame.opcode() == Frame.PING) {
                client.send(Frame.last(Frame.PONG, frame.payload()).masked());
            }
        }
    }
}
