package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Who is not admitted, what he is told, and that every way out makes room for the next. */
public abstract class LimitsTest extends WireTest {

    /** What {@link Routes#LIMITED} admits. */
    private static final int MOST = 3;

    private static final int UNAVAILABLE = 503;
    private static final int TOO_MANY_REQUESTS = 429;

    /** So that no test meets an address of another's. */
    private static final AtomicInteger ADDRESSES = new AtomicInteger();

    @BeforeEach
    void theBackendEchoes() {
        backend.on("/ws", WireTest::webSocketEcho);
    }

    private static String someAddress() {
        int number = ADDRESSES.incrementAndGet();
        return "198.18." + number / 256 + '.' + number % 256;
    }

    private String from(String route, String address) {
        return webSocket(route, "/ws", "X-Forwarded-For: " + address);
    }

    /** The status of the answer to a handshake whose tunnel, if it is one, is added to {@code open}. */
    private int ask(String handshake, List<Wire> open) throws IOException {
        Wire client = client();
        int status = 0;
        try {
            Head head = client.send(handshake).readHead();
            status = head.status();
            if (status == 101) {
                open.add(client);
            } else {
                assertThat(status).as("%s", head).isIn(UNAVAILABLE, TOO_MANY_REQUESTS);
            }
            return status;
        } finally {
            if (status != 101) {
                client.close();
            }
        }
    }

    /** The seconds of Retry-After. */
    private int assertRefused(String handshake, int status) throws IOException {
        try (Wire client = client()) {
            Head head = client.send(handshake).readHead();
            assertThat(head.status()).as("%s", head).isEqualTo(status);
            String body = client.readBodyText(head);
            assertPlainError(head, body);
            assertThat(body).doesNotContain("max").doesNotContain("Rate").doesNotContain("198.18.");
            return Integer.parseInt(head.value("Retry-After"));
        }
    }

    /** As soon as those before have left, there is room for so many and for no more. */
    private void assertRoomFor(int count, String handshake, int statusBeyond) throws IOException {
        List<Wire> open = new ArrayList<>();
        try {
            eventually().until(() -> {
                open.forEach(Wire::close);
                open.clear();
                for (int i = 0; i < count; i++) {
                    if (ask(handshake, open) != 101) {
                        return false;
                    }
                }
                return true;
            });
            assertThat(assertRefused(handshake, statusBeyond)).isOne();
            for (Wire tunnel : open) {
                assertEchoes(tunnel, Frame.text("still here"));
            }
        } finally {
            open.forEach(Wire::close);
        }
    }

    private void assertAllRoom() throws IOException {
        assertRoomFor(MOST, webSocket(Routes.LIMITED, "/ws"), UNAVAILABLE);
    }

    // ---- threads of the server

    /** Of a server that upgrades in no other. */
    @Test
    void handshakesThatWaitDoNotTakeAllThreadsOfTheServer() throws Exception {
        int most = 32;
        CountDownLatch all = new CountDownLatch(1);
        backend.on("/late", exchange -> {
            assertThat(all.await(20, TimeUnit.SECONDS)).isTrue();
            webSocketEcho(exchange);
        });
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain"));
        String handshake = webSocket(Routes.WEBSOCKET, "/late");
        List<Wire> waiting = new ArrayList<>();
        try {
            for (int i = 0; i < most; i++) {
                waiting.add(client().send(handshake));
            }
            eventually().until(() -> backend.requests().size() == most);
            if (fairlead().server().has(Server.Trait.HANDSHAKES_HOLD_THREADS)) {
                assertThat(assertRefused(handshake, UNAVAILABLE)).isOne();
            } else {
                waiting.add(client().send(handshake));
                eventually().until(() -> backend.requests().size() == most + 1);
            }
            try (Wire client = client()) {
                client.send(request("GET", path(Routes.WEBSOCKET, "/plain")));
                assertThat(client.readBodyText(client.readHead())).isEqualTo("plain");
            }
            all.countDown();
            for (Wire client : waiting) {
                assertThat(client.readHead().status()).isEqualTo(101);
            }
            waiting.add(client().send(handshake));
            assertThat(waiting.get(waiting.size() - 1).readHead().status()).isEqualTo(101);
        } finally {
            all.countDown();
            waiting.forEach(Wire::close);
        }
    }

