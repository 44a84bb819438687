package io.fairlead.proxy.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.misc.MiscObjectIdentifiers;
import org.bouncycastle.asn1.misc.ScryptParams;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.EncryptionScheme;
import org.bouncycastle.asn1.pkcs.KeyDerivationFunc;
import org.bouncycastle.asn1.pkcs.PBES2Parameters;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.crypto.generators.SCrypt;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;

/**
 * An encrypted PKCS#8 key (RFC 5958), opened. PBES2 of RFC 8018 is taken apart here, with AES or triple DES behind
 * PBKDF2 or scrypt, as OpenSSL makes it: the JDK's own knows no triple DES, and Bouncy Castle's leaves the padding on
 * when it runs over the JDK's ciphers. The older schemes are the JDK's.
 */
final class EncryptedKey {

    private record Scheme(String cipher, int keyBytes) {}

    private static final Map<ASN1ObjectIdentifier, Scheme> CIPHERS = Map.of(
            NISTObjectIdentifiers.id_aes128_CBC, new Scheme("AES", 16),
            NISTObjectIdentifiers.id_aes192_CBC, new Scheme("AES", 24),
            NISTObjectIdentifiers.id_aes256_CBC, new Scheme("AES", 32),
            PKCSObjectIdentifiers.des_EDE3_CBC, new Scheme("DESede", 24));

    private static final Map<ASN1ObjectIdentifier, String> DIGESTS = Map.of(
            PKCSObjectIdentifiers.id_hmacWithSHA1, "PBKDF2WithHmacSHA1",
            PKCSObjectIdentifiers.id_hmacWithSHA224, "PBKDF2WithHmacSHA224",
            PKCSObjectIdentifiers.id_hmacWithSHA256, "PBKDF2WithHmacSHA256",
            PKCSObjectIdentifiers.id_hmacWithSHA384, "PBKDF2WithHmacSHA384",
            PKCSObjectIdentifiers.id_hmacWithSHA512, "PBKDF2WithHmacSHA512");

    private EncryptedKey() {}

    /**
     * Returns what was encrypted, or with a wrong password sometimes other bytes.
     *
     * @throws GeneralSecurityException if the password is wrong or the way of encryption unknown
     */
    static byte[] decrypt(PKCS8EncryptedPrivateKeyInfo key, String password)
            throws GeneralSecurityException, IOException {
        return PKCSObjectIdentifiers.id_PBES2.equals(
                        key.getEncryptionAlgorithm().getAlgorithm())
                ? pbes2(key, password)
                : older(new EncryptedPrivateKeyInfo(key.getEncoded()), password);
    }

    private static byte[] pbes2(PKCS8EncryptedPrivateKeyInfo key, String password) throws GeneralSecurityException {
        PBES2Parameters parameters =
                PBES2Parameters.getInstance(key.getEncryptionAlgorithm().getParameters());
        EncryptionScheme encryption = parameters.getEncryptionScheme();
        Scheme scheme = CIPHERS.get(encryption.getAlgorithm());
        if (scheme == null) {
            throw new NoSuchAlgorithmException("cipher " + encryption.getAlgorithm());
        }
        byte[] secret = derive(parameters.getKeyDerivationFunc(), password, scheme.keyBytes());
        byte[] iv = ASN1OctetString.getInstance(encryption.getParameters()).getOctets();
        Cipher cipher = Cipher.getInstance(scheme.cipher() + "/CBC/PKCS5Padding");
        cipher.init(Cipher.DECRYPT_MODE, new SecretKeySpec(secret, scheme.cipher()), new IvParameterSpec(iv));
        return cipher.doFinal(key.getEncryptedData());
    }

    private static byte[] derive(KeyDerivationFunc function, String password, int length)
            throws GeneralSecurityException {
        if (MiscObjectIdentifiers.id_scrypt.equals(function.getAlgorithm())) {
            ScryptParams scrypt = ScryptParams.getInstance(function.getParameters());
            return SCrypt.generate(
                    password.getBytes(StandardCharsets.UTF_8),
                    scrypt.getSalt(),
                    scrypt.getCostParameter().intValueExact(),
                    scrypt.getBlockSize().intValueExact(),
                    scrypt.getParallelizationParameter().intValueExact(),
                    length);
        }
        if (!PKCSObjectIdentifiers.id_PBKDF2.equals(function.getAlgorithm())) {
            throw new NoSuchAlgorithmException("key derivation " + function.getAlgorithm());
        }
        PBKDF2Params pbkdf2 = PBKDF2Params.getInstance(function.getParameters());
        String digest = DIGESTS.get(pbkdf2.getPrf().getAlgorithm());
        if (digest == null) {
            throw new NoSuchAlgorithmException("digest " + pbkdf2.getPrf().getAlgorithm());
        }
        PBEKeySpec spec = new PBEKeySpec(
                password.toCharArray(),
                pbkdf2.getSalt(),
                pbkdf2.getIterationCount().intValueExact(),
                8 * length);
        try {
            return SecretKeyFactory.getInstance(digest).generateSecret(spec).getEncoded();
        } finally {
            spec.clearPassword();
        }
    }

    private static byte[] older(EncryptedPrivateKeyInfo key, String password) throws GeneralSecurityException {
        AlgorithmParameters parameters = key.getAlgParameters();
        PBEKeySpec spec = new PBEKeySpec(password.toCharArray());
        try {
            Cipher cipher = Cipher.getInstance(key.getAlgName());
            cipher.init(
                    Cipher.DECRYPT_MODE,
                    SecretKeyFactory.getInstance(key.getAlgName()).generateSecret(spec),
                    parameters);
            return cipher.doFinal(key.getEncryptedData());
        } finally {
            spec.clearPassword();
        }
    }
}
