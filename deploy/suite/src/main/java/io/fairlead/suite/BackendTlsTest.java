package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Wire;
import java.security.cert.X509Certificate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who the backend is, who Fairlead is to it, and what becomes of one that cannot prove itself. */
public abstract class BackendTlsTest extends WireTest {

    private static final List<Backend> OTHERS = List.of(
            TlsBackends.DEMANDING,
            TlsBackends.OLD,
            TlsBackends.EXPIRED,
            TlsBackends.EARLY,
            TlsBackends.ELSEWHERE,
            TlsBackends.UNKNOWN,
            TlsBackends.SELF_SIGNED);

    @Override
    protected Exit exit() {
        return Exit.TLS;
    }

    @BeforeEach
    void othersForgetTheTestBefore() {
        OTHERS.forEach(Backend::reset);
    }

    @AfterEach
    void othersFoundNoFault() {
        for (Backend other : OTHERS) {
            assertThat(other.faults()).isEmpty();
        }
    }

    private String get(String route) throws Exception {
        try (Wire client = client()) {
            Head head = client.send(request("GET", path(route, "/who"))).readHead();
            assertThat(head.status()).as("%s", head).isEqualTo(200);
            return client.readBodyText(head);
        }
    }

    private static void tellServerName(Exchange exchange) throws Exception {
        exchange.answer(
                "200 OK", "<" + exchange.serverName() + "> " + exchange.head().value("Host"));
    }

    // ---- a backend that is what it should be

    @Test
    void theBackendIsAskedForByTheNameThatIsConfiguredAndNeverByTheClientsHost() throws Exception {
        backend.on("/who", BackendTlsTest::tellServerName);
        assertThat(get(TlsBackends.BY_NAME)).isEqualTo("<localhost> " + HOST);
        assertThat(get(TlsBackends.AS_NAMED)).isEqualTo("<" + TlsBackends.NAME + "> " + HOST);
        assertThat(get(TlsBackends.BY_ADDRESS)).isEqualTo("<> " + HOST);
    }

