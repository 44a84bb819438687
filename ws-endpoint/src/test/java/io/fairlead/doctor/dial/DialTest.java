package io.fairlead.doctor.dial;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.doctor.Facts;
import io.fairlead.doctor.Finding;
import io.fairlead.doctor.Sighting.Field;
import io.fairlead.doctor.Verdict;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Door;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Identity;
import io.fairlead.suite.peer.Middlebox;
import io.fairlead.suite.peer.Middlebox.Fault;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line's end, against servers and middleboxes that say exact bytes. */
class DialTest {

    private static final Authority AUTHORITY = Authority.create("Dial");

    /** A server of RFC 6455 that answers pings and Closes; what is no handshake gets a 426. */
    private static void serve(Wire wire) throws IOException {
        Head head = wire.readHead();
        if (!head.has("Upgrade")) {
            wire.sendLines("HTTP/1.1 426 Upgrade Required", "Content-Length: 0", "");
            return;
        }
        accept(wire, head);
        while (true) {
            Frame frame = Frame.read(wire);
            if (frame.opcode() == Frame.PING) {
                wire.send(Frame.last(Frame.PONG, frame.payload()).plain());
            } else if (frame.opcode() == Frame.CLOSE) {
                wire.send(Frame.last(Frame.CLOSE, frame.payload()).plain());
                return;
            }
        }
    }

    private static void accept(Wire wire, Head head) throws IOException {
        wire.sendLines(
                "HTTP/1.1 101 Switching Protocols",
                "upgrade: WebSocket",
                "Connection: keep-alive, upgrade",
                "Sec-WebSocket-Accept: " + Frame.accept(head.value("Sec-WebSocket-Key")),
                "");
    }

    private static Facts dial(String url, Duration idle, boolean insecure) {
        return new Dial(URI.create(url), List.of(), List.of(), idle, insecure, Duration.ofSeconds(2)).examine();
    }

    private static List<String> codes(Facts facts) {
        return Verdict.of(facts).stream().map(Finding::code).toList();
    }

    private static List<String> codesOf(Door.Visit visit) {
        return codes(dial("ws://127.0.0.1:" + Door.open(visit).port() + "/", Duration.ZERO, false));
    }

