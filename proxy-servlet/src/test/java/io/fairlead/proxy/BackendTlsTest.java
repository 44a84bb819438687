package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.fairlead.proxy.Route.ClientSettings;
import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.tls.HandshakeFault;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Door;
import io.fairlead.suite.peer.Identity;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.client.ContentResponse;
import org.eclipse.jetty.client.Request;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Jetty's client as routes use it, against servers over TLS. */
@Timeout(60)
class BackendTlsTest {

    private static final String PASSWORD = "open sesame";
    private static final Authority AUTHORITY = Authority.create("Test");
    private static final Identity GOOD = AUTHORITY.issue("localhost", "backend.example", "127.0.0.1", "::1");
    private static final Backend BACKEND = start(GOOD);

    private static Path files = Path.of("");
    private static Path root = Path.of("");

    @BeforeAll
    static void writeFiles(@TempDir Path directory) {
        files = directory;
        root = AUTHORITY.writeRoot(files.resolve("root.pem"));
    }

    private static Backend start(Identity identity) {
        return answering(Backend.start(identity));
    }

    private static Backend answering(Backend backend) {
        backend.on("/", exchange -> exchange.answer("200 OK", "for <" + exchange.serverName() + ">"));
        return backend;
    }

    private static TlsSettings trusting(@Nullable Path trustStore) {
        return new TlsSettings(true, null, trustStore, null, null, null, null);
    }

    private static TlsSettings named(String serverName) {
        return new TlsSettings(true, serverName, root, null, null, null, null);
    }

    private static TlsSettings with(Path keyStore, @Nullable Path key, @Nullable String password) {
        return new TlsSettings(true, null, root, null, keyStore, key, password);
    }

    private static String get(TlsSettings tls, String host, int port, String... hostHeader) throws Exception {
        try (BackendClient client = start(tls)) {
            ContentResponse response = request(client, host, port)
                    .headers(fields -> List.of(hostHeader).forEach(value -> fields.put("Host", value)))
                    .send();
            assertThat(response.getStatus()).isEqualTo(200);
            return response.getContentAsString();
        }
    }

    private static @Nullable String fault(TlsSettings tls, String host, int port) throws Exception {
        try (BackendClient client = start(tls)) {
            Request request = request(client, host, port);
            ExecutionException failure = catchThrowableOfType(ExecutionException.class, request::send);
            assertThat(failure).isNotNull();
            return HandshakeFault.of(BackendTls.cause(failure, request.getConnection()), "the-backend:1");
        }
    }

    private static BackendClient start(TlsSettings tls) {
        return BackendClient.start(new ClientSettings(
                8, 4, 1, Duration.ofSeconds(2), Duration.ofSeconds(20), 4096, 16_384, 32_768, 32_768, tls));
    }

    private static Request request(BackendClient client, String host, int port) {
        return client.client().newRequest("https://" + host + ":" + port + "/").timeout(20, TimeUnit.SECONDS);
    }

    private static LocalDate day(java.util.Date date) {
        return date.toInstant().atOffset(ZoneOffset.UTC).toLocalDate();
    }

    // ---- what is accepted

    @ParameterizedTest
    @CsvSource({"localhost,localhost", "127.0.0.1,''", "[::ffff:127.0.0.1],''"})
    void asksForTheNameItConnectsToAndForNoAddress(String host, String serverName) throws Exception {
        assertThat(get(trusting(root), host, BACKEND.port())).isEqualTo("for <" + serverName + ">");
    }

    @Test
    void theHostFieldHasNoPartInIt() throws Exception {
        assertThat(get(trusting(root), "localhost", BACKEND.port(), "elsewhere.example"))
                .isEqualTo("for <localhost>");
    }

    @Test
    void aServerNameThatIsSetIsAskedForAndVerified() throws Exception {
        assertThat(get(named("backend.example"), "127.0.0.1", BACKEND.port())).isEqualTo("for <backend.example>");
        assertThat(get(named("127.0.0.1"), "localhost", BACKEND.port())).isEqualTo("for <>");
        assertThat(fault(named("other.example"), "localhost", BACKEND.port()))
                .isEqualTo("the certificate of the-backend:1 is for localhost, backend.example, 127.0.0.1,"
                        + " 0:0:0:0:0:0:0:1, not for other.example");
    }

