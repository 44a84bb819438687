package io.fairlead.proxy;

import org.eclipse.jetty.http.HttpFields;
import org.jspecify.annotations.Nullable;

/**
 * The fields that tell a backend who asked: {@code X-Forwarded-*}, {@code Forwarded} (RFC 7239) and {@code Via} (RFC 9110
 * section 7.6.3). Pure.
 *
 * @param clientAddress an address literal, IPv6 without brackets
 * @param scheme http or https
 * @param host the Host field as received, port included; null when there was none
 * @param port that the client connected to
 */
record Forwarding(
        String clientAddress, String scheme, @Nullable String host, int port) {

    /**
     * Adds this hop. What {@code fields} hold of earlier hops comes from a proxy that is trusted: lists grow by one, and what
     * the first one saw of the client stays.
     */
    void addTo(HttpFields.Mutable fields) {
        append(fields, "X-Forwarded-For", clientAddress);
        keepOrAdd(fields, "X-Forwarded-Proto", scheme);
        keepOrAdd(fields, "X-Forwarded-Port", Integer.toString(port));
        if (host != null) {
            keepOrAdd(fields, "X-Forwarded-Host", host);
        }
        append(fields, "Forwarded", forwarded());
    }

    private static void append(HttpFields.Mutable list, String name, String hop) {
        String before = String.join(", ", list.getValuesList(name));
        list.put(name, before.isEmpty() ? hop : before + ", " + hop);
    }

    private static void keepOrAdd(HttpFields.Mutable fields, String name, String value) {
        if (!fields.contains(name)) {
            fields.add(name, value);
        }
    }

    private String forwarded() {
        String node = clientAddress.indexOf(':') < 0 ? clientAddress : "\"[" + withoutZone(clientAddress) + "]\"";
        String value = "for=" + node + ";proto=" + scheme;
        return host == null ? value : value + ";host=" + tokenOrQuoted(host);
    }

    private static String withoutZone(String address) {
        int zone = address.indexOf('%');
        return zone < 0 ? address : address.substring(0, zone);
    }

    private static String tokenOrQuoted(String value) {
        return HopHeaders.isToken(value)
                ? value
                : '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    /** Adds this hop to what the client's message says of its way. */
    static void addVia(HttpFields.Mutable fields, String protocol, String viaHost) {
        String version = protocol.startsWith("HTTP/") ? protocol.substring("HTTP/".length()) : protocol;
        append(fields, "Via", version + " " + viaHost);
    }
}
