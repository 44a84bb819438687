package io.fairlead.proxy;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address that the client asked for, as its browser shows it: what the server saw, or what a trusted proxy in front says.
 *
 * @param scheme http or https
 * @param authority host, or host:port; null if the request named none
 * @param target path and query
 */
record Asked(String scheme, @Nullable String authority, String target) {

    private static final Pattern AUTHORITY =
            Pattern.compile("[A-Za-z0-9._~\\-]+(:\\d{1,5})?|\\[[0-9A-Fa-f:.]+](:\\d{1,5})?");

    /** @param trusted whether the peer's X-Forwarded-Proto and X-Forwarded-Host count */
    static Asked of(HttpServletRequest request, boolean trusted) {
        String scheme = request.getScheme().toLowerCase(Locale.ROOT);
        String authority = authority(request);
        if (trusted) {
            String proto = first(request.getHeader("X-Forwarded-Proto"));
            if (proto != null && (proto.equalsIgnoreCase("http") || proto.equalsIgnoreCase("https"))) {
                scheme = proto.toLowerCase(Locale.ROOT);
            }
            String host = first(request.getHeader("X-Forwarded-Host"));
            if (host != null && AUTHORITY.matcher(host).matches()) {
                authority = host;
            }
        }
        String query = request.getQueryString();
        String path = request.getRequestURI();
        return new Asked(scheme, authority, query == null ? path : path + '?' + query);
    }

    /** The Host field; over HTTP/2 what stands for it, {@code :authority} (RFC 9113 section 8.3.1). */
    static @Nullable String authority(HttpServletRequest request) {
        if (HopHeaders.isHttp1(request.getProtocol())) {
            return request.getHeader("Host");
        }
        int port = request.getServerPort();
        boolean usual = port == (request.isSecure() ? 443 : 80);
        return usual ? request.getServerName() : request.getServerName() + ":" + port;
    }

    /** The first of a list has seen the client. */
    private static @Nullable String first(@Nullable String list) {
        if (list == null) {
            return null;
        }
        int comma = list.indexOf(',');
        return (comma < 0 ? list : list.substring(0, comma)).trim();
    }

    /** The WebSocket URL, as the client wrote it. */
    String webSocketUrl() {
        return (scheme.equals("https") ? "wss://" : "ws://") + (authority == null ? "" : authority) + target;
    }
}
