package io.fairlead.suite.peer;

import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JcaMiscPEMGenerator;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.jspecify.annotations.Nullable;

/**
 * A private key and its certificate, made by an {@link Authority}.
 *
 * @param chain the own certificate first, without the root
 */
public record Identity(PrivateKey key, List<X509Certificate> chain) {

    private static final String ALIAS = "identity";

    public X509Certificate certificate() {
        return chain.get(0);
    }

    /** The same key and certificate, without those that stand between it and the root. */
    public Identity withoutChain() {
        return new Identity(key, List.of(certificate()));
    }

    /** For a server with this certificate that asks for none, or for one that an authority has signed. */
    public SSLContext server(@Nullable Authority clients) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers(), clients == null ? null : clients.trustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no TLS context", e);
        }
    }

    KeyManager[] keyManagers() {
        try {
            char[] password = "in memory".toCharArray();
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setKeyEntry(ALIAS, key, password, chain.toArray(new Certificate[0]));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(store, password);
            return factory.getKeyManagers();
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("no key managers", e);
        }
    }

    /** Writes the chain as PEM, the own certificate first. */
    public Path writeChain(Path file) {
        return writePem(file, chain.toArray());
    }

    /** Writes the key as PKCS #8 PEM: {@code PRIVATE KEY}. */
    public Path writeKey(Path file) {
        return writePem(file, pkcs8(null));
    }

    /** Writes the key as encrypted PKCS #8 PEM, as OpenSSL does: {@code ENCRYPTED PRIVATE KEY}. */
    public Path writeKey(Path file, String password) {
        return writePem(file, pkcs8(password));
    }

    /** Writes the key in OpenSSL's old form: {@code RSA PRIVATE KEY} or {@code EC PRIVATE KEY}. */
    public Path writeTraditionalKey(Path file) {
        try {
            return writePem(file, new JcaMiscPEMGenerator(key));
        } catch (IOException e) {
            throw new IllegalStateException("cannot encode the key", e);
        }
    }

    /** Writes the chain and behind it the key as one PEM file. */
    public Path writeChainAndKey(Path file) {
        Object[] all = new Object[chain.size() + 1];
        for (int i = 0; i < chain.size(); i++) {
            all[i] = chain.get(i);
        }
        all[chain.size()] = pkcs8(null);
        return writePem(file, all);
    }

    /** Writes a PKCS12 key store that holds key and chain, both under this password. */
    public Path writeKeyStore(Path file, String password) {
        return writeStore(
                file,
                password,
                store -> store.setKeyEntry(ALIAS, key, password.toCharArray(), chain.toArray(new Certificate[0])));
    }

    private JcaPKCS8Generator pkcs8(@Nullable String password) {
        try {
            return new JcaPKCS8Generator(
                    key,
                    password == null
                            ? null
                            : new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
                                    .setProvider(new BouncyCastleProvider())
                                    .setPRF(PKCS8Generator.PRF_HMACSHA256)
                                    .setPassword(password.toCharArray())
                                    .build());
        } catch (IOException | OperatorCreationException e) {
            throw new IllegalStateException("cannot encode the key", e);
        }
    }

    static Path writePem(Path file, Object... objects) {
        try (Writer text = Files.newBufferedWriter(file);
                JcaPEMWriter writer = new JcaPEMWriter(text)) {
            for (Object object : objects) {
                writer.writeObject(object);
            }
            return file;
        } catch (IOException e) {
            throw new IllegalStateException("cannot write " + file, e);
        }
    }

    /** Puts entries into a key store. */
    interface Entries {
        void addTo(KeyStore store) throws GeneralSecurityException;
    }

    static Path writeStore(Path file, String password, Entries entries) {
        try (OutputStream out = Files.newOutputStream(file)) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            entries.addTo(store);
            store.store(out, password.toCharArray());
            return file;
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("cannot write " + file, e);
        }
    }
}
