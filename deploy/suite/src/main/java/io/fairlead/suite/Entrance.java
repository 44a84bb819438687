package io.fairlead.suite;

import java.net.InetSocketAddress;
import java.util.Objects;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * One way into a {@link Fairlead}: a test's subject is the same whichever way its clients come.
 *
 * @param address where clients connect and speak HTTP/1.1; Fairlead itself, or a peer that leads to it
 * @param trust what trusts the certificate at that address; {@code null}: clients speak in clear text
 * @param scheme of the requests, as Fairlead sees them: {@code http} or {@code https}
 */
public record Entrance(InetSocketAddress address, @Nullable SSLContext trust, String scheme) {

    public static Entrance tcp(Fairlead fairlead) {
        return new Entrance(fairlead.http(), null, "http");
    }

    public static Entrance tls(Fairlead fairlead) {
        return new Entrance(
                Objects.requireNonNull(fairlead.https()), Objects.requireNonNull(fairlead.trust()), "https");
    }

    /** Whether clients speak TLS. */
    public boolean secure() {
        return trust != null;
    }
}