    // ---- tunnels

    @Test
    void oneTunnelTooManyIsRefusedUntilAnotherEnds() throws Exception {
        String handshake = webSocket(Routes.LIMITED, "/ws");
        assertAllRoom();
        List<Wire> open = new ArrayList<>();
        try {
            eventually().until(() -> {
                ask(handshake, open);
                return open.size() == MOST;
            });
            assertThat(assertRefused(handshake, UNAVAILABLE)).isOne();
            open.remove(0).close();
            eventually().until(() -> ask(handshake, open) == 101);
            assertRefused(handshake, UNAVAILABLE);
        } finally {
            open.forEach(Wire::close);
        }
        assertAllRoom();
    }

    @Test
    void ordinaryRequestsAreNotLimited() throws Exception {
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain"));
        List<Wire> open = new ArrayList<>();
        try {
            eventually().until(() -> {
                ask(webSocket(Routes.LIMITED, "/ws"), open);
                return open.size() == MOST;
            });
            assertThat(get(Routes.LIMITED, "/plain")).isEqualTo("plain");
        } finally {
            open.forEach(Wire::close);
        }
    }

    // ---- every way out

    @Test
    void refusalsOfTheBackendMakeRoom() throws Exception {
        backend.on("/no", exchange -> exchange.answer("403 Forbidden", "no"));
        assertAllRoom();
        assertAnswers(403, webSocket(Routes.LIMITED, "/no"), 3 * MOST);
        assertAllRoom();
    }

