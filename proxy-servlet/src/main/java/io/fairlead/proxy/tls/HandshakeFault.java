package io.fairlead.proxy.tls;

import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * Why there is no TLS with a backend, in a sentence for an administrator.
 *
 * <p>The JDK tells most of it in the messages of its exceptions, and these differ from version to version; what is not
 * recognised is passed on in its words.
 */
public final class HandshakeFault {

    private static final Pattern ALERT = Pattern.compile("Received fatal alert: ([a-z_]+)");
    private static final int DEEPEST = 10;
    private static final int LONGEST = 160;

    private HandshakeFault() {}

    /**
     * @param failure of a connection to the backend
     * @param backend host and port, as the administrator knows it
     * @return null when the failure is none of TLS
     */
    public static @Nullable String of(Throwable failure, String backend) {
        SSLException outermost = null;
        SSLException innermost = null;
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEEPEST; cause = cause.getCause(), depth++) {
            if (cause instanceof RefusedCertificateException refused) {
                return "the certificate of " + backend + " " + refused.getMessage();
            }
            if (cause instanceof HandshakeTimeoutException) {
                return backend + " did not finish the TLS handshake within connectTimeout";
            }
            if (cause instanceof SSLException tls) {
                outermost = outermost == null ? tls : outermost;
                innermost = tls;
            }
        }
        return innermost == null || outermost == null ? null : sentence(innermost, backend);
    }

    private static String sentence(SSLException failure, String backend) {
        String message = String.valueOf(failure.getMessage());
        Matcher alert = ALERT.matcher(message);
        if (alert.find()) {
            return backend + " refused the TLS handshake: " + meaning(alert.group(1)) + " (alert " + alert.group(1)
                    + ")";
        }
        if (message.contains("nrecognized SSL message")) {
            return backend + " does not speak TLS on this port; is it plain HTTP?";
        }
        if (message.contains("No appropriate protocol") || message.contains("selected protocol version")) {
            return backend + " speaks no version of TLS that is accepted here, 1.2 or 1.3";
        }
        if (failure.getCause() instanceof IOException) {
            return backend + " broke off the TLS handshake";
        }
        return "the TLS handshake with " + backend + " failed: "
                + (message.length() > LONGEST ? message.substring(0, LONGEST) + "…" : message);
    }

    /** What a backend may mean by an alert of RFC 8446 section 6.2. */
    private static String meaning(String alert) {
        return switch (alert) {
            case "certificate_required" -> "it wants a client certificate";
            case "bad_certificate" -> "it wants a client certificate, or does not accept this one";
            case "unknown_ca" -> "it does not trust the CA of the client certificate";
            case "certificate_unknown",
                    "certificate_expired",
                    "certificate_revoked",
                    "unsupported_certificate",
                    "access_denied",
                    "decrypt_error" -> "it does not accept the client certificate";
            case "handshake_failure" -> "there is no cipher that both know, or it wants a client certificate";
            case "insufficient_security" -> "it wants stronger ciphers";
            case "protocol_version" -> "it speaks neither TLS 1.2 nor 1.3";
            case "unrecognized_name" -> "it does not know the server name that was asked for";
            case "no_application_protocol" -> "it does not speak HTTP/1.1";
            default -> "it does not say more";
        };
    }
}
