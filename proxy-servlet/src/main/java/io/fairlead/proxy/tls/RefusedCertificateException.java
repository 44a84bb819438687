package io.fairlead.proxy.tls;

import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;

/**
 * A certificate that was not accepted. The message goes on after <em>the certificate of HOST</em>: {@code expired on
 * 2026-01-01}.
 */
public final class RefusedCertificateException extends CertificateException {

    private static final long serialVersionUID = 1;

    /** Who sent the certificate chose these texts. */
    private static final int MOST_NAMES = 5;

    private static final int LONGEST = 100;
    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;

    private final boolean cutShort;

    private RefusedCertificateException(String what, CertificateException refusal, boolean cutShort) {
        super(what, refusal.getCause() == null ? refusal : refusal.getCause());
        this.cutShort = cutShort;
    }

    /** Whether the peer has sent its own certificate only, signed by an issuer that is not known here: an intermediate, it seems. */
    public boolean isCutShort() {
        return cutShort;
    }

    /**
     * @param chain as the peer sent it, its own first
     * @param host that was asked for; null when no name was verified
     */
    static RefusedCertificateException of(
            X509Certificate[] chain, CertificateException refusal, @Nullable String host) {
        boolean cutShort = chain.length == 1 && isNoPath(refusal) && !isSelfSigned(chain[0]);
        return new RefusedCertificateException(what(chain, refusal, host, Instant.now()), refusal, cutShort);
    }

    private static String what(
            X509Certificate[] chain, CertificateException refusal, @Nullable String host, Instant now) {
        for (X509Certificate certificate : chain) {
            String dates = dates(certificate, now);
            if (dates != null) {
                return certificate == chain[0]
                        ? dates
                        : "is signed by " + name(certificate.getSubjectX500Principal()) + ", whose certificate "
                                + dates;
            }
        }
        if (isNoPath(refusal)) {
            return isSelfSigned(chain[0])
                    ? "is self-signed, and is not itself trusted here"
                    : "was not signed by a CA that is trusted here (unknown issuer: " + name(unknownIssuer(chain))
                            + ")";
        }
        // Every refusal by the chain is a subclass, or has a cause.
        if (host != null && refusal.getClass() == CertificateException.class && refusal.getCause() == null) {
            return "is for " + names(chain[0]) + ", not for " + host;
        }
        return "was refused: " + innermost(refusal);
    }

    private static @Nullable String dates(X509Certificate certificate, Instant now) {
        Instant from = certificate.getNotBefore().toInstant();
        Instant to = certificate.getNotAfter().toInstant();
        return now.isAfter(to)
                ? "expired on " + day(to)
                : now.isBefore(from) ? "is not valid before " + day(from) : null;
    }

    private static String day(Instant instant) {
        return instant.atOffset(ZoneOffset.UTC).toLocalDate().toString();
    }

    /** Whether no chain to a trusted certificate was found, rather than one that has a fault. */
    private static boolean isNoPath(CertificateException refusal) {
        Throwable cause = refusal.getCause();
        return cause instanceof java.security.cert.CertPathBuilderException && cause.getCause() == null;
    }

    private static boolean isSelfSigned(X509Certificate certificate) {
        if (!certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal())) {
            return false;
        }
        try {
            certificate.verify(certificate.getPublicKey());
            return true;
        } catch (GeneralSecurityException notByItself) {
            return false;
        }
    }

    /** The issuer at the end of what can be followed in the chain, from its first. */
    private static X500Principal unknownIssuer(X509Certificate[] chain) {
        X500Principal issuer = chain[0].getIssuerX500Principal();
        // Each certificate leads one step up at most, in whatever order they came.
        for (int step = 1; step < chain.length; step++) {
            for (X509Certificate candidate : chain) {
                if (candidate.getSubjectX500Principal().equals(issuer)) {
                    issuer = candidate.getIssuerX500Principal();
                    break;
                }
            }
        }
        return issuer;
    }

    private static String names(X509Certificate certificate) {
        List<String> names = new ArrayList<>();
        try {
            Collection<List<?>> alternatives = certificate.getSubjectAlternativeNames();
            for (List<?> alternative : alternatives == null ? List.<List<?>>of() : alternatives) {
                Object kind = alternative.get(0);
                if (kind.equals(DNS_NAME) || kind.equals(IP_ADDRESS)) {
                    names.add(shortened(String.valueOf(alternative.get(1))));
                }
            }
        } catch (CertificateParsingException unreadable) {
            return "names that cannot be read";
        }
        if (names.isEmpty()) {
            return commonName(certificate.getSubjectX500Principal());
        }
        String some = String.join(", ", names.subList(0, Math.min(names.size(), MOST_NAMES)));
        return names.size() > MOST_NAMES ? some + " and " + (names.size() - MOST_NAMES) + " more" : some;
    }

    private static String commonName(X500Principal subject) {
        try {
            for (Rdn part : new LdapName(subject.getName()).getRdns()) {
                if (part.getType().equalsIgnoreCase("CN")) {
                    return shortened(String.valueOf(part.getValue()));
                }
            }
        } catch (InvalidNameException unreadable) {
            return name(subject);
        }
        return "no host";
    }

    private static String name(X500Principal principal) {
        return shortened(principal.getName());
    }

    private static String shortened(String text) {
        return text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
    }

    private static String innermost(Throwable refusal) {
        String message = String.valueOf(refusal.getMessage());
        int depth = 0;
        for (Throwable cause = refusal; cause != null && depth < 10; cause = cause.getCause(), depth++) {
            if (cause.getMessage() != null) {
                message = cause.getMessage();
            }
        }
        return shortened(message);
    }
}
