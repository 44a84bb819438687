package io.fairlead.suite.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateNotYetValidException;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorityTest {

    private static final Authority AUTHORITY = Authority.create("Test");

    private static void connect(SSLContext client, SSLContext server) throws Exception {
        try (SSLServerSocket door = (SSLServerSocket)
                server.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CompletableFuture<Void> served = Crew.start(() -> {
                try (SSLSocket socket = (SSLSocket) door.accept()) {
                    socket.startHandshake();
                    socket.getOutputStream().write('!');
                }
            });
            try (Wire wire = Wire.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), door.getLocalPort()), client, 0)) {
                assertThat(wire.readText(1)).isEqualTo("!");
            }
            Crew.await(served);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"EC", "RSA", "Ed25519"})
    void whoTrustsTheRootTrustsTheChain(String algorithm) throws Exception {
        connect(
                AUTHORITY.trust(),
                AUTHORITY.issueWith(algorithm, "localhost", "127.0.0.1").server(null));
    }

    @Test
    void theChainIsNeeded() {
        assertThatThrownBy(() -> connect(
                        AUTHORITY.trust(),
                        AUTHORITY.issue("localhost").withoutChain().server(null)))
                .isInstanceOf(SSLHandshakeException.class)
                .hasMessageContaining("unable to find valid certification path");
    }

    @Test
    void whatIsWrongWithACertificateIsWrong() {
        assertThatThrownBy(() -> AUTHORITY.expired("localhost").certificate().checkValidity())
                .isInstanceOf(CertificateExpiredException.class);
        assertThatThrownBy(() -> AUTHORITY.early("localhost").certificate().checkValidity())
                .isInstanceOf(CertificateNotYetValidException.class);
        assertThatThrownBy(() -> connect(
                        AUTHORITY.trust(), Authority.selfSigned("localhost").server(null)))
                .isInstanceOf(SSLHandshakeException.class);
        assertThatThrownBy(() -> connect(
                        Authority.create("Other").trust(),
                        AUTHORITY.issue("localhost").server(null)))
                .isInstanceOf(SSLHandshakeException.class);
    }

    @Test
    void filesHoldWhatTheirNamesSay(@TempDir Path directory) throws Exception {
        Identity identity = AUTHORITY.issueWith("RSA", "localhost");
        Path chain = identity.writeChain(directory.resolve("chain.pem"));
        try (InputStream in = Files.newInputStream(chain)) {
            assertThat(CertificateFactory.getInstance("X.509").generateCertificates(in))
                    .hasSize(2);
        }
        assertThat(identity.writeKey(directory.resolve("key.pem"))).content().startsWith("-----BEGIN PRIVATE KEY-----");
        assertThat(identity.writeKey(directory.resolve("locked.pem"), "secret"))
                .content()
                .startsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
        assertThat(identity.writeTraditionalKey(directory.resolve("rsa.pem")))
                .content()
                .startsWith("-----BEGIN RSA PRIVATE KEY-----");
        assertThat(AUTHORITY.issueWith("EC", "localhost").writeTraditionalKey(directory.resolve("ec.pem")))
                .content()
                .startsWith("-----BEGIN EC PRIVATE KEY-----");
        KeyStore store = KeyStore.getInstance(
                identity.writeKeyStore(directory.resolve("keys.p12"), "secret").toFile(), "secret".toCharArray());
        assertThat(store.getCertificateChain("identity")).hasSize(2);
        KeyStore trusted = KeyStore.getInstance(
                AUTHORITY
                        .writeTrustStore(directory.resolve("trust.p12"), "secret")
                        .toFile(),
                "secret".toCharArray());
        assertThat(trusted.isCertificateEntry("root")).isTrue();
    }
}