    @Test
    void trustsAKeyStoreAsWellAsPem() throws Exception {
        Path store = AUTHORITY.writeTrustStore(files.resolve("trust.p12"), PASSWORD);
        TlsSettings tls = new TlsSettings(true, null, store, PASSWORD, null, null, null);
        assertThat(get(tls, "localhost", BACKEND.port())).isEqualTo("for <localhost>");
    }

    @Test
    void withoutVerificationEverythingIsAccepted() throws Exception {
        TlsSettings blind = new TlsSettings(false, null, null, null, null, null, null);
        for (Identity identity : List.of(
                AUTHORITY.expired("localhost"),
                AUTHORITY.issue("elsewhere.example"),
                Authority.selfSigned("localhost"))) {
            assertThat(get(blind, "localhost", start(identity).port())).isEqualTo("for <localhost>");
        }
    }

    // ---- what is not

    @Test
    void aCertificateThatExpired() throws Exception {
        Identity expired = AUTHORITY.expired("localhost");
        assertThat(fault(trusting(root), "localhost", start(expired).port()))
                .isEqualTo("the certificate of the-backend:1 expired on "
                        + day(expired.certificate().getNotAfter()));
    }

    @Test
    void aCertificateThatIsNotValidYet() throws Exception {
        Identity early = AUTHORITY.early("localhost");
        assertThat(fault(trusting(root), "localhost", start(early).port()))
                .isEqualTo("the certificate of the-backend:1 is not valid before "
                        + day(early.certificate().getNotBefore()));
    }

    @Test
    void anIntermediateThatExpired() throws Exception {
        Authority old = Authority.withExpiredIntermediate("Old");
        Path oldRoot = old.writeRoot(files.resolve("old.pem"));
        assertThat(fault(
                        trusting(oldRoot),
                        "localhost",
                        start(old.issue("localhost")).port()))
                .isEqualTo("the certificate of the-backend:1 is signed by CN=Old Intermediate, whose certificate"
                        + " expired on " + day(old.intermediate().getNotAfter()));
    }

    @Test
    void aCertificateThatNoServerMayShow() throws Exception {
        assertThat(fault(
                        trusting(root),
                        "localhost",
                        start(AUTHORITY.forClientsOnly("localhost")).port()))
                .isEqualTo("the certificate of the-backend:1 was refused: Extended key usage does not permit use for"
                        + " TLS server authentication");
    }

    @Test
    void aCertificateForOtherHosts() throws Exception {
        Backend other = start(AUTHORITY.issue("a.example", "b.example"));
        assertThat(fault(trusting(root), "localhost", other.port()))
                .isEqualTo("the certificate of the-backend:1 is for a.example, b.example, not for localhost");
        assertThat(fault(trusting(root), "127.0.0.1", other.port()))
                .isEqualTo("the certificate of the-backend:1 is for a.example, b.example, not for 127.0.0.1");
    }

    @Test
    void ofManyNamesAFewAreTold() throws Exception {
        Backend other = start(AUTHORITY.issue("a.x", "b.x", "c.x", "d.x", "e.x", "f.x", "g.x"));
        assertThat(fault(trusting(root), "localhost", other.port()))
                .endsWith(" is for a.x, b.x, c.x, d.x, e.x and 2 more, not for localhost");
    }

    @Test
    void aCertificateOfAnUnknownAuthority() throws Exception {
        Backend backend = start(Authority.create("Unknown").issue("localhost"));
        assertThat(fault(trusting(root), "localhost", backend.port()))
                .isEqualTo("the certificate of the-backend:1 was not signed by a CA that is trusted here"
                        + " (unknown issuer: CN=Unknown Root)");
    }

    @Test
    void withoutATrustStoreTheOneOfTheJvmDecides() throws Exception {
        assertThat(fault(trusting(null), "localhost", BACKEND.port()))
                .isEqualTo("the certificate of the-backend:1 was not signed by a CA that is trusted here"
                        + " (unknown issuer: CN=Test Root)");
    }

    @Test
    void aChainWithoutItsIntermediate() throws Exception {
        assertThat(fault(trusting(root), "localhost", start(GOOD.withoutChain()).port()))
                .endsWith("was not signed by a CA that is trusted here (unknown issuer: CN=Test Intermediate)");
    }

