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

    void addTo(HttpFields.Mutable fields) {
        fields.add("X-Forwarded-For", clientAddress);
        fields.add("X-Forwarded-Proto", scheme);
        fields.add("X-Forwarded-Port", Integer.toString(port));
        if (host != null) {
            fields.add("X-Forwarded-Host", host);
        }
        fields.add("Forwarded", forwarded());
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
        String hop = version + " " + viaHost;
        String before = String.join(", ", fields.getValuesList("Via"));
        fields.put("Via", before.isEmpty() ? hop : before + ", " + hop);
    }
}
