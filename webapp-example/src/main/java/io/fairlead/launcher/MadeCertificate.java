package io.fairlead.launcher;

import io.fairlead.proxy.tls.KeyMaterial;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** A key and a certificate that nobody but itself has signed, for one run; both are in memory only. */
final class MadeCertificate {
    /** Longer is not taken by some clients. */
    private static final Duration VALID = Duration.ofDays(397);

    private MadeCertificate() {}

    /** For localhost and the loopback addresses, and the address listened on if one is named. */
    static KeyMaterial make(@Nullable String bind) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            X500Principal name = new X500Principal("CN=localhost");
            // A clock that is a little behind is no reason to refuse it.
            Instant start = Instant.now().minus(Duration.ofDays(1));
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    name,
                    new BigInteger(127, new SecureRandom()),
                    Date.from(start),
                    Date.from(start.plus(VALID)),
                    name,
                    pair.getPublic());
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names(bind)));
            return KeyMaterial.of(
                    pair.getPrivate(),
                    List.of(new JcaX509CertificateConverter()
                            .getCertificate(builder.build(
                                    new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate())))));
        } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
            throw new IllegalStateException("this JDK makes no certificate", e);
        }
    }

    private static GeneralName[] names(@Nullable String bind) {
        Set<String> addresses = new LinkedHashSet<>(List.of("127.0.0.1", "0:0:0:0:0:0:0:1"));
        List<GeneralName> names = new ArrayList<>(List.of(new GeneralName(GeneralName.dNSName, "localhost")));
        if (bind != null) {
            try {
                InetAddress address = InetAddress.getByName(bind);
                if (!address.isAnyLocalAddress()) {
                    String text = address.getHostAddress().replaceFirst("%.*", "");
                    addresses.add(text);
                    boolean isName = !bind.contains(":") && !bind.equals(text) && !bind.equals("localhost");
                    if (isName) names.add(new GeneralName(GeneralName.dNSName, bind));
                }
            } catch (UnknownHostException e) {
                // The connector says so, and better.
            }
        }
        for (String address : addresses) names.add(new GeneralName(GeneralName.iPAddress, address));
        return names.toArray(GeneralName[]::new);
    }
}
