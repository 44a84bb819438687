package io.fairlead.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collections;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TrustMaterialTest {
    private static final String PASSWORD = "changeit";

    private static X509Certificate one;
    private static X509Certificate two;

    private final Path directory;

    TrustMaterialTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeAll
    static void makeAuthorities() throws Exception {
        one = Authority.root("one").certificate();
        two = Authority.root("two").certificate();
    }

    @Test
    void everyCertificateOfAPemFileIsTrustedOnce() throws Exception {
        Path file = pem("authorities", "one\n", one, "two\n", two, one);
        assertThat(TrustMaterial.of(file, null).certificates()).containsExactly(one, two);
    }

    @Test
    void keysInAPemFileAreNotLookedAt() throws Exception {
        Path file = pem("authorities", one, Authority.ec().getPrivate());
        assertThat(TrustMaterial.of(file, null).certificates()).containsExactly(one);
        assertThatThrownBy(() -> TrustMaterial.of(pem("key", Authority.ec().getPrivate()), null))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContainingAll("key", "holds no certificate");
    }

    @ParameterizedTest
    @ValueSource(strings = {"PKCS12", "JKS"})
    void trustedCertificatesOfAKeyStoreAreRead(String type) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        store.load(null, null);
        store.setCertificateEntry("one", one);
        store.setCertificateEntry("two", two);
        Path file = store(store, PASSWORD);
        assertThat(TrustMaterial.of(file, PASSWORD).certificates()).containsExactlyInAnyOrder(one, two);
        assertThatThrownBy(() -> TrustMaterial.of(file, "wrong"))
                .isInstanceOf(TlsFileException.class)
                .hasMessage(file + " does not open with the password; correct it");
    }

    @Test
    void ownCertificateOfAKeyIsTrustedAsTheJdkDoes() throws Exception {
        KeyPair pair = Authority.ec();
        X509Certificate own = Authority.root("root").certify(pair);
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("own", pair.getPrivate(), PASSWORD.toCharArray(), new Certificate[] {own});
        assertThat(TrustMaterial.of(store(store, PASSWORD), PASSWORD).certificates())
                .containsExactly(own);
    }

    @Test
    void keyStoreWithoutCertificatesIsRefused() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        Path file = store(store, PASSWORD);
        assertThatThrownBy(() -> TrustMaterial.of(file, PASSWORD))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContaining(file + " holds no trusted certificate; import one");
    }

    @Test
    void encryptedKeyStoreWithoutItsPasswordIsRefused() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("one", one);
        Path file = store(store, PASSWORD);
        assertThatThrownBy(() -> TrustMaterial.of(file, null))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContainingAll(file.toString(), "needs a password");
    }

    @Test
    void otherFilesAreRefused() throws Exception {
        Path text = Files.writeString(directory.resolve("text"), "trust me");
        assertThatThrownBy(() -> TrustMaterial.of(text, null))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContainingAll(text.toString(), "is neither PEM");
        Path missing = directory.resolve("missing");
        assertThatThrownBy(() -> TrustMaterial.of(missing, null))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContaining("there is no file " + missing);
    }

    @Test
    void keyStoreInMemoryHoldsEveryCertificate() throws Exception {
        KeyStore store = TrustMaterial.of(pem("authorities", one, two), null).keyStore();
        assertThat(Collections.list(store.aliases()))
                .hasSize(2)
                .allSatisfy(alias -> assertThat(store.isCertificateEntry(alias)).isTrue());
        assertThat(store.getCertificateAlias(one)).isNotNull();
        assertThat(store.getCertificateAlias(two)).isNotNull();
    }

    private Path pem(String name, Object... parts) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            for (Object part : Arrays.asList(parts)) {
                if (part instanceof String words) {
                    writer.write(words);
                } else {
                    writer.writeObject(part);
                }
            }
        }
        return Files.writeString(directory.resolve(name), text.toString());
    }

    private Path store(KeyStore store, String password) throws Exception {
        Path file = directory.resolve("store");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, password.toCharArray());
        }
        return file;
    }
}
