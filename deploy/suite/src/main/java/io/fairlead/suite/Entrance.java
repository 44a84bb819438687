package io.fairlead.suite;

import io.fairlead.suite.peer.Http2Gate;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * One way into a {@link Fairlead}: a test's subject is the same whichever way its clients come.
 *
 * @param address where clients connect and speak HTTP/1.1; Fairlead itself, or a peer that leads to it
 * @param trust what trusts the certificate at that address; {@code null}: clients speak in clear text
 * @param scheme of the requests, as Fairlead sees them: {@code http} or {@code https}
 * @param http2 whether the requests reach Fairlead over HTTP/2, where WebSocket is the only upgrade
 */
public record Entrance(InetSocketAddress address, @Nullable SSLContext trust, String scheme, boolean http2) {

    private static final Map<Class<?>, Http2Gate> GATES = new ConcurrentHashMap<>();

    public static Entrance tcp(Fairlead fairlead) {
        return new Entrance(fairlead.http(), null, "http", false);
    }

    public static Entrance tls(Fairlead fairlead) {
        return new Entrance(
                Objects.requireNonNull(fairlead.https()), Objects.requireNonNull(fairlead.trust()), "https", false);
    }

    /** By a gate that speaks HTTP/2 over TLS to Fairlead, for up to twenty of its clients on one connection. */
    public static Entrance http2(Fairlead fairlead) {
        Http2Gate gate = GATES.computeIfAbsent(
                fairlead.getClass(), of -> Http2Gate.start(() -> tls(fairlead).address(), fairlead.trust(), 20));
        return new Entrance(gate.address(), null, "https", true);
    }

    /** Ends the connections of HTTP/2 that clients share, as theirs end with them. */
    public void disconnect() {
        for (Http2Gate gate : GATES.values()) {
            if (gate.address().equals(address)) {
                gate.disconnect();
            }
        }
    }

    /** Whether clients speak TLS. */
    public boolean secure() {
        return trust != null;
    }
}