    @Test
    void aTunnelIsOpenedUnderTheSameName() throws Exception {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket("X-Name: <" + exchange.serverName() + ">");
            exchange.echo();
        });
        try (Wire client = client()) {
            Head head = client.send(webSocket(TlsBackends.BY_NAME, "/ws")).readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("X-Name")).isEqualTo("<localhost>");
            assertEchoes(client, Frame.text("hello"));
        }
    }

    @Test
    void connectionsAreUsedAgain() throws Exception {
        Set<Integer> connections = ConcurrentHashMap.newKeySet();
        backend.on("/who", exchange -> {
            connections.add(exchange.connection());
            exchange.answer("200 OK", "again");
        });
        for (int i = 0; i < 20; i++) {
            assertThat(get(TlsBackends.BY_NAME)).isEqualTo("again");
        }
        assertThat(connections).as("connections to the backend").hasSizeLessThan(5);
    }

    @Test
    void aKeptConnectionThatTheBackendClosedCostsNoGet() throws Exception {
        Set<Integer> connections = ConcurrentHashMap.newKeySet();
        backend.on("/who", exchange -> {
            connections.add(exchange.connection());
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: 2");
            exchange.wire().send("ok");
            // And closes, although it did not say so.
        });
        for (int i = 0; i < 20; i++) {
            assertThat(get(TlsBackends.BY_NAME)).isEqualTo("ok");
        }
        assertThat(connections).hasSize(20);
    }

    @ParameterizedTest
    @ValueSource(strings = {TlsBackends.CLIENT, TlsBackends.CLIENT_STORE})
    void aBackendThatDemandsACertificateGetsIt(String route) throws Exception {
        TlsBackends.DEMANDING.on("/who", exchange -> {
            X509Certificate client = (X509Certificate) exchange.wire().tls().getPeerCertificates()[0];
            exchange.answer("200 OK", client.getSubjectX500Principal().getName());
        });
        TlsBackends.DEMANDING.on("/ws", WireTest::webSocketEcho);
        assertThat(get(route)).isEqualTo("CN=client.example");
        try (Wire client = webSocketTunnel(route, "/ws")) {
            assertEchoes(client, Frame.text("hello"));
        }
    }

    @Test
    void aBackendOfTls12GetsAndGivesEveryByte() throws Exception {
        TlsBackends.OLD.on(
                "/who",
                exchange -> exchange.answer("200 OK", exchange.wire().tls().getProtocol()));
        Noise up = new Noise(61, 5 << 20);
        Noise down = new Noise(62, 5 << 20);
        CompletableFuture<String> arrived = new CompletableFuture<>();
        TlsBackends.OLD.on("/raw", exchange -> {
            exchange.acceptRaw();
            CompletableFuture<Void> sent =
                    Crew.start(() -> down.pour(exchange.wire().out()));
            arrived.complete(Noise.digest(exchange.wire().in(), 5 << 20));
            Crew.await(sent);
        });
        assertThat(get(TlsBackends.TO_OLD)).isEqualTo("TLSv1.2");
        try (Wire client = rawTunnel(TlsBackends.TO_OLD, "/raw")) {
            CompletableFuture<Void> sent = Crew.start(() -> up.pour(client.out()));
            assertThat(client.readRest()).isEqualTo(down.bytes());
            Crew.await(sent);
            assertThat(Crew.await(arrived)).isEqualTo(up.digest());
        }
        eventually().until(() -> TlsBackends.OLD.open() == 0);
    }

    @Test
    void aClientThatClosesEndsTheConnectionToABackendOfTls12() throws Exception {
        CompletableFuture<Wire.Ending> ending = new CompletableFuture<>();
        TlsBackends.OLD.on("/raw", exchange -> {
            exchange.acceptRaw();
            ending.complete(exchange.wire().ending());
        });
        try (Wire client = rawTunnel(TlsBackends.TO_OLD, "/raw")) {
            client.close();
        }
        assertThat(Crew.await(ending)).isEqualTo(Wire.Ending.FIN);
        eventually().until(() -> TlsBackends.OLD.open() == 0);
    }

    // ---- a backend that is not

    static Stream<Arguments> refusals() {
        return Stream.of(
                arguments(
                        TlsBackends.TOO_LATE,
                        "the certificate of localhost:" + TlsBackends.EXPIRED.port() + " expired on "
                                + day(TlsBackends.EXPIRED_IDENTITY.certificate().getNotAfter())),
                arguments(
                        TlsBackends.TOO_EARLY,
                        "the certificate of localhost:" + TlsBackends.EARLY.port() + " is not valid before "
                                + day(TlsBackends.EARLY_IDENTITY.certificate().getNotBefore())),
                arguments(
                        TlsBackends.OTHER_HOST,
                        "the certificate of localhost:" + TlsBackends.ELSEWHERE.port()
                                + " is for a.example, b.example, not for localhost"),
                arguments(
                        TlsBackends.OTHER_AUTHORITY,
                        "the certificate of localhost:" + TlsBackends.UNKNOWN.port()
                                + " was not signed by a CA that is trusted here (unknown issuer: CN=Unknown Root)"),
                arguments(
                        TlsBackends.JVM,
                        "the certificate of localhost:" + TlsBackends.GOOD.port()
                                + " was not signed by a CA that is trusted here (unknown issuer: CN=Suite Root)"),
                arguments(
                        TlsBackends.NO_AUTHORITY,
                        "the certificate of localhost:" + TlsBackends.SELF_SIGNED.port()
                                + " is self-signed, and is not itself trusted here"),
                arguments(
                        TlsBackends.ANONYMOUS,
                        "localhost:" + TlsBackends.DEMANDING.port()
                                + " refused the TLS handshake: it wants a client certificate, or does not accept this"
                                + " one (alert bad_certificate)"),
                arguments(
                        TlsBackends.NO_TLS,
                        "localhost:" + TlsBackends.PLAIN.port()
                                + " does not speak TLS on this port; is it plain HTTP?"),
                arguments(
                        TlsBackends.NO_WORD,
                        "localhost:" + TlsBackends.SILENT.port()
                                + " did not finish the TLS handshake within connectTimeout"));
    }

    private static String day(java.util.Date date) {
        return date.toInstant().atOffset(ZoneOffset.UTC).toLocalDate().toString();
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void aConnectionThatIsNotSecureIs502AndTheLogSaysWhy(String route, String reason) throws Exception {
        for (String asking : List.of(request("GET", path(route, "/who")), webSocket(route, "/who"))) {
            try (Wire client = client()) {
                Head head = client.send(asking).readHead();
                String body = client.readBodyText(head);
                assertThat(head.status()).as("%s %s", head, body).isEqualTo(502);
                assertPlainError(head, body);
                assertThat(body).startsWith("There is no secure connection to the backend.\nRequest id: ");
                String id = body.substring(body.lastIndexOf(' ') + 1).strip();
                eventually().untilAsserted(() -> assertThat(fairlead().log())
                        .filteredOn(line -> line.contains(id))
                        .as("what was logged of request %s", id)
                        .singleElement()
                        .asString()
                        .contains(route + " [" + id + "] GET ", ": 502 There is no secure connection to the backend. ")
                        .endsWith(" (" + reason + ")"));
            }
        }
    }

    @Test
    void aRefusedBackendIsAskedOnceAndGetsNoByteOfTheRequest() throws Exception {
        int before = TlsBackends.EXPIRED.accepted();
        try (Wire client = client()) {
            assertThat(client.send(request("GET", path(TlsBackends.TOO_LATE, "/who")))
                            .readHead()
                            .status())
                    .isEqualTo(502);
        }
        assertThat(TlsBackends.EXPIRED.accepted()).isEqualTo(before + 1);
        assertThat(TlsBackends.EXPIRED.requests()).isEmpty();
    }

    @Test
    void whoWantsNoVerificationGetsNoneAndIsWarned() throws Exception {
        TlsBackends.EXPIRED.on("/who", BackendTlsTest::tellServerName);
        TlsBackends.EXPIRED.on("/ws", WireTest::webSocketEcho);
        assertThat(get(TlsBackends.BLIND)).isEqualTo("<localhost> " + HOST);
        try (Wire client = webSocketTunnel(TlsBackends.BLIND, "/ws")) {
            assertEchoes(client, Frame.text("hello"));
        }
        assertThat(fairlead().log())
                .anyMatch(line -> line.contains(TlsBackends.BLIND + "': tlsVerify=false")
                        && line.contains("localhost:" + TlsBackends.EXPIRED.port() + " is NOT VERIFIED"))
                .noneMatch(line -> line.contains(TlsBackends.PASSWORD));
    }
}
