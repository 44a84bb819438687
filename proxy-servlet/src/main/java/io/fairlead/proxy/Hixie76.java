package io.fairlead.proxy;

import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.List;
import org.eclipse.jetty.http.HttpFields;

/**
 * The handshake of draft-hixie-thewebsocketprotocol-76, which old browsers and Android clients speak: eight bytes follow the
 * request's head without any length, and sixteen the answer's. Pure.
 */
final class Hixie76 {

    /** The fields whose spaces count. */
    static final List<String> KEYS = List.of("Sec-WebSocket-Key1", "Sec-WebSocket-Key2");

    /** What follows the head of the request. */
    static final int KEY3_LENGTH = 8;

    /** So long a backend has for an answer that needs no more than the head. Then it is taken for one that waits. */
    static final Duration PATIENCE = Duration.ofMillis(300);

    private static final long MOST = 0xffff_ffffL;

    private Hixie76() {}

    /** Whether {@code request}, which asks for WebSocket, is of this draft. */
    static boolean asksFor(HttpServletRequest request) {
        return KEYS.stream().allMatch(key -> request.getHeader(key) != null)
                && request.getHeader("Sec-WebSocket-Key") == null;
    }

    /**
     * Whether each key is one that a client can have made: its digits are a number that its spaces divide (section 5.2, 5).
     * On a way that makes one space of several it mostly is not, and the backend's answer would be wrong.
     */
    static boolean arePossible(List<String> keys) {
        return keys.stream().allMatch(Hixie76::isPossible);
    }

    private static boolean isPossible(String key) {
        long number = 0;
        int spaces = 0;
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            if (c == ' ') {
                spaces++;
            } else if (c >= '0' && c <= '9') {
                number = number * 10 + (c - '0');
                if (number > MOST) {
                    return false;
                }
            }
        }
        return spaces > 0 && number % spaces == 0;
    }

    /** The answer of a server that takes what it is offered; the sixteen bytes behind it are the backend's to compute. */
    static HttpFields answer(HttpServletRequest request) {
        HttpFields.Mutable fields = HttpFields.build();
        fields.add("Upgrade", "WebSocket");
        fields.add("Connection", "Upgrade");
        String origin = request.getHeader("Origin");
        if (origin != null) {
            fields.add("Sec-WebSocket-Origin", origin);
        }
        // To be told in the client's terms, as a backend's own would be.
        fields.add("Sec-WebSocket-Location", "ws://");
        String protocol = request.getHeader("Sec-WebSocket-Protocol");
        if (protocol != null) {
            fields.add("Sec-WebSocket-Protocol", protocol);
        }
        return fields;
    }
}
