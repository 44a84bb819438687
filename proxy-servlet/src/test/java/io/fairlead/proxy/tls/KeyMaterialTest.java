package io.fairlead.proxy.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.misc.MiscObjectIdentifiers;
import org.bouncycastle.asn1.misc.ScryptParams;
import org.bouncycastle.asn1.pkcs.EncryptedPrivateKeyInfo;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.crypto.generators.SCrypt;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyMaterialTest {
    private static final String PASSWORD = "open sesame";

    private static final ASN1ObjectIdentifier CURVE = SECObjectIdentifiers.secp256r1;

    private static Authority root;
    private static Authority intermediate;
    private static KeyPair ec;
    private static KeyPair rsa;
    private static X509Certificate ecCertificate;
    private static X509Certificate rsaCertificate;

    private final Path directory;

    KeyMaterialTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeAll
    static void makeKeys() throws Exception {
        root = Authority.root("root");
        intermediate = root.intermediate("intermediate");
        ec = Authority.ec();
        rsa = Authority.rsa();
        ecCertificate = intermediate.certify(ec);
        rsaCertificate = intermediate.certify(rsa);
    }

    @Test
    void keyInPkcs8IsRead() throws Exception {
        assertHolds(read(pem(rsaCertificate), pkcs8(rsa.getPrivate()), null), rsa.getPrivate(), rsaCertificate);
        assertHolds(read(pem(ecCertificate), pkcs8(ec.getPrivate()), null), ec.getPrivate(), ecCertificate);
    }

    @Test
    void keyInPkcs1IsRead() throws Exception {
        String key = pem(rsa.getPrivate());
        assertThat(key).startsWith("-----BEGIN RSA PRIVATE KEY-----");
        assertHolds(read(pem(rsaCertificate), key, null), rsa.getPrivate(), rsaCertificate);
    }

    @Test
    void keyInSec1IsReadAlsoBehindItsParameters() throws Exception {
        BigInteger secret = ((java.security.interfaces.ECPrivateKey) ec.getPrivate()).getS();
        String key = block("EC PRIVATE KEY", new ECPrivateKey(256, secret, CURVE).getEncoded());
        String parameters = block("EC PARAMETERS", CURVE.getEncoded());
        for (String text : List.of(key, parameters + key)) {
            assertThat(read(pem(ecCertificate), text, null).privateKey())
                    .isInstanceOfSatisfying(java.security.interfaces.ECPrivateKey.class, own -> assertThat(own.getS())
                            .isEqualTo(secret));
        }
    }

    @Test
    void keyOfEd25519IsRead() throws Exception {
        KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        X509Certificate certificate = root.certify(pair);
        assertHolds(read(pem(certificate), pkcs8(pair.getPrivate()), null), pair.getPrivate(), certificate);
    }

    @ParameterizedTest
    @CsvSource(textBlock = """
            AES,    2.16.840.1.101.3.4.1.2,  16, SHA1
            AES,    2.16.840.1.101.3.4.1.22, 24, SHA512
            AES,    2.16.840.1.101.3.4.1.42, 32, SHA256
            DESede, 1.2.840.113549.3.7,      24, SHA256
            """)
    void encryptedPkcs8OpensWithItsPassword(String cipher, String oid, int keyBytes, String digest) throws Exception {
        assertOpensWithItsPassword(pbes2WithPbkdf2(rsa.getPrivate(), cipher, oid, keyBytes, digest));
    }

    @Test
    void pkcs8EncryptedBehindScryptOpensWithItsPassword() throws Exception {
        byte[] salt = {8, 7, 6, 5, 4, 3, 2, 1};
        byte[] secret = SCrypt.generate(PASSWORD.getBytes(StandardCharsets.UTF_8), salt, 1024, 8, 1, 32);
        assertOpensWithItsPassword(pbes2(
                rsa.getPrivate(),
                new KeyDerivationFunc(MiscObjectIdentifiers.id_scrypt, new ScryptParams(salt, 1024, 8, 1)),
                secret,
                "AES",
                "2.16.840.1.101.3.4.1.42"));
    }

    @Test
    void pkcs8EncryptedAsInPkcs12OpensWithItsPassword() throws Exception {
        assertOpensWithItsPassword(pkcs12Scheme(rsa.getPrivate()));
    }

    @Test
    void oldOpenSslEncryptionOpensWithItsPassword() throws Exception {
        // EVP_BytesToKey with MD5, one round; the salt is the first half of the IV.
        byte[] iv = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
        MessageDigest md5 = MessageDigest.getInstance("MD5");
        md5.update(PASSWORD.getBytes(StandardCharsets.UTF_8));
        byte[] secret = md5.digest(Arrays.copyOf(iv, 8));
        Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(secret, "AES"), new IvParameterSpec(iv));
        byte[] pkcs1 = PrivateKeyInfo.getInstance(rsa.getPrivate().getEncoded())
                .parsePrivateKey()
                .toASN1Primitive()
                .getEncoded();
        String key = block("RSA PRIVATE KEY", cipher.doFinal(pkcs1))
                .replaceFirst(
                        "-----\n",
                        "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0102030405060708090A0B0C0D0E0F10\n\n");
        assertOpensWithItsPassword(key);
    }

    private void assertOpensWithItsPassword(String key) throws Exception {
        assertHolds(read(pem(rsaCertificate), key, PASSWORD), rsa.getPrivate(), rsaCertificate);
        assertFault(pem(rsaCertificate), key, "wrong", "does not open with the password");
        assertFault(pem(rsaCertificate), key, null, "holds an encrypted key; give its password");
    }

    @Test
    void chainIsReadInItsOrder() throws Exception {
        String chain = "subject=CN = localhost\n" + pem(ecCertificate) + "\n# the authority\n"
                + pem(intermediate.certificate()) + pem(root.certificate());
        assertHolds(
                read(chain, pkcs8(ec.getPrivate()), null),
                ec.getPrivate(),
                ecCertificate,
                intermediate.certificate(),
                root.certificate());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void keyAndCertificatesMayBeInOneFile(boolean keyFirst) throws Exception {
        String certificates = pem(ecCertificate) + pem(intermediate.certificate());
        String key = pkcs8(ec.getPrivate());
        Path file = write("both", keyFirst ? key + certificates : certificates + key);
        assertHolds(KeyMaterial.of(file, null, null), ec.getPrivate(), ecCertificate, intermediate.certificate());
        assertHolds(KeyMaterial.of(file, file, null), ec.getPrivate(), ecCertificate, intermediate.certificate());
    }

    @Test
    void linesMayEndInCrLf() throws Exception {
        assertHolds(
                read(
                        pem(ecCertificate).replace("\n", "\r\n"),
                        pkcs8(ec.getPrivate()).replace("\n", "\r\n"),
                        null),
                ec.getPrivate(),
                ecCertificate);
    }

    @ParameterizedTest
    @ValueSource(strings = {"PKCS12", "JKS"})
    void keyStoreIsKnownByItsContent(String type) throws Exception {
        Path file = keyStore(type, "looks-like.pem");
        assertHolds(KeyMaterial.of(file, null, PASSWORD), ec.getPrivate(), ecCertificate, intermediate.certificate());
        assertThatThrownBy(() -> KeyMaterial.of(file, null, "wrong"))
                .isInstanceOf(TlsFileException.class)
                .hasMessage(file + " does not open with the password; correct it");
        assertThatThrownBy(() -> KeyMaterial.of(file, null, null))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContainingAll(file.toString(), "needs a password");
        assertThatThrownBy(() -> KeyMaterial.of(file, write("key", "x"), PASSWORD))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContaining("leave out the file of the key");
    }

    @Test
    void keyStoreOfTheKeytoolIsRead() throws Exception {
        Path file = directory.resolve("keytool.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
        assertThat(KeyMaterial.of(file, null, PASSWORD).chain()).singleElement().satisfies(own -> assertThat(
                        own.getSubjectX500Principal().getName())
                .isEqualTo("CN=localhost"));
    }

    @Test
    void keyThatFitsNoCertificateIsRefused() throws Exception {
        assertFault(pem(ecCertificate), pkcs8(Authority.ec().getPrivate()), null, "the key in", "is not for");
        assertFault(pem(ecCertificate), pkcs8(rsa.getPrivate()), null, "the key in", "is not for");
    }

    @Test
    void chainInTheWrongOrderIsRefused() throws Exception {
        assertFault(
                pem(intermediate.certificate()) + pem(ecCertificate),
                pkcs8(ec.getPrivate()),
                null,
                "put the one that the key is for first");
    }

    @Test
    void fileWithoutWhatIsNeededIsRefused() throws Exception {
        assertFault(pkcs8(ec.getPrivate()), pkcs8(ec.getPrivate()), null, "holds no certificate");
        assertFault(pem(ecCertificate), pem(ecCertificate), null, "holds no private key");
        assertFault(pem(ecCertificate), "", null, "is not PEM");
        assertFault("", "", null, "is neither PEM", "nor a keystore");
        assertFault("certificate", "", null, "is neither PEM", "nor a keystore");
        assertFault(pem(ecCertificate), pkcs8(ec.getPrivate()) + pkcs8(rsa.getPrivate()), null, "holds 2 private keys");
    }

    @Test
    void keyStoreWithoutOneKeyIsRefused() throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("root", root.certificate());
        assertThatThrownBy(() -> KeyMaterial.of(store(store, "none"), null, PASSWORD))
                .hasMessageContaining("holds no private key");
        for (String alias : List.of("one", "two")) {
            store.setKeyEntry(alias, ec.getPrivate(), PASSWORD.toCharArray(), new Certificate[] {ecCertificate});
        }
        assertThatThrownBy(() -> KeyMaterial.of(store(store, "two"), null, PASSWORD))
                .hasMessageContainingAll("one", "two", "leave one");
    }

    @Test
    void damagedFilesAreRefused() throws Exception {
        String certificate = pem(ecCertificate);
        String key = pkcs8(ec.getPrivate());
        int middle = certificate.length() / 2;
        for (String damaged : List.of(
                certificate.substring(0, middle),
                certificate.substring(0, middle) + "!" + certificate.substring(middle + 1),
                certificate.substring(0, middle - 8) + certificate.substring(middle),
                "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")) {
            assertFault(damaged, key, null, "is damaged", "copy it anew");
        }
        byte[] store = Files.readAllBytes(keyStore("PKCS12", "whole"));
        Path cut = directory.resolve("cut");
        Files.write(cut, Arrays.copyOf(store, store.length / 2));
        assertThatThrownBy(() -> KeyMaterial.of(cut, null, PASSWORD))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContainingAll(cut.toString(), "damaged");
    }

    @Test
    void missingAndOversizedFilesAndDirectoriesAreRefused() throws Exception {
        Path missing = directory.resolve("missing");
        assertThatThrownBy(() -> KeyMaterial.of(missing, null, null))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContaining("there is no file " + missing);
        assertThatThrownBy(() -> KeyMaterial.of(directory, null, null))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContaining(directory + " cannot be read");
        Path large = directory.resolve("large");
        Files.write(large, new byte[TlsFile.MOST_BYTES + 1]);
        assertThatThrownBy(() -> KeyMaterial.of(large, null, null))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContaining("larger than 8 MB");
    }

    @Test
    void keyStoreInMemoryHoldsKeyAndChain() throws Exception {
        KeyMaterial material = KeyMaterial.of(ec.getPrivate(), List.of(ecCertificate, intermediate.certificate()));
        KeyStore store = material.keyStore("secret");
        assertThat(store.size()).isEqualTo(1);
        String alias = store.aliases().nextElement();
        assertThat(store.getKey(alias, "secret".toCharArray())).isEqualTo(ec.getPrivate());
        assertThat(store.getCertificateChain(alias)).containsExactly(ecCertificate, intermediate.certificate());
    }

    @Test
    void noSecurityProviderIsRegistered() throws Exception {
        read(pem(rsaCertificate), pkcs12Scheme(rsa.getPrivate()), PASSWORD);
        assertThat(Security.getProvider("BC")).isNull();
    }

    private KeyMaterial read(String certificates, String key, @Nullable String password) throws Exception {
        return KeyMaterial.of(write("certificates", certificates), write("key", key), password);
    }

    private void assertFault(String certificates, String key, @Nullable String password, String... words) {
        assertThatThrownBy(() -> read(certificates, key, password))
                .isInstanceOf(TlsFileException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContainingAll(words);
    }

    private static void assertHolds(KeyMaterial material, PrivateKey key, X509Certificate... chain) {
        assertThat(material.privateKey()).isEqualTo(key);
        assertThat(material.chain()).containsExactly(chain);
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text);
    }

    private Path keyStore(String type, String name) throws Exception {
        KeyStore store = KeyStore.getInstance(type);
        store.load(null, null);
        store.setKeyEntry("server", ec.getPrivate(), PASSWORD.toCharArray(), new Certificate[] {
            ecCertificate, intermediate.certificate()
        });
        return store(store, name);
    }

    private Path store(KeyStore store, String name) throws Exception {
        Path file = directory.resolve(name);
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, PASSWORD.toCharArray());
        }
        return file;
    }

    private static String pkcs8(PrivateKey key) {
        return block("PRIVATE KEY", key.getEncoded());
    }

    /** By PBES2 as OpenSSL makes it, put together by hand: the JDK would make no triple DES. */
    private static String pbes2(
            PrivateKey key, KeyDerivationFunc function, byte[] secret, String cipherName, String oid) throws Exception {
        Cipher cipher = Cipher.getInstance(cipherName + "/CBC/PKCS5Padding");
        cipher.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(secret, cipherName));
        EncryptionScheme scheme =
                new EncryptionScheme(new ASN1ObjectIdentifier(oid), new DEROctetString(cipher.getIV()));
        EncryptedPrivateKeyInfo info = new EncryptedPrivateKeyInfo(
                new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBES2, new PBES2Parameters(function, scheme)),
                cipher.doFinal(key.getEncoded()));
        return block("ENCRYPTED PRIVATE KEY", info.getEncoded());
    }

    private static String pbes2WithPbkdf2(PrivateKey key, String cipher, String oid, int keyBytes, String digest)
            throws Exception {
        byte[] salt = {1, 2, 3, 4, 5, 6, 7, 8};
        byte[] secret = SecretKeyFactory.getInstance("PBKDF2WithHmac" + digest)
                .generateSecret(new PBEKeySpec(PASSWORD.toCharArray(), salt, 2048, 8 * keyBytes))
                .getEncoded();
        ASN1ObjectIdentifier prf =
                switch (digest) {
                    case "SHA1" -> PKCSObjectIdentifiers.id_hmacWithSHA1;
                    case "SHA256" -> PKCSObjectIdentifiers.id_hmacWithSHA256;
                    case "SHA512" -> PKCSObjectIdentifiers.id_hmacWithSHA512;
                    default -> throw new IllegalArgumentException(digest);
                };
        PBKDF2Params parameters = new PBKDF2Params(salt, 2048, new AlgorithmIdentifier(prf, DERNull.INSTANCE));
        return pbes2(key, new KeyDerivationFunc(PKCSObjectIdentifiers.id_PBKDF2, parameters), secret, cipher, oid);
    }

    private static String pkcs12Scheme(PrivateKey key) throws Exception {
        String scheme = "PBEWithSHA1AndDESede";
        Cipher cipher = Cipher.getInstance(scheme);
        cipher.init(
                Cipher.ENCRYPT_MODE,
                SecretKeyFactory.getInstance(scheme).generateSecret(new PBEKeySpec(PASSWORD.toCharArray())));
        return block(
                "ENCRYPTED PRIVATE KEY",
                new javax.crypto.EncryptedPrivateKeyInfo(cipher.getParameters(), cipher.doFinal(key.getEncoded()))
                        .getEncoded());
    }

    private static String block(String name, byte[] content) {
        return "-----BEGIN " + name + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content) + "\n-----END " + name
                + "-----\n";
    }

    private static String pem(Object object) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
            writer.writeObject(object);
        }
        return text.toString().replace("\r\n", "\n");
    }
}
