package io.fairlead.proxy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Enumeration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/**
 * What belongs to one hop and what goes through: pure functions on header fields.
 *
 * <p>RFC 9110 section 7.6.1: a proxy removes Connection, the fields that it names, and the older ones that mean a hop by
 * themselves. Forwarding fields that a client sent are removed too, since a backend believes them.
 */
final class HopHeaders {

    private static final Set<String> HOP = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings");

    private static final Set<String> FORWARDING = Set.of("forwarded", "x-real-ip");
    private static final String FORWARDING_PREFIX = "x-forwarded-";

    private static final Set<String> CONNECTED_WITHOUT = Set.of("connection", "upgrade", "sec-websocket-accept");

    private static final Set<String> RELAYED_WITHOUT = Set.of("sec-websocket-extensions", "sec-websocket-protocol");

    private static final Pattern LENGTH = Pattern.compile("[0-9]+");

    private HopHeaders() {}

    /** What a request may keep. */
    enum Kept {
        /** The client's Host field. */
        HOST,
        /** What came with the request of earlier hops: from a peer that is trusted. */
        FORWARDING,
        /** HTTP/2 may split the Cookie field, HTTP/1.1 may not (RFC 9113 section 8.2.3). */
        COOKIES_AS_ONE
    }

    /** The request's fields, as a server gives them. */
    interface RequestFields {
        Enumeration<String> names();

        Enumeration<String> values(String name);
    }

    /** Whether a message of this protocol has fields for its connection, as HTTP/2 and later have not. */
    static boolean isHttp1(String protocol) {
        return protocol.startsWith("HTTP/1.");
    }

    /**
     * Whether it is sure where a request's body ends: without a transfer coding, or with {@code chunked} alone.
     *
     * <p>RFC 9112 section 6.3 asks a server for 400 otherwise, but some take any coding for {@code chunked}, and what follows
     * for the next request.
     *
     * @param codings the values of Transfer-Encoding
     * @param length the value of Content-Length: digits, and none beside a coding, which is how requests are smuggled (RFC 9112
     *     section 6.1)
     */
    static boolean isSureOfLength(Enumeration<String> codings, @Nullable String length) {
        if (length != null && !LENGTH.matcher(length.trim()).matches()) {
            return false;
        }
        return !codings.hasMoreElements()
                || (length == null
                        && codings.nextElement().trim().equalsIgnoreCase("chunked")
                        && !codings.hasMoreElements());
    }

    /**
     * The end-to-end fields of a request: names, values, order and multiplicity as they came.
     *
     * @param kept what else, that does not go through by itself
     */
    static HttpFields.Mutable request(RequestFields request, Set<Kept> kept) {
        Set<String> named = connectionOptions(request.values("Connection"));
        HttpFields.Mutable fields = HttpFields.build();
        Enumeration<String> names = request.names();
        while (names.hasMoreElements()) {
            String name = names.nextElement();
            String lower = name.toLowerCase(Locale.ROOT);
            boolean host = lower.equals("host");
            boolean dropped = host
                    ? !kept.contains(Kept.HOST)
                    : HOP.contains(lower)
                            || named.contains(lower)
                            || (isForwarding(lower) && !kept.contains(Kept.FORWARDING));
            if (dropped) {
                continue;
            }
            Enumeration<String> values = request.values(name);
            if (kept.contains(Kept.COOKIES_AS_ONE) && lower.equals("cookie")) {
                fields.put(name, String.join("; ", Collections.list(values)));
                continue;
            }
            while (values.hasMoreElements()) {
                fields.add(name, values.nextElement());
            }
        }
        return fields;
    }

    private static boolean isForwarding(String lower) {
        // CGI-like backends can't tell the two apart.
        String name = lower.replace('_', '-');
        return FORWARDING.contains(name) || name.startsWith(FORWARDING_PREFIX);
    }

    /** The end-to-end fields of an HTTP response, values verbatim. */
    static List<HttpField> response(HttpFields response) {
        return without(response, false);
    }

    /**
     * The fields of a 101: the end-to-end ones, and Connection and Upgrade as the backend wrote them. A 101 has no body,
     * so neither has it a length (RFC 9110 section 8.6).
     */
    static List<HttpField> switchingProtocols(HttpFields response) {
        return without(response, true);
    }

    /**
     * The fields of a 101 as those of a 200 to an extended CONNECT: HTTP/2 has neither Connection nor Upgrade, and no key to
     * accept (RFC 8441 section 5).
     */
    static List<HttpField> connected(HttpFields response) {
        List<HttpField> fields = without(response, true);
        fields.removeIf(field -> CONNECTED_WITHOUT.contains(field.getLowerCaseName()));
        return fields;
    }

    /** The fields of a 101 that a server adds its own to, for the WebSocket that it ends itself. */
    static List<HttpField> relayed(HttpFields response) {
        List<HttpField> fields = connected(response);
        fields.removeIf(field -> RELAYED_WITHOUT.contains(field.getLowerCaseName()));
        return fields;
    }

    private static List<HttpField> without(HttpFields response, boolean switching) {
        Set<String> named = new HashSet<>();
        for (HttpField field : response) {
            if (field.getHeader() == HttpHeader.CONNECTION) {
                addOptions(named, field.getValue());
            }
        }
        List<HttpField> fields = new ArrayList<>(response.size());
        for (HttpField field : response) {
            String lower = field.getLowerCaseName();
            boolean kept = (switching && (lower.equals("connection") || lower.equals("upgrade")))
                    || (!HOP.contains(lower)
                            && !named.contains(lower)
                            && !(switching && lower.equals("content-length")));
            if (kept) {
                fields.add(field);
            }
        }
        return fields;
    }

    /** The lower-case options of all Connection fields. */
    static Set<String> connectionOptions(Enumeration<String> values) {
        if (!values.hasMoreElements()) {
            return Set.of();
        }
        Set<String> options = new HashSet<>();
        while (values.hasMoreElements()) {
            addOptions(options, values.nextElement());
        }
        return options;
    }

    private static void addOptions(Set<String> options, String value) {
        for (String option : value.split(",", -1)) {
            String trimmed = option.trim();
            if (!trimmed.isEmpty()) {
                options.add(trimmed.toLowerCase(Locale.ROOT));
            }
        }
    }

    /** RFC 9110 section 5.6.2. */
    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c >= 128 || (!Character.isLetterOrDigit(c) && "!#$%&'*+-.^_`|~".indexOf(c) < 0)) {
                return false;
            }
        }
        return !text.isEmpty();
    }
}