    @Test
    void aSelfSignedCertificate() throws Exception {
        assertThat(fault(
                        trusting(root),
                        "localhost",
                        start(Authority.selfSigned("localhost")).port()))
                .isEqualTo("the certificate of the-backend:1 is self-signed, and is not itself trusted here");
    }

    // ---- client certificates

    @Test
    void showsItsCertificateToABackendThatDemandsOne() throws Exception {
        Identity client = AUTHORITY.issue("client.example");
        Backend demanding = answering(Backend.start(GOOD, AUTHORITY));
        Path chain = client.writeChain(files.resolve("client.pem"));
        for (TlsSettings tls : List.of(
                with(client.writeKeyStore(files.resolve("client.p12"), PASSWORD), null, PASSWORD),
                with(client.writeChainAndKey(files.resolve("both.pem")), null, null),
                with(chain, client.writeKey(files.resolve("client.key")), null),
                with(chain, client.writeKey(files.resolve("locked.key"), PASSWORD), PASSWORD))) {
            assertThat(get(tls, "localhost", demanding.port())).isEqualTo("for <localhost>");
        }
    }

    @Test
    void aDemandForACertificateThatIsNotThere() throws Exception {
        Backend demanding = answering(Backend.start(GOOD, AUTHORITY));
        assertThat(fault(trusting(root), "localhost", demanding.port()))
                .isEqualTo("the-backend:1 refused the TLS handshake: it wants a client certificate, or does not accept"
                        + " this one (alert bad_certificate)");
    }

    // ---- handshakes that end otherwise

    @Test
    void aBackendThatSpeaksPlainHttp() throws Exception {
        Door door = Door.open(wire -> {
            wire.read(5);
            wire.send("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
            wire.ending();
        });
        assertThat(fault(trusting(root), "localhost", door.port()))
                .isEqualTo("the-backend:1 does not speak TLS on this port; is it plain HTTP?");
    }

    @Test
    void aBackendThatOnlySpeaksOldTls() throws Exception {
        Door alerting = Door.open(wire -> {
            wire.read(5);
            wire.send(HexFormat.of().parseHex("15030300020246"));
            wire.readRest();
        });
        assertThat(fault(trusting(root), "localhost", alerting.port()))
                .isEqualTo("the-backend:1 refused the TLS handshake: it speaks neither TLS 1.2 nor 1.3"
                        + " (alert protocol_version)");
        // A ServerHello of TLS 1.0.
        Door old = Door.open(wire -> {
            wire.read(5);
            wire.send(HexFormat.of()
                    .parseHex("1603010031" + "0200002d" + "0301" + "00".repeat(32) + "00" + "c02f" + "00" + "0005"
                            + "ff01000100"));
            wire.readRest();
        });
        assertThat(fault(trusting(root), "localhost", old.port()))
                .isEqualTo("the-backend:1 speaks no version of TLS that is accepted here, 1.2 or 1.3");
    }

    @Test
    void aBackendThatSaysNothing() throws Exception {
        Door silent = Door.open(wire -> wire.readRest());
        long start = System.nanoTime();
        assertThat(fault(trusting(root), "localhost", silent.port()))
                .isEqualTo("the-backend:1 did not finish the TLS handshake within connectTimeout");
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .isBetween(Duration.ofSeconds(2), Duration.ofSeconds(15));
    }

    @Test
    void aBackendThatCloses() throws Exception {
        Door closing = Door.open(wire -> {
            byte[] head = wire.read(5);
            wire.read((head[3] & 0xff) << 8 | head[4] & 0xff);
        });
        assertThat(fault(trusting(root), "localhost", closing.port()))
                .isEqualTo("the-backend:1 broke off the TLS handshake");
        Door resetting = Door.open(wire -> {
            wire.read(5);
            wire.reset();
        });
        assertThat(fault(trusting(root), "localhost", resetting.port()))
                .isEqualTo("the-backend:1 broke off the TLS handshake");
    }

    @Test
    void aConnectionThatIsRefusedIsNoFaultOfTls() throws Exception {
        int nobody;
        try (java.net.ServerSocket socket = new java.net.ServerSocket(0)) {
            nobody = socket.getLocalPort();
        }
        assertThat(fault(trusting(root), "localhost", nobody)).isNull();
    }
}
