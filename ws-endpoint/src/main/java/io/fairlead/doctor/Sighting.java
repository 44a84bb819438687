package io.fairlead.doctor;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What the server saw of one of the client's steps.
 *
 * @param step its name
 * @param method {@code CONNECT} where the server shows a WebSocket over HTTP/2 so
 * @param target path and query, without the nonce
 * @param protocol of the request, as {@code HTTP/1.1}
 * @param fields of the request, in order, those with secrets redacted
 * @param peer the address that the connection came from
 * @param secure whether the server takes the request for https
 * @param tls version and cipher, or nothing
 * @param received bytes of the body, or of the messages
 * @param socket what followed on the socket; null without one
 */
public record Sighting(
        String step,
        String method,
        String target,
        String protocol,
        List<Field> fields,
        String peer,
        boolean secure,
        String tls,
        long received,
        @Nullable Socket socket) {

    /** One field of a head, as it was written. */
    public record Field(String name, String value) {}

    /**
     * @param messages that came from the client, whole ones
     * @param sent messages that the server has sent
     * @param pong milliseconds from a ping of the server's to its answer; -1 without
     * @param closeCode that the server was told; 0 while it is open
     */
    public record Socket(int messages, int sent, long pong, int closeCode, String subprotocol, String extensions) {}

    /** The first value of a field, whatever the case of its name. */
    @Nullable
    String field(String name) {
        for (Field field : fields) {
            if (field.name().equalsIgnoreCase(name)) {
                return field.value();
            }
        }
        return null;
    }

    /** The name as it came; null if there is none. */
    @Nullable
    String spelling(String name) {
        for (Field field : fields) {
            if (field.name().equalsIgnoreCase(name)) {
                return field.name();
            }
        }
        return null;
    }

    boolean isHttp2() {
        return protocol.startsWith("HTTP/2");
    }

    /** What a WebSocket handshake must have and this request has not; null if it has all. RFC 6455 section 4.2.1, RFC 8441. */
    @Nullable
    String missingOfHandshake() {
        if (isHttp2() || method.equals("CONNECT")) {
            return method.equals("CONNECT") || socket != null ? null : ":protocol";
        }
        if (!has("Upgrade", "websocket")) {
            return "Upgrade";
        }
        if (!has("Connection", "upgrade")) {
            return "Connection";
        }
        if (field("Sec-WebSocket-Key") == null) {
            return "Sec-WebSocket-Key";
        }
        return field("Sec-WebSocket-Version") == null ? "Sec-WebSocket-Version" : null;
    }

    private boolean has(String name, String token) {
        for (Field field : fields) {
            if (field.name().equalsIgnoreCase(name)) {
                for (String part : field.value().toLowerCase(Locale.ROOT).split(",")) {
                    if (part.strip().equals(token)) {
                        return true;
                    }
                }
            }
        }
        return false;
    }
}
