package io.fairlead.proxy;

import io.fairlead.proxy.Route.UpgradePolicy;
import jakarta.servlet.http.HttpServletRequest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for by an Upgrade field, or over HTTP/2 by an extended CONNECT, judged by a route's policy.
 *
 * @param kind what to do with it
 * @param header the Upgrade field as the client wrote it; empty unless {@link Kind#UPGRADE}
 * @param tokens its lower-case protocol names, without versions; empty unless {@link Kind#UPGRADE}
 * @param key a valid Sec-WebSocket-Key of a version 13 handshake, or ours; null for any other upgrade
 * @param form of the handshake
 */
record UpgradeRequest(
        Kind kind,
        String header,
        List<String> tokens,
        @Nullable String key,
        Form form) {

    /** How it was asked for, where that matters. */
    enum Form {
        /** By a request head that is complete. */
        ORDINARY,
        /** Over HTTP/2 (RFC 8441), without a key, to be answered by 200. */
        EXTENDED_CONNECT,
        /** With eight bytes behind the head that a backend may want before it answers, see {@link Hixie76}. */
        HIXIE_76
    }

    boolean extendedConnect() {
        return form == Form.EXTENDED_CONNECT;
    }

    enum Kind {
        /** Plain HTTP; an Upgrade field, if there is one, is dropped. */
        NONE,
        /** The backend is asked to upgrade. */
        UPGRADE,
        /** A WebSocket handshake with a body or by another method than GET: 400. */
        MALFORMED,
        /** A handshake of hixie-76 whose keys were changed on the way: 400. */
        BROKEN_KEYS,
        /** An extended CONNECT for something that is not carried: 501. */
        NOT_CARRIED
    }

    /** Protocols that change how HTTP itself is carried on the connection, which is one hop's business. */
    private static final Set<String> NEVER = Set.of("h2c", "h2", "tls", "http");

    private static final UpgradeRequest PLAIN = refused(Kind.NONE);
    private static final UpgradeRequest MALFORMED = refused(Kind.MALFORMED);
    private static final UpgradeRequest BROKEN_KEYS = refused(Kind.BROKEN_KEYS);
    private static final UpgradeRequest NOT_CARRIED = refused(Kind.NOT_CARRIED);
    private static final SecureRandom RANDOM = new SecureRandom();

    private static UpgradeRequest refused(Kind kind) {
        return new UpgradeRequest(kind, "", List.of(), null, Form.ORDINARY);
    }

    /**
     * What an extended CONNECT asks for (RFC 8441). There is no key in it, so one is made for the backend, which speaks
     * HTTP/1.1 (RFC 6455 section 4.1: 16 random bytes).
     *
     * @param protocol its {@code :protocol}
     */
    static UpgradeRequest extendedConnect(HttpServletRequest request, String protocol, UpgradePolicy policy) {
        if (policy == UpgradePolicy.OFF || !protocol.equalsIgnoreCase("websocket")) {
            return NOT_CARRIED;
        }
        if (request.getContentLengthLong() > 0) {
            return MALFORMED;
        }
        byte[] key = new byte[16];
        RANDOM.nextBytes(key);
        return new UpgradeRequest(
                Kind.UPGRADE,
                "websocket",
                List.of("websocket"),
                Base64.getEncoder().encodeToString(key),
                Form.EXTENDED_CONNECT);
    }

    /** @param asSent gives a field of the request as the client wrote it */
    static UpgradeRequest of(HttpServletRequest request, UpgradePolicy policy, UnaryOperator<String> asSent) {
        if (request.getHeader("Upgrade") == null || policy == UpgradePolicy.OFF || !isHttp11(request)) {
            return PLAIN;
        }
        if (!HopHeaders.connectionOptions(request.getHeaders("Connection")).contains("upgrade")) {
            return PLAIN;
        }
        List<String> offered = new ArrayList<>();
        List<String> tokens = new ArrayList<>();
        for (String value : Collections.list(request.getHeaders("Upgrade"))) {
            for (String protocol : value.split(",", -1)) {
                String token = name(protocol);
                if (isProtocol(protocol.trim()) && carried(token, policy)) {
                    offered.add(protocol.trim());
                    tokens.add(token);
                }
            }
        }
        if (tokens.isEmpty()) {
            return PLAIN;
        }
        boolean webSocket = tokens.contains("websocket");
        boolean body = request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
        if (webSocket && (body || !request.getMethod().equals("GET"))) {
            return MALFORMED;
        }
        if (body) {
            return PLAIN;
        }
        boolean hixie76 = webSocket && Hixie76.asksFor(request);
        if (hixie76 && !Hixie76.arePossible(Hixie76.KEYS.stream().map(asSent).toList())) {
            return BROKEN_KEYS;
        }
        return new UpgradeRequest(
                Kind.UPGRADE,
                String.join(", ", offered),
                List.copyOf(tokens),
                webSocket ? key(request) : null,
                hixie76 ? Form.HIXIE_76 : Form.ORDINARY);
    }

    private static boolean isHttp11(HttpServletRequest request) {
        return request.getProtocol().equals("HTTP/1.1");
    }

    private static boolean carried(String token, UpgradePolicy policy) {
        return token.equals("websocket") || (policy == UpgradePolicy.ANY && !NEVER.contains(token));
    }

    /** {@code token} or {@code token/token}, RFC 9110 section 7.8. */
    private static boolean isProtocol(String text) {
        int slash = text.indexOf('/');
        return slash < 0
                ? HopHeaders.isToken(text)
                : HopHeaders.isToken(text.substring(0, slash)) && HopHeaders.isToken(text.substring(slash + 1));
    }

    /** The name in {@code name/version}, lower-case. */
    static String name(String protocol) {
        String trimmed = protocol.trim();
        int slash = trimmed.indexOf('/');
        return (slash < 0 ? trimmed : trimmed.substring(0, slash)).toLowerCase(Locale.ROOT);
    }

    private static @Nullable String key(HttpServletRequest request) {
        String key = request.getHeader("Sec-WebSocket-Key");
        if (key == null || !"13".equals(request.getHeader("Sec-WebSocket-Version"))) {
            return null;
        }
        try {
            return Base64.getDecoder().decode(key).length == 16 ? key : null;
        } catch (IllegalArgumentException noBase64) {
            return null;
        }
    }
}
