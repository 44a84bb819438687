package io.fairlead.launcher;

import io.fairlead.proxy.tls.KeyMaterial;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/**
 * The server's side of TLS: 1.2 and 1.3, Jetty's choice of ciphers, one certificate whatever name the client asks for. It
 * may be replaced while connections are open; those keep what they have.
 */
final class ServerTls {
    private final SslContextFactory.Server factory = new SslContextFactory.Server();

    ServerTls(KeyMaterial material) {
        factory.setIncludeProtocols("TLSv1.2", "TLSv1.3");
        factory.setRenegotiationAllowed(false);
        factory.setSniRequired(false);
        use(factory, material);
    }

    SslContextFactory.Server factory() {
        return factory;
    }

    /** From any thread. What connects from now on gets the new certificate. */
    void replace(KeyMaterial material) throws Exception {
        factory.reload(same -> use((SslContextFactory.Server) same, material));
    }

    private static void use(SslContextFactory.Server factory, KeyMaterial material) {
        // A keystore in memory must have a password; nobody needs to know this one.
        String password = UUID.randomUUID().toString();
        factory.setKeyStore(material.keyStore(password));
        factory.setKeyStorePassword(password);
        factory.setKeyManagerPassword(password);
    }

    /** One line for people: of whom, by whom, until when, and the fingerprint. */
    static String describe(List<X509Certificate> chain) {
        X509Certificate own = chain.get(0);
        Instant end = own.getNotAfter().toInstant();
        String line = own.getSubjectX500Principal() + ", issued by " + own.getIssuerX500Principal()
                + (end.isBefore(Instant.now()) ? ", EXPIRED on " : ", valid until ") + end + ", SHA-256 "
                + fingerprint(own) + (chain.size() == 1 ? "" : ", chain of " + chain.size());
        return line.replaceAll("\\p{Cntrl}+", " ");
    }

    private static String fingerprint(X509Certificate certificate) {
        try {
            return HexFormat.ofDelimiter(":")
                    .withUpperCase()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("a certificate that was read has an encoding", e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
