package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.suite.Entrance;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Routes;
import io.fairlead.suite.WireTest;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Stream;
import io.fairlead.suite.peer.Identity;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The certificate of the process, and what becomes of tunnels over TLS when it changes or the process ends. */
class SelfRunningTlsTest extends WireTest {

    private static final String[] HOSTS = {"localhost", "127.0.0.1"};

    private final Authority authority = Authority.create("First");
    private final Path directory;
    private @Nullable SelfRunning own;
    private SSLContext trust = authority.trust();

    SelfRunningTlsTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @Override
    protected Fairlead fairlead() {
        if (own == null) {
            throw new IllegalStateException("not started");
        }
        return own;
    }

    @Override
    protected Entrance entrance() {
        return new Entrance(((SelfRunning) fairlead()).https(), trust, "https", false);
    }

    private SelfRunning start(String... arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(Routes.arguments());
        return own = SelfRunning.startWith(all);
    }

    @Tag("long")
    @Test
    void aCertificateReplacedOnDiskIsForNewConnectionsWhileATunnelLivesOn() throws Exception {
        backend.on("/ws", WireTest::framedEcho);
        Path chain = directory.resolve("chain.pem");
        Path key = directory.resolve("key.pem");
        write(authority.issue(HOSTS), chain, key);
        Authority second = Authority.create("Second");
        try (SelfRunning fairlead = start("--cert", chain.toString(), "--key", key.toString());
                Wire tunnel = webSocketTunnel(Routes.MAIN, "/ws");
                Http2 http2 = Http2.connect(fairlead.https(), trust);
                Http2Stream stream = webSocketStream(http2)) {
            assertFramedEcho(tunnel, new byte[] {1});

            // What does not fit is told and changes nothing.
            second.issue(HOSTS).writeChain(chain);
            eventually().until(() -> fairlead.output().contains("certificate not replaced, the one in use stays"));
            assertThat(handshake(authority)).isNull();

            write(second.issue(HOSTS), chain, key);
            eventually().until(() -> handshake(second) == null);
            assertThat(handshake(authority)).isInstanceOf(SSLHandshakeException.class);
            assertThat(fairlead.output()).containsOnlyOnce("certificate replaced: CN=localhost");

            assertFramedEcho(tunnel, new byte[] {2});
            assertEchoes(stream, "after");
            assertThat(http2.usable()).isTrue();
            trust = second.trust();
            try (Wire young = webSocketTunnel(Routes.MAIN, "/ws")) {
                assertFramedEcho(young, new byte[] {3});
            }
        }
    }