    /** What is left of a refusal is a response like all others. */
    @Test
    void aRefusalThatHasNotEndedMakesRoom() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/no", exchange -> {
            exchange.sendHead("HTTP/1.1 403 Forbidden", "Content-Length: 4");
            exchange.wire().send("no");
            over.await(20, TimeUnit.SECONDS);
            exchange.wire().send("no");
        });
        assertAllRoom();
        try (Wire client = answeredOnceThereIsRoom(webSocket(Routes.LIMITED, "/no"), 403)) {
            assertThat(client.readText(2)).isEqualTo("no");
            assertAllRoom();
            over.countDown();
            assertThat(client.readText(2)).isEqualTo("no");
        }
    }

    @Test
    void wrong101sMakeRoom() throws Exception {
        backend.on(
                "/wrong",
                exchange -> exchange.sendHead(
                        "HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: another"));
        assertAllRoom();
        assertAnswers(502, webSocket(Routes.LIMITED, "/wrong"), 2 * MOST);
        assertAllRoom();
    }

    @Test
    void deadBackendsMakeRoom() throws Exception {
        assertAnswers(502, webSocket(Routes.LIMITED_DEAD, "/ws"), 4);
    }

    @Test
    void backendsThatHangUpMakeRoom() throws Exception {
        backend.on("/drop", exchange -> {});
        assertAllRoom();
        assertAnswers(502, webSocket(Routes.LIMITED, "/drop"), 2 * MOST);
        assertAllRoom();
    }

    /** A prefix that only the server takes for the route's. */
    @Test
    void handshakesThatFairleadRefusesMakeRoom() throws Exception {
        assertAllRoom();
        String handshake = webSocket(Routes.LIMITED, "/ws").replace("/limited/", "/%6Cimited/");
        for (int i = 0; i < 2 * MOST; i++) {
            try (Wire client = client()) {
                assertThat(client.send(handshake).readHead().status()).isIn(403, 404, UNAVAILABLE);
            }
        }
        assertAllRoom();
    }

    @Test
    void silentBackendsMakeRoom() throws Exception {
        backend.on("/silent", exchange -> exchange.wire().ending());
        assertAllRoom();
        assertAnswers(504, webSocket(Routes.LIMITED, "/silent"), 2);
        assertAllRoom();
    }

    /** One after the other: each needs the place of the one before. */
    private void assertAnswers(int status, String handshake, int times) throws IOException {
        answeredOnceThereIsRoom(handshake, status).close();
        for (int i = 1; i < times; i++) {
            try (Wire client = client()) {
                Head head = client.send(handshake).readHead();
                assertThat(head.status()).as("handshake %d: %s", i, head).isEqualTo(status);
            }
        }
    }

    /** A client that has read the head of its answer, once those before have left. */
    private Wire answeredOnceThereIsRoom(String handshake, int status) {
        AtomicReference<Wire> answered = new AtomicReference<>();
        eventually().until(() -> {
            Wire client = client();
            Head head = client.send(handshake).readHead();
            if (head.status() == status) {
                answered.set(client);
                return true;
            }
            client.close();
            assertThat(head.status()).as("%s", head).isEqualTo(UNAVAILABLE);
            return false;
        });
        return Objects.requireNonNull(answered.get());
    }

    @Tag("long")
    @Test
    void clientsThatLeaveDuringTheHandshakeMakeRoom() throws Exception {
        CountDownLatch left = new CountDownLatch(1);
        backend.on("/late", exchange -> {
            assertThat(left.await(10, TimeUnit.SECONDS)).isTrue();
            webSocketEcho(exchange);
        });
        backend.on("/never", exchange -> exchange.wire().ending());
        assertAllRoom();
        for (String path : List.of("/late", "/never")) {
            List<Wire> leavers = new ArrayList<>();
            try {
                eventually().until(() -> waits(webSocket(Routes.LIMITED, path), leavers) && leavers.size() == MOST);
                assertRefused(webSocket(Routes.LIMITED, "/ws"), UNAVAILABLE);
            } finally {
                for (Wire client : leavers) {
                    client.reset();
                }
            }
            left.countDown();
            assertAllRoom();
        }
    }

    /** Whether a handshake is admitted and has no answer yet; its client is added to {@code waiting}. */
    private boolean waits(String handshake, List<Wire> waiting) throws IOException {
        Wire client = client();
        client.send(handshake);
        try {
            client.expectSilence(Duration.ofMillis(100));
            waiting.add(client);
            return true;
        } catch (AssertionError refused) {
            client.close();
            return false;
        }
    }

    /** Each of the ways that a tunnel can end, and none of them twice. */
    @Test
    void tunnelsThatEndMakeRoomHoweverTheyEnd() throws Exception {
        backend.on("/bye", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().read(1);
        });
        backend.on("/reset", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().read(1);
            exchange.wire().reset();
        });
        assertAllRoom();
        for (String path : List.of("/ws", "/bye", "/reset")) {
            for (boolean reset : new boolean[] {false, true}) {
                List<Wire> open = new ArrayList<>();
                eventually().until(() -> {
                    ask(webSocket(Routes.LIMITED, path), open);
                    return open.size() == MOST;
                });
                for (Wire client : open) {
                    client.send("x");
                }
                for (Wire client : open) {
                    if (reset) {
                        client.reset();
                    } else {
                        client.close();
                    }
                }
                assertAllRoom();
            }
        }
    }

    // ---- hixie-76, where a tunnel may open before its backend has answered

    private String hixie76(String backendPath) {
        // Keys without two spaces in a row, which some servers make one.
        return request(
                "GET",
                path(Routes.LIMITED, backendPath),
                "Upgrade: WebSocket",
                "Connection: Upgrade",
                "Origin: http://chat.example",
                "Sec-WebSocket-Key1: 4 @1 46546xW%0l 1 6",
                "Sec-WebSocket-Key2: 12998 5 Y3 1 .P00");
    }

    private static void acceptHixie76(Exchange exchange) throws IOException {
        exchange.sendHead("HTTP/1.1 101 WebSocket Protocol Handshake", "Upgrade: WebSocket", "Connection: Upgrade");
    }

    @Tag("long")
    @Test
    void handshakesOfHixie76MakeRoomWhateverBecomesOfThem() throws Exception {
        assumeFalse(entrance().http2(), "Hixie-76 is of HTTP/1.1.");
        backend.on("/at-once", exchange -> {
            acceptHixie76(exchange);
            exchange.echo();
        });
        backend.on("/late", exchange -> {
            exchange.wire().read(8);
            acceptHixie76(exchange);
            exchange.echo();
        });
        backend.on("/refused", exchange -> {
            exchange.wire().read(8);
            exchange.answer("403 Forbidden", "no");
        });
        backend.on("/mute", exchange -> exchange.wire().readRest());
        assertAllRoom();
        for (String path : List.of("/at-once", "/late", "/refused", "/mute")) {
            for (String key3 : List.of("12345678", "1234")) {
                for (boolean leaves : new boolean[] {false, true}) {
                    try (Wire client = answeredOnceThereIsRoom(hixie76(path) + key3, 101)) {
                        if (leaves) {
                            client.reset();
                        }
                    }
                }
            }
        }
        assertAllRoom();
    }

    /** About when the client is promised its tunnel: there must be one of the two, and it must count. */
    @ParameterizedTest
    @ValueSource(ints = {297, 300, 303})
    void aBackendThatAnswersWhenItsClientIsAnswered(int milliseconds) throws Exception {
        assumeFalse(entrance().http2(), "Hixie-76 is of HTTP/1.1.");
        AtomicInteger answers = new AtomicInteger();
        backend.on("/then", exchange -> {
            exchange.wire().expectSilence(Duration.ofMillis(milliseconds));
            acceptHixie76(exchange);
            answers.incrementAndGet();
            exchange.echo();
        });
        assertAllRoom();
        List<Wire> open = new ArrayList<>();
        try {
            while (open.size() < MOST) {
                open.add(answeredOnceThereIsRoom(hixie76("/then"), 101));
            }
            eventually().until(() -> answers.get() == MOST);
            for (Wire tunnel : open) {
                assertThat(tunnel.send("12345678").readText(8)).isEqualTo("12345678");
            }
            assertRefused(webSocket(Routes.LIMITED, "/ws"), UNAVAILABLE);
        } finally {
            open.forEach(Wire::close);
        }
        assertAllRoom();
    }

    // ---- handshakes

    @Test
    void handshakesThatWaitAreLimitedAndTunnelsAreNone() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger waiting = new AtomicInteger();
        backend.on("/wait", exchange -> {
            waiting.incrementAndGet();
            assertThat(go.await(20, TimeUnit.SECONDS)).isTrue();
            webSocketEcho(exchange);
        });
        backend.on("/plain", exchange -> exchange.answer("200 OK", "plain"));
        List<Wire> open = new ArrayList<>();
        try {
            // More tunnels than handshakes, one after the other.
            while (open.size() < 5) {
                eventually().until(() -> ask(webSocket(Routes.LIMITED_HANDSHAKES, "/ws"), open) == 101);
            }
            List<CompletableFuture<Wire>> slow = new ArrayList<>();
            for (int i = 1; i <= 2; i++) {
                int number = i;
                slow.add(Crew.call(() -> webSocketTunnel(Routes.LIMITED_HANDSHAKES, "/wait")));
                eventually().until(() -> waiting.get() == number);
            }
            assertThat(assertRefused(webSocket(Routes.LIMITED_HANDSHAKES, "/ws"), UNAVAILABLE))
                    .isOne();
            assertThat(get(Routes.LIMITED_HANDSHAKES, "/plain")).isEqualTo("plain");
            go.countDown();
            for (CompletableFuture<Wire> tunnel : slow) {
                open.add(Crew.await(tunnel));
            }
            eventually().until(() -> ask(webSocket(Routes.LIMITED_HANDSHAKES, "/ws"), open) == 101);
            for (Wire tunnel : open) {
                assertEchoes(tunnel, Frame.text("all the same"));
            }
        } finally {
            go.countDown();
            open.forEach(Wire::close);
        }
    }

    // ---- addresses

    @Test
    void addressesBeforeATrustedProxyAreCountedApart() throws Exception {
        String one = someAddress();
        String other = someAddress();
        List<Wire> open = new ArrayList<>();
        try {
            for (String address : List.of(one, other)) {
                assertThat(ask(from(Routes.LIMITED_BY_ADDRESS, address), open)).isEqualTo(101);
                assertThat(ask(from(Routes.LIMITED_BY_ADDRESS, "6.6.6.6, " + address), open))
                        .isEqualTo(101);
            }
            for (String address : List.of(one, other, "6.6.6.6, " + one, one + ", 127.0.0.7", "::ffff:" + one)) {
                assertThat(assertRefused(from(Routes.LIMITED_BY_ADDRESS, address), TOO_MANY_REQUESTS))
                        .isOne();
            }
            eventually().untilAsserted(() -> assertThat(fairlead().log())
                    .anyMatch(line ->
                            line.contains("429") && line.contains("maxTunnelsPerAddress") && line.contains(other)));
        } finally {
            open.forEach(Wire::close);
        }
        assertRoomFor(2, from(Routes.LIMITED_BY_ADDRESS, one), TOO_MANY_REQUESTS);
    }

    @Test
    void whatAnUntrustedPeerSaysOfItsAddressDoesNotCount() throws Exception {
        AtomicReference<String> handshake = new AtomicReference<>(from(Routes.LIMITED_BY_PEER, someAddress()));
        List<Wire> open = new ArrayList<>();
        try {
            eventually().until(() -> {
                ask(handshake.getAndSet(from(Routes.LIMITED_BY_PEER, someAddress())), open);
                return open.size() == 2;
            });
            for (int i = 0; i < 3; i++) {
                assertRefused(from(Routes.LIMITED_BY_PEER, someAddress()), TOO_MANY_REQUESTS);
            }
        } finally {
            open.forEach(Wire::close);
        }
        assertRoomFor(2, webSocket(Routes.LIMITED_BY_PEER, "/ws"), TOO_MANY_REQUESTS);
    }

    @Test
    void anIpv6NetworkIsOneClient() throws Exception {
        String network = "2001:db8:" + Integer.toHexString(ADDRESSES.incrementAndGet());
        List<Wire> open = new ArrayList<>();
        try {
            assertThat(ask(from(Routes.LIMITED_BY_ADDRESS, network + ":1::1"), open))
                    .isEqualTo(101);
            assertThat(ask(from(Routes.LIMITED_BY_ADDRESS, network + ":1:ffff::9"), open))
                    .isEqualTo(101);
            assertRefused(from(Routes.LIMITED_BY_ADDRESS, network + ":1:5::3"), TOO_MANY_REQUESTS);
            assertThat(ask(from(Routes.LIMITED_BY_ADDRESS, network + ":2::1"), open))
                    .isEqualTo(101);
        } finally {
            open.forEach(Wire::close);
        }
    }

    @Tag("long")
    @Test
    void handshakesOfOneAddressComeAtTheRouteRate() throws Exception {
        String address = someAddress();
        List<Wire> open = new ArrayList<>();
        try {
            assertThat(ask(from(Routes.LIMITED_BY_RATE, address), open)).isEqualTo(101);
            assertThat(assertRefused(from(Routes.LIMITED_BY_RATE, address), TOO_MANY_REQUESTS))
                    .isBetween(1, 4);
            assertThat(ask(from(Routes.LIMITED_BY_RATE, someAddress()), open)).isEqualTo(101);
            eventually().until(() -> ask(from(Routes.LIMITED_BY_RATE, address), open) == 101);
            assertRefused(from(Routes.LIMITED_BY_RATE, address), TOO_MANY_REQUESTS);
        } finally {
            open.forEach(Wire::close);
        }
    }

    /** A handshake that the backend refuses is one, too. */
    @ParameterizedTest
    @ValueSource(strings = {"/no", "/ws"})
    void aHandshakeCostsATokenWhateverComesOfIt(String backendPath) throws Exception {
        backend.on("/no", exchange -> exchange.answer("403 Forbidden", "no"));
        String handshake = webSocket(Routes.LIMITED_BY_RATE, backendPath, "X-Forwarded-For: " + someAddress());
        try (Wire client = client()) {
            assertThat(client.send(handshake).readHead().status()).isIn(101, 403);
        }
        assertRefused(handshake, TOO_MANY_REQUESTS);
    }
}
