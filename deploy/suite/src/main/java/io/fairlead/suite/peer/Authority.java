package io.fairlead.suite.peer;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority for one run of the tests: a root, an intermediate below it, and what the intermediate signs. A
 * peer that trusts the root alone must be sent the intermediate.
 *
 * <p>Thread-safe.
 */
public final class Authority {

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Duration DAY = Duration.ofDays(1);
    private static final Duration LONG = Duration.ofDays(300);

    /** What a certificate may be used for. An authority's signs others. */
    private static final KeyPurposeId[] AUTHORITY = {};

    private static final KeyPurposeId[] CLIENT = {KeyPurposeId.id_kp_clientAuth};
    private static final KeyPurposeId[] BOTH = {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth};

    private final X509Certificate root;
    private final X509Certificate intermediate;
    private final KeyPair intermediateKeys;

    private Authority(X509Certificate root, X509Certificate intermediate, KeyPair intermediateKeys) {
        this.root = root;
        this.intermediate = intermediate;
        this.intermediateKeys = intermediateKeys;
    }

    /** Makes a root {@code CN=<name> Root} and an intermediate {@code CN=<name> Intermediate}. */
    public static Authority create(String name) {
        return create(name, Instant.now().plus(LONG));
    }

    /** The same, but the intermediate was valid until yesterday. */
    public static Authority withExpiredIntermediate(String name) {
        return create(name, Instant.now().minus(DAY));
    }

    private static Authority create(String name, Instant intermediateTo) {
        KeyPair rootKeys = keys("EC");
        KeyPair intermediateKeys = keys("EC");
        X500Name rootName = new X500Name("CN=" + name + " Root");
        X500Name intermediateName = new X500Name("CN=" + name + " Intermediate");
        Instant from = Instant.now().minus(DAY.multipliedBy(30));
        Instant to = Instant.now().plus(LONG);
        X509Certificate root = sign(builder(rootName, rootName, rootKeys.getPublic(), from, to, AUTHORITY), rootKeys);
        X509Certificate intermediate = sign(
                builder(rootName, intermediateName, intermediateKeys.getPublic(), from, intermediateTo, AUTHORITY),
                rootKeys);
        return new Authority(root, intermediate, intermediateKeys);
    }

    public X509Certificate root() {
        return root;
    }

    public X509Certificate intermediate() {
        return intermediate;
    }

    /** A server's or a client's certificate for host names and IP addresses, valid from yesterday for ten days. */
    public Identity issue(String... hosts) {
        return issueWith("EC", hosts);
    }

    /** As {@link #issue(String...)}, with a key of an algorithm: {@code EC} (P-256), {@code RSA} (2048), {@code Ed25519}. */
    public Identity issueWith(String algorithm, String... hosts) {
        return issue(algorithm, Instant.now().minus(DAY), soon(), BOTH, hosts);
    }

    /** A certificate that was valid until yesterday. */
    public Identity expired(String... hosts) {
        return issue(
                "EC", Instant.now().minus(DAY.multipliedBy(10)), Instant.now().minus(DAY), BOTH, hosts);
    }

    /** A certificate that is valid from tomorrow on. */
    public Identity early(String... hosts) {
        return issue("EC", Instant.now().plus(DAY), soon(), BOTH, hosts);
    }

    /** A certificate that no server may show. */
    public Identity forClientsOnly(String... hosts) {
        return issue("EC", Instant.now().minus(DAY), soon(), CLIENT, hosts);
    }

    private static Instant soon() {
        return Instant.now().plus(DAY.multipliedBy(10));
    }

    private Identity issue(String algorithm, Instant from, Instant to, KeyPurposeId[] purposes, String... hosts) {
        KeyPair keys = keys(algorithm);
        X500Name issuer =
                X500Name.getInstance(intermediate.getSubjectX500Principal().getEncoded());
        X509v3CertificateBuilder builder =
                builder(issuer, new X500Name("CN=" + hosts[0]), keys.getPublic(), from, to, purposes);
        X509Certificate certificate = sign(named(builder, hosts), intermediateKeys);
        return new Identity(keys.getPrivate(), List.of(certificate, intermediate));
    }

    /** A certificate that nobody signed but its own key. */
    public static Identity selfSigned(String... hosts) {
        KeyPair keys = keys("EC");
        X500Name name = new X500Name("CN=" + hosts[0]);
        X509v3CertificateBuilder builder =
                builder(name, name, keys.getPublic(), Instant.now().minus(DAY), soon(), BOTH);
        return new Identity(keys.getPrivate(), List.of(sign(named(builder, hosts), keys)));
    }

    /** For a peer that trusts the root alone and has no certificate of its own. Host names are the socket's to check. */
    public SSLContext trust() {
        return context(null);
    }

    /** For a peer that trusts the root alone and shows a certificate when it is asked for one. */
    public SSLContext trustAs(Identity client) {
        return context(client);
    }

    private SSLContext context(@Nullable Identity identity) {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(identity == null ? null : identity.keyManagers(), trustManagers(), null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no TLS context", e);
        }
    }

    TrustManager[] trustManagers() {
        try {
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("root", root);
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(trusted);
            return factory.getTrustManagers();
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException("no trust managers", e);
        }
    }

    /** Writes the root's certificate as PEM. */
    public Path writeRoot(Path file) {
        return Identity.writePem(file, root);
    }

    /** Writes a PKCS12 key store that holds the root's certificate and no key. */
    public Path writeTrustStore(Path file, String password) {
        return Identity.writeStore(file, password, store -> store.setCertificateEntry("root", root));
    }

    private static KeyPair keys(String algorithm) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
            if (algorithm.equals("EC")) {
                generator.initialize(256);
            } else if (algorithm.equals("RSA")) {
                generator.initialize(2048);
            }
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("no keys", e);
        }
    }

    private static X509v3CertificateBuilder builder(
            X500Name issuer, X500Name subject, PublicKey key, Instant from, Instant to, KeyPurposeId[] purposes) {
        try {
            X509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    issuer, new BigInteger(127, RANDOM), Date.from(from), Date.from(to), subject, key);
            boolean authority = purposes.length == 0;
            int usage = authority ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature;
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
            if (!authority) {
                builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
            }
            return builder;
        } catch (CertIOException e) {
            throw new IllegalStateException("no certificate", e);
        }
    }

    private static X509v3CertificateBuilder named(X509v3CertificateBuilder builder, String... hosts) {
        GeneralName[] names = new GeneralName[hosts.length];
        for (int i = 0; i < hosts.length; i++) {
            boolean address = hosts[i].indexOf(':') >= 0 || hosts[i].matches("[0-9.]+");
            names[i] = new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, hosts[i]);
        }
        try {
            return builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
        } catch (CertIOException e) {
            throw new IllegalStateException("no certificate", e);
        }
    }

    private static X509Certificate sign(X509v3CertificateBuilder builder, KeyPair signer) {
        String algorithm =
                switch (signer.getPrivate().getAlgorithm()) {
                    case "EC" -> "SHA256withECDSA";
                    case "RSA" -> "SHA256withRSA";
                    default -> "Ed25519";
                };
        try {
            return new JcaX509CertificateConverter()
                    .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(signer.getPrivate())));
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new IllegalStateException("no certificate", e);
        }
    }
}