    /** Kubernetes mounts a secret as links to files below a link to a directory, and replaces the latter. */
    @Tag("long")
    @Test
    void aSecretOfKubernetesIsTakenAnewWhenItsLinkMoves() throws Exception {
        Authority second = Authority.create("Second");
        for (Authority each : List.of(authority, second)) {
            Path version = Files.createDirectory(directory.resolve(each == authority ? "..1" : "..2"));
            write(each.issue(HOSTS), version.resolve("tls.crt"), version.resolve("tls.key"));
        }
        Path data = Files.createSymbolicLink(directory.resolve("..data"), Path.of("..1"));
        Path chain = Files.createSymbolicLink(directory.resolve("tls.crt"), Path.of("..data", "tls.crt"));
        Path key = Files.createSymbolicLink(directory.resolve("tls.key"), Path.of("..data", "tls.key"));
        try (SelfRunning fairlead = start("--cert", chain.toString(), "--key", key.toString())) {
            assertThat(handshake(authority)).isNull();
            Path next = Files.createSymbolicLink(directory.resolve("..data_tmp"), Path.of("..2"));
            Files.move(next, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            eventually().until(() -> handshake(second) == null);
            assertThat(fairlead.output()).doesNotContain("not replaced");
        }
    }

    @Test
    void aClientThatTrustsTheRootAloneIsSentTheIntermediate() throws Exception {
        backend.on("/x", exchange -> exchange.answer("200 OK", "found"));
        Path pem = authority.issue(HOSTS).writeChainAndKey(directory.resolve("server.pem"));
        try (SelfRunning fairlead = start("--cert", pem.toString())) {
            HttpClient client = HttpClient.newBuilder().sslContext(trust).build();
            URI uri = URI.create("https://localhost:" + fairlead.https().getPort() + path(Routes.MAIN, "/x"));
            HttpResponse<String> response =
                    client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
            assertThat(response.body()).isEqualTo("found");
            assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_2);
            assertThat(response.sslSession().orElseThrow().getPeerCertificates())
                    .hasSize(2)
                    .endsWith(authority.intermediate());
        }
        Path alone = authority.issue(HOSTS).withoutChain().writeChainAndKey(directory.resolve("alone.pem"));
        try (SelfRunning fairlead = start("--cert", alone.toString())) {
            assertThatThrownBy(() -> Wire.connect(fairlead.https(), trust, 0).close())
                    .as("without it")
                    .isInstanceOf(SSLHandshakeException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void keysOfEveryKindAreServed(String algorithm) throws Exception {
        Identity identity = authority.issueWith(algorithm, HOSTS);
        Path chain = identity.writeChain(directory.resolve("chain.pem"));
        Path key = identity.writeKey(directory.resolve("key.pem"), "secret");
        Path password = Files.writeString(directory.resolve("password"), "secret\n");
        try (SelfRunning fairlead = start(
                "--cert", chain.toString(), "--key", key.toString(), "--key-password-file", password.toString())) {
            assertThat(handshake(authority)).isNull();
            assertThat(fairlead.output()).doesNotContain("secret\n");
        }
    }

    @Test
    void aKeyStoreIsServed() throws Exception {
        Path store = authority.issue(HOSTS).writeKeyStore(directory.resolve("server.p12"), "secret");
        Path password = Files.writeString(directory.resolve("password"), "secret");
        try (SelfRunning fairlead = start("--cert", store.toString(), "--key-password-file", password.toString())) {
            assertThat(handshake(authority)).isNull();
            assertThat(fairlead.output()).contains("chain of 2, from " + store);
        }
    }

    @Test
    void sigtermEndsTunnelsOverTlsAndHttp2AtOnce() throws Exception {
        backend.on("/ws", WireTest::framedEcho);
        Path pem = authority.issue(HOSTS).writeChainAndKey(directory.resolve("server.pem"));
        try (SelfRunning fairlead = start("--cert", pem.toString());
                Wire tunnel = webSocketTunnel(Routes.MAIN, "/ws");
                Http2 http2 = Http2.connect(fairlead.https(), trust);
                Http2Stream stream = webSocketStream(http2)) {
            assertFramedEcho(tunnel, new byte[] {1, 2, 3});
            long start = System.nanoTime();
            fairlead.terminate();
            byte[] close = Frame.close(1012, "the proxy stops").plain();
            assertThat(stream.read(close.length)).isEqualTo(close);
            stream.send(Frame.close(1012, "").masked());
            assertThat(tunnel.read(close.length)).isEqualTo(close);
            tunnel.send(Frame.close(1012, "").masked());
            assertThat(stream.ending()).as("of the tunnel over HTTP/2").isEqualTo(Wire.Ending.FIN);
            assertThat(tunnel.ending()).as("of the tunnel over TLS").isEqualTo(Wire.Ending.FIN);
            assertThat(http2.goneAway()).as("NO_ERROR").isZero();
            eventually().until(() -> backend.open() == 0);
            assertThat(fairlead.exitValue()).isEqualTo(143);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(9));
            assertThat(fairlead.output()).doesNotContain("did not stop cleanly").doesNotContain("Exception");
        }
    }

    private Http2Stream webSocketStream(Http2 http2) throws IOException {
        Http2Stream stream = http2.open(
                http2.connect("websocket", HOST, path(Routes.MAIN, "/ws"), "sec-websocket-version: 13"), false);
        assertThat(stream.readHead().status()).isEqualTo(200);
        assertEchoes(stream, "alive");
        return stream;
    }

    private static void assertEchoes(Http2Stream stream, String text) throws IOException {
        byte[] message = text.getBytes(StandardCharsets.UTF_8);
        stream.send(Frame.text(text).masked());
        byte[] echo = Frame.last(Frame.BINARY, message).plain();
        assertThat(stream.read(echo.length)).isEqualTo(echo);
    }

    private static void write(Identity identity, Path chain, Path key) {
        identity.writeKey(key);
        identity.writeChain(chain);
    }

    /** What a client that trusts an authority finds wrong with the certificate; null if nothing. */
    private @Nullable SSLException handshake(Authority trusted) throws IOException {
        try (Wire wire = Wire.connect(((SelfRunning) fairlead()).https(), trusted.trust(), 0)) {
            return null;
        } catch (SSLException e) {
            return e;
        }
    }
}
