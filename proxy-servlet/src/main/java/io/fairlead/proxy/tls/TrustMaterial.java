package io.fairlead.proxy.tls;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What one side of TLS holds the other to: the certificates of the authorities that it trusts. Immutable. */
public final class TrustMaterial {

    private final List<X509Certificate> certificates;

    private TrustMaterial(Set<X509Certificate> certificates) {
        this.certificates = List.copyOf(certificates);
    }

    /**
     * Reads a file.
     *
     * @param file certificates in PEM, in any order; or a PKCS12 or JKS keystore with trusted certificates
     * @param password of the keystore; null if there is none
     * @throws TlsFileException if it cannot be read or holds no certificate
     */
    public static TrustMaterial of(Path file, @Nullable String password) throws TlsFileException {
        TlsFile read = TlsFile.read(file);
        if (!read.isPem() && !read.isKeyStore()) {
            throw read.unknown();
        }
        Set<X509Certificate> certificates = read.isPem()
                ? new LinkedHashSet<>(Pem.certificatesOf(read).certificates())
                : ofKeyStore(read, password);
        if (certificates.isEmpty()) {
            throw read.fault(
                    read.isPem()
                            ? "holds no certificate; name the file with '-----BEGIN CERTIFICATE-----'"
                            : "holds no trusted certificate"
                                    + (password == null ? ", or needs a password" : "")
                                    + "; import one with: keytool -importcert");
        }
        return new TrustMaterial(certificates);
    }

    /** As the JDK takes them: trusted certificates, and of a key its own. */
    private static Set<X509Certificate> ofKeyStore(TlsFile file, @Nullable String password) throws TlsFileException {
        KeyStore store = file.keyStore(password);
        Set<X509Certificate> certificates = new LinkedHashSet<>();
        try {
            for (String alias : Collections.list(store.aliases())) {
                Certificate certificate = store.getCertificate(alias);
                if (certificate instanceof X509Certificate known) {
                    certificates.add(known);
                }
            }
        } catch (KeyStoreException e) {
            throw file.fault("cannot be used by this JDK (" + e.getMessage() + "); make it anew with keytool", e);
        }
        return certificates;
    }

    /** The trusted certificates, not empty. */
    public List<X509Certificate> certificates() {
        return certificates;
    }

    /** A new keystore in memory that holds these and nothing else; without a password. */
    public KeyStore keyStore() {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            for (int i = 0; i < certificates.size(); i++) {
                store.setCertificateEntry("authority-" + (i + 1), certificates.get(i));
            }
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("no keystore in memory", e);
        }
    }
}
