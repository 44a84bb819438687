package io.fairlead.proxy.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one side of TLS proves itself with: a private key and the chain of certificates that belongs to it, its own
 * first. Immutable.
 */
public final class KeyMaterial {

    private static final String ALIAS = "fairlead";

    private final PrivateKey key;
    private final List<X509Certificate> chain;

    private KeyMaterial(PrivateKey key, List<X509Certificate> chain) {
        this.key = key;
        this.chain = List.copyOf(chain);
    }

    /** A key and a chain that are there already. */
    public static KeyMaterial of(PrivateKey key, List<X509Certificate> chain) {
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("a chain has one certificate at least");
        }
        return new KeyMaterial(key, chain);
    }

    /**
     * Reads files. The key is held against the certificate; whether the certificate is valid today is not judged.
     *
     * @param certificates PEM, the side's own certificate first and then those between it and the authority; or a
     *     PKCS12 or JKS keystore with one key
     * @param key PEM; null if the key is in the first file
     * @param password of the encrypted key or of the keystore; null if there is none
     * @throws TlsFileException if a file cannot be read, or the two do not fit
     */
    public static KeyMaterial of(Path certificates, @Nullable Path key, @Nullable String password)
            throws TlsFileException {
        TlsFile file = TlsFile.read(certificates);
        if (file.isPem()) {
            return ofPem(file, key == null ? file : TlsFile.read(key), password);
        }
        if (!file.isKeyStore()) {
            throw file.unknown();
        }
        if (key != null) {
            throw file.fault("is a keystore, and a keystore holds the key too; leave out the file of the key, " + key);
        }
        return ofKeyStore(file, password);
    }

    private static KeyMaterial ofPem(TlsFile certificates, TlsFile keys, @Nullable String password)
            throws TlsFileException {
        List<X509Certificate> chain = Pem.certificatesOf(certificates).certificates();
        if (chain.isEmpty()) {
            throw certificates.fault("holds no certificate; name the file with '-----BEGIN CERTIFICATE-----'");
        }
        if (!keys.isPem()) {
            throw keys.fault("is not PEM; convert the key with: openssl pkey");
        }
        List<PrivateKey> found = Pem.of(keys, password).keys();
        if (found.isEmpty()) {
            throw keys.fault("holds no private key; name the file with '-----BEGIN PRIVATE KEY-----'");
        }
        if (found.size() > 1) {
            throw keys.fault("holds " + found.size() + " private keys; leave the one that fits the certificate");
        }
        PrivateKey key = found.get(0);
        if (!fits(key, chain.get(0))) {
            throw certificates.fault(
                    chain.stream().anyMatch(other -> fits(key, other))
                            ? "has the certificates in the wrong order; put the one that the key is for first"
                            : "has a first certificate that the key in " + keys
                                    + " is not for; name the two that belong together");
        }
        return new KeyMaterial(key, chain);
    }

    private static KeyMaterial ofKeyStore(TlsFile file, @Nullable String password) throws TlsFileException {
        KeyStore store = file.keyStore(password);
        try {
            List<String> aliases = new ArrayList<>();
            for (String alias : Collections.list(store.aliases())) {
                if (store.isKeyEntry(alias)) {
                    aliases.add(alias);
                }
            }
            if (aliases.size() != 1) {
                throw file.fault(
                        aliases.isEmpty()
                                ? "holds no private key; import one with keytool"
                                : "holds the private keys " + aliases + "; leave one");
            }
            Key key = store.getKey(aliases.get(0), password == null ? new char[0] : password.toCharArray());
            Certificate[] chain = store.getCertificateChain(aliases.get(0));
            if (!(key instanceof PrivateKey own) || chain == null || chain.length == 0) {
                throw file.fault(
                        password == null
                                ? "holds a key without a certificate, or needs a password; give it"
                                : "holds a key without a certificate; import the certificate with keytool");
            }
            List<X509Certificate> certificates = new ArrayList<>();
            for (Certificate certificate : chain) {
                certificates.add((X509Certificate) certificate);
            }
            return new KeyMaterial(own, certificates);
        } catch (UnrecoverableKeyException e) {
            throw file.fault(
                    password == null
                            ? "needs a password; give it"
                            : "holds a key that does not open with the password of the keystore; make them the same",
                    e);
        } catch (GeneralSecurityException e) {
            throw file.fault("cannot be used by this JDK (" + e.getMessage() + "); make it anew with keytool", e);
        }
    }

    /** Whether both are of one pair: for RSA by their modulus, else the certificate must verify what the key signs. */
    private static boolean fits(PrivateKey key, X509Certificate certificate) {
        PublicKey own = certificate.getPublicKey();
        if (key instanceof RSAKey one && own instanceof RSAKey other) {
            return one.getModulus().equals(other.getModulus());
        }
        String algorithm =
                switch (key.getAlgorithm()) {
                    case "EC" -> "SHA256withECDSA";
                    case "DSA" -> "SHA256withDSA";
                    default -> key.getAlgorithm();
                };
        byte[] probe = ALIAS.getBytes(StandardCharsets.US_ASCII);
        try {
            Signature signer = Signature.getInstance(algorithm);
            signer.initSign(key);
            signer.update(probe);
            byte[] signature = signer.sign();
            Signature verifier = Signature.getInstance(algorithm);
            verifier.initVerify(own);
            verifier.update(probe);
            return verifier.verify(signature);
        } catch (GeneralSecurityException e) {
            // A key of another kind than the certificate's.
            return false;
        }
    }

    /** The private key. */
    public PrivateKey privateKey() {
        return key;
    }

    /** The chain, not empty; what the key belongs to comes first. */
    public List<X509Certificate> chain() {
        return chain;
    }

    /** A new keystore in memory that holds this and nothing else, under the given password. */
    public KeyStore keyStore(String password) {
        try {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(ALIAS, key, password.toCharArray(), chain.toArray(Certificate[]::new));
            return store;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("no keystore in memory", e);
        }
    }
}
