package io.fairlead.launcher;

import io.fairlead.proxy.tls.KeyMaterial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A key and its certificates as an administrator has them, and what trusts them. */
final class TestCertificates {
    private TestCertificates() {}

    /** Both in one file. */
    static Path write(Path file, KeyMaterial material) throws IOException {
        return Files.writeString(file, chain(material) + key(material));
    }

    static Path writeChain(Path file, KeyMaterial material) throws IOException {
        return Files.writeString(file, chain(material));
    }

    static Path writeKey(Path file, KeyMaterial material) throws IOException {
        return Files.writeString(file, key(material));
    }

    private static String chain(KeyMaterial material) {
        StringBuilder text = new StringBuilder();
        try {
            for (X509Certificate certificate : material.chain())
                text.append(block("CERTIFICATE", certificate.getEncoded()));
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException(e);
        }
        return text.toString();
    }

    private static String key(KeyMaterial material) {
        return block("PRIVATE KEY", material.privateKey().getEncoded());
    }

    private static String block(String name, byte[] content) {
        return "-----BEGIN " + name + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + name
                + "-----\n";
    }

    /** Trusts the one certificate; whether it is for the name is the client's to check. */
    static SSLContext trust(KeyMaterial material) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("own", material.chain().get(0));
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trusted.getTrustManagers(), null);
        return context;
    }
}