    private static InetSocketAddress server() {
        return new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Door.open(DialTest::serve).port());
    }

    @Test
    void aGoodServerIsFine() {
        assertThat(codesOf(DialTest::serve)).containsExactly("fine");
    }

    @ParameterizedTest
    @CsvSource({
        "NONE, fine",
        "SMALL_LETTERS, fine",
        "STRIP_UPGRADE, upgrade-stripped",
        "SWALLOW_UP, data-lost",
        "SWALLOW_DOWN, data-lost",
        "RESET_AFTER_FIRST_FRAME, cut-after-first-frame",
        "CUT_IDLE, idle-cut"
    })
    void whatAMiddleboxDoesIsNamed(Fault fault, String code) throws Exception {
        Duration idle = fault == Fault.CUT_IDLE ? Duration.ofSeconds(30) : Duration.ZERO;
        try (Middlebox middlebox = Middlebox.start(fault, server(), null, null)) {
            assertThat(codes(dial("ws://127.0.0.1:" + middlebox.port() + "/x", idle, false)))
                    .containsExactly(code);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "STRIP_UPGRADE, upgrade-stripped",
        "SWALLOW_DOWN, data-lost",
        "RESET_AFTER_FIRST_FRAME, cut-after-first-frame"
    })
    void whatAMiddleboxDoesIsNamedOverTlsBesideItsCertificate(Fault fault, String code) throws Exception {
        Identity identity = AUTHORITY.issue("localhost");
        try (Middlebox middlebox = Middlebox.start(fault, server(), null, identity.server(null))) {
            assertThat(codes(dial("wss://localhost:" + middlebox.port() + "/x", Duration.ZERO, true)))
                    .containsExactlyInAnyOrder("certificate", code);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "200 OK, no-websocket",
        "404 Not Found, no-websocket",
        "400 Bad Request, no-websocket",
        "401 Unauthorized, not-allowed",
        "403 Forbidden, not-allowed",
        "302 Found, redirected",
        "502 Bad Gateway, gateway",
        "503 Service Unavailable, gateway",
        "426 Upgrade Required, upgrade-stripped"
    })
    void anyOtherAnswerIsNamed(String status, String code) {
        assertThat(codesOf(wire -> {
                    wire.readHead();
                    wire.sendLines("HTTP/1.1 " + status, "Content-Length: 0", "Location: /login", "");
                }))
                .containsExactly(code);
    }

    @Test
    void aWrongAcceptIsNamed() {
        assertThat(codesOf(wire -> {
                    wire.readHead();
                    wire.sendLines(
                            "HTTP/1.1 101 Switching Protocols",
                            "Upgrade: websocket",
                            "Connection: Upgrade",
                            "Sec-WebSocket-Accept: AAAA",
                            "");
                }))
                .containsExactly("answer-wrong");
    }

    @Test
    void noHttpIsNamed() {
        assertThat(codesOf(wire -> wire.send("SSH-2.0-OpenSSH_9\r\n\r\n"))).containsExactly("handshake-broken");
    }

    @Test
    void silenceIsNamed() {
        assertThat(codesOf(Wire::readRest)).containsExactly("handshake-silent");
    }

    @Test
    void aCloseAtOnceIsTheServersOwn() {
        assertThat(codesOf(wire -> {
                    accept(wire, wire.readHead());
                    wire.send(Frame.close(1008, "who are you?").plain());
                }))
                .containsExactly("closed-at-once");
    }

    @Test
    void whatTheServerSendsFirstIsCountedAndTellsTheDirection() {
        Facts facts = dial(
                "ws://127.0.0.1:"
                        + Door.open(wire -> {
                                    accept(wire, wire.readHead());
                                    wire.send(Frame.text("welcome").plain());
                                    wire.readRest();
                                })
                                .port(),
                Duration.ZERO,
                false);
        assertThat(codes(facts)).containsExactly("data-lost-up");
    }

    @Test
    void pingsOfTheServersAreAnsweredInTheSilence() throws Exception {
        BlockingQueue<String> answers = new ArrayBlockingQueue<>(1);
        Door door = Door.open(wire -> {
            accept(wire, wire.readHead());
            answer(wire, Frame.PONG);
            answer(wire, Frame.PONG);
            wire.send(Frame.last(Frame.PING, new byte[] {1, 2}).plain());
            Frame pong = Frame.read(wire);
            answers.add(pong.opcode() + " " + pong.payload().length);
            answer(wire, Frame.PONG);
            answer(wire, Frame.CLOSE);
        });
        assertThat(codes(dial("ws://127.0.0.1:" + door.port(), Duration.ofSeconds(1), false)))
                .containsExactly("fine");
        assertThat(answers.poll(5, TimeUnit.SECONDS)).isEqualTo("10 2");
    }

    /** Sends what the next frame has brought back, as another. */
    private static void answer(Wire wire, int opcode) throws IOException {
        wire.send(Frame.last(opcode, Frame.read(wire).payload()).plain());
    }

    @Test
    void headersAndSubprotocolsAreSent() throws Exception {
        BlockingQueue<Head> heads = new ArrayBlockingQueue<>(1);
        int port = Door.open(wire -> heads.add(wire.readHead())).port();
        URI url = URI.create("ws://127.0.0.1:" + port + "/a%20b?c=d");
        List<Field> headers = List.of(new Field("origin", "https://front.example"), new Field("Cookie", "a=b"));
        new Dial(url, headers, List.of("one", "two"), Duration.ZERO, false).examine();
        Head head = heads.poll(5, TimeUnit.SECONDS);
        assertThat(head).isNotNull();
        if (head != null) {
            assertThat(head.startLine()).isEqualTo("GET /a%20b?c=d HTTP/1.1");
            assertThat(head.value("Origin")).isEqualTo("https://front.example");
            assertThat(head.value("Cookie")).isEqualTo("a=b");
            assertThat(head.value("Sec-WebSocket-Protocol")).isEqualTo("one, two");
            assertThat(head.value("Host")).isEqualTo("127.0.0.1:" + port);
        }
    }

    @Test
    void aPortThatNobodyListensAtIsRefused() throws Exception {
        int port;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = taken.getLocalPort();
        }
        assertThat(codes(dial("ws://127.0.0.1:" + port + "/", Duration.ZERO, false)))
                .containsExactly("connection-refused");
    }

    @Test
    void plainHttpWhereTlsIsAskedForIsNamed() {
        int port = Door.open(wire -> {
                    wire.read(1);
                    wire.send("HTTP/1.1 400 Bad Request\r\n\r\n");
                })
                .port();
        Facts facts = dial("wss://127.0.0.1:" + port + "/", Duration.ZERO, false);
        assertThat(codes(facts)).containsExactly("tls-failed");
        assertThat(Verdict.of(facts).get(0).parameters().get("reason")).contains("does not speak TLS");
    }

    @ParameterizedTest
    @CsvSource({"false", "true"})
    void aChainWithoutItsIntermediateIsNamed(boolean insecure) throws Exception {
        Identity identity = AUTHORITY.issue("localhost").withoutChain();
        Facts facts = overTls(identity, insecure);
        assertThat(codes(facts)).containsExactly("chain-incomplete");
        assertThat(Verdict.of(facts).get(0).parameters())
                .containsEntry("count", "1")
                .containsEntry("last", "CN=localhost")
                .containsEntry("issuer", "CN=Dial Intermediate");
        assertThat(facts.steps().containsKey("ws")).isEqualTo(insecure);
    }

    @Test
    void otherFaultsOfCertificatesAreNamed() throws Exception {
        assertThat(fault(AUTHORITY.expired("localhost"))).startsWith("expired on ");
        assertThat(fault(Authority.selfSigned("localhost"))).contains("self-signed");
        assertThat(fault(AUTHORITY.issue("localhost"))).contains("unknown issuer: CN=Dial Root");
    }

    private static String fault(Identity identity) throws Exception {
        Facts facts = overTls(identity, false);
        assertThat(codes(facts)).containsExactly("certificate");
        return Verdict.of(facts).get(0).parameters().getOrDefault("fault", "");
    }

    private static Facts overTls(Identity identity, boolean insecure) throws Exception {
        try (Middlebox middlebox = Middlebox.start(Fault.NONE, server(), null, identity.server(null))) {
            return dial("wss://localhost:" + middlebox.port() + "/", Duration.ZERO, insecure);
        }
    }
}
