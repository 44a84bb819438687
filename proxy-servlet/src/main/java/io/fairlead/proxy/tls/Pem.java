package io.fairlead.proxy.tls;

import java.io.IOException;
import java.io.StringReader;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.X509TrustedCertificateBlock;
import org.bouncycastle.openssl.bc.BcPEMDecryptorProvider;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a PEM file (RFC 7468): its certificates and private keys in their order. Keys are PKCS#8, also
 * encrypted, PKCS#1 and SEC 1, also in OpenSSL's old encryption. Blocks of other kinds, and text between them, are
 * passed over.
 */
final class Pem {

    private final List<X509Certificate> certificates = new ArrayList<>();
    private final List<PrivateKey> keys = new ArrayList<>();

    private Pem() {}

    /** Reads certificates only; keys are not looked into, so that none needs a password. */
    static Pem certificatesOf(TlsFile file) throws TlsFileException {
        return read(file, false, null);
    }

    /** Reads all. The password is for encrypted keys, and may be null if none is. */
    static Pem of(TlsFile file, @Nullable String password) throws TlsFileException {
        return read(file, true, password);
    }

    private static Pem read(TlsFile file, boolean withKeys, @Nullable String password) throws TlsFileException {
        Pem pem = new Pem();
        try (PEMParser parser = new PEMParser(new StringReader(file.text()))) {
            for (Object block = parser.readObject(); block != null; block = parser.readObject()) {
                X509Certificate certificate = certificate(block);
                if (certificate != null) {
                    pem.certificates.add(certificate);
                } else if (withKeys) {
                    PrivateKey key = key(block, file, password);
                    if (key != null) {
                        pem.keys.add(key);
                    }
                }
            }
        } catch (IOException | GeneralSecurityException | IllegalArgumentException | IllegalStateException e) {
            // Base64 that is cut short comes as one of the unchecked ones.
            throw file.fault(
                    "is damaged: a block between '-----BEGIN' and '-----END' cannot be read (" + e.getMessage()
                            + "); copy it anew",
                    e);
        }
        return pem;
    }

    private static @Nullable X509Certificate certificate(Object block) throws GeneralSecurityException {
        X509CertificateHolder holder = block instanceof X509TrustedCertificateBlock trusted
                ? trusted.getCertificateHolder()
                : block instanceof X509CertificateHolder plain ? plain : null;
        return holder == null ? null : new JcaX509CertificateConverter().getCertificate(holder);
    }

    private static @Nullable PrivateKey key(Object block, TlsFile file, @Nullable String password)
            throws IOException, TlsFileException {
        JcaPEMKeyConverter converter = new JcaPEMKeyConverter();
        if (block instanceof PrivateKeyInfo plain) {
            return converter.getPrivateKey(plain);
        }
        if (block instanceof PEMKeyPair pair) {
            return converter.getPrivateKey(pair.getPrivateKeyInfo());
        }
        if (block instanceof PKCS8EncryptedPrivateKeyInfo encrypted) {
            String secret = needed(password, file);
            try {
                return converter.getPrivateKey(PrivateKeyInfo.getInstance(EncryptedKey.decrypt(encrypted, secret)));
            } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
                throw doesNotOpen(file, e);
            }
        }
        if (block instanceof PEMEncryptedKeyPair encrypted) {
            char[] secret = needed(password, file).toCharArray();
            try {
                PEMKeyPair pair = encrypted.decryptKeyPair(new BcPEMDecryptorProvider(secret));
                return converter.getPrivateKey(pair.getPrivateKeyInfo());
            } catch (IOException e) {
                throw doesNotOpen(file, e);
            }
        }
        return null;
    }

    private static String needed(@Nullable String password, TlsFile file) throws TlsFileException {
        if (password == null) {
            throw file.fault("holds an encrypted key; give its password");
        }
        return password;
    }

    /** A wrong password shows as bytes that are no key; an unknown way of encryption is told apart by the cause only. */
    private static TlsFileException doesNotOpen(TlsFile file, Exception cause) {
        return file.fault(
                "holds a key that does not open with the password; correct it, or encrypt the key anew with:"
                        + " openssl pkcs8 -topk8 -v2 aes-256-cbc",
                cause);
    }

    List<X509Certificate> certificates() {
        return certificates;
    }

    List<PrivateKey> keys() {
        return keys;
    }
}
