package io.fairlead.proxy;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpField;
import org.jspecify.annotations.Nullable;

/**
 * What a backend says of its own place, told to the client in the client's terms: redirects and cookies. Pure.
 *
 * <p>As nginx's {@code proxy_redirect}, {@code proxy_cookie_path} and {@code proxy_cookie_domain}. Without rules of the user's
 * it does what the route itself says: the backend's address becomes the one that the client asked for, and the backend's path
 * the path below which the client sees it. The place that a handshake of the old WebSocket drafts names is always what the
 * client asked for.
 *
 * @param prefix what the client's paths begin with and the backend's do not; empty for nothing
 * @param targetPath what the backend's paths begin with; empty for nothing
 * @param targetAuthorities of the backends: host:port
 */
record ResponseRewrite(
        String prefix,
        String targetPath,
        List<String> targetAuthorities,
        Rules redirects,
        Rules cookiePaths,
        Rules cookieDomains) {

    private static final Set<String> NAMES =
            Set.of("location", "refresh", "set-cookie", "sec-websocket-location", "websocket-location");
    private static final Pattern ABSOLUTE =
            Pattern.compile("(https?|wss?):(//)([^/?#]*)(.*)", Pattern.CASE_INSENSITIVE);
    private static final Pattern REFRESH =
            Pattern.compile("(\\s*\\d+\\s*[;,]\\s*url\\s*=\\s*)(.*)", Pattern.CASE_INSENSITIVE);
    private static final Pattern ATTRIBUTE = Pattern.compile("(\\s*)([^=\\s]+)(\\s*=\\s*)(.*?)(\\s*)");

    /** What a value begins with, and what that becomes; the first rule whose {@code from} fits is applied. */
    record Rule(String from, String to) {}

    /**
     * @param automatic what the route says by itself; else {@code list}, which may be empty: nothing is rewritten
     */
    record Rules(boolean automatic, List<Rule> list) {

        static final Rules AUTOMATIC = new Rules(true, List.of());
        static final Rules OFF = new Rules(false, List.of());
    }

    /**
     * A response's fields for the client.
     *
     * @param hostSent the Host field that the backend got; null if there was none
     */
    List<HttpField> fields(List<HttpField> fields, Supplier<Asked> asked, @Nullable String hostSent) {
        List<HttpField> rewritten = new ArrayList<>(fields.size());
        for (HttpField field : fields) {
            String value = NAMES.contains(field.getLowerCaseName())
                    ? field(field.getLowerCaseName(), field.getValue(), asked.get(), hostSent)
                    : field.getValue();
            rewritten.add(value.equals(field.getValue()) ? field : new HttpField(field.getName(), value));
        }
        return rewritten;
    }

    /** @param name lower-case */
    String field(String name, String value, Asked asked, @Nullable String hostSent) {
        return switch (name) {
            case "location" -> location(value, asked, hostSent);
            case "refresh" -> {
                Matcher refresh = REFRESH.matcher(value);
                yield refresh.matches() ? refresh.group(1) + location(refresh.group(2), asked, hostSent) : value;
            }
            case "set-cookie" -> cookie(value, asked);
            // An old client compares it with what it asked for.
            case "sec-websocket-location", "websocket-location" -> asked.webSocketUrl();
            default -> value;
        };
    }

    // ---- redirects

    private String location(String location, Asked asked, @Nullable String hostSent) {
        if (!redirects.automatic()) {
            return replaced(location, redirects);
        }
        Matcher absolute = ABSOLUTE.matcher(location);
        if (absolute.matches()) {
            String host = asked.authority();
            boolean own = isOwn(absolute.group(1), absolute.group(3), hostSent);
            return own && host != null
                    ? schemeFor(absolute.group(1), asked) + "://" + host + path(absolute.group(4))
                    : location;
        }
        return location.startsWith("/") && !location.startsWith("//") ? path(location) : location;
    }

    private static String schemeFor(String scheme, Asked asked) {
        boolean secure = asked.scheme().equals("https");
        return scheme.toLowerCase(Locale.ROOT).startsWith("ws") ? (secure ? "wss" : "ws") : asked.scheme();
    }

    /** Whether an address is this route's backend, by its own name or by the one that it was called. */
    private boolean isOwn(String scheme, String authority, @Nullable String hostSent) {
        String named = withoutUsualPort(scheme, authority);
        for (String target : targetAuthorities) {
            if (named.equals(withoutUsualPort(scheme, target))) {
                return true;
            }
        }
        return hostSent != null && named.equals(withoutUsualPort(scheme, hostSent));
    }

    private static String withoutUsualPort(String scheme, String authority) {
        String lower = authority.toLowerCase(Locale.ROOT);
        boolean secure = scheme.toLowerCase(Locale.ROOT).endsWith("s");
        String usual = secure ? ":443" : ":80";
        return lower.endsWith(usual) ? lower.substring(0, lower.length() - usual.length()) : lower;
    }

    /** A path of the backend's as the client has to name it; a path that is none of the route's stays. */
    private String path(String path) {
        if (prefix.equals(targetPath) || !isBelow(path, targetPath)) {
            return path;
        }
        if (targetPath.isEmpty() && isBelow(path, prefix)) {
            // The backend knows where it is seen.
            return path;
        }
        String rest = path.substring(targetPath.length());
        return prefix + (rest.startsWith("/") ? rest : "/" + rest);
    }

    private static boolean isBelow(String path, String base) {
        return path.startsWith(base)
                && (base.isEmpty()
                        || path.length() == base.length()
                        || "/?#;".indexOf(path.charAt(base.length())) >= 0);
    }

    private static String replaced(String value, Rules rules) {
        for (Rule rule : rules.list()) {
            if (value.startsWith(rule.from())) {
                return rule.to() + value.substring(rule.from().length());
            }
        }
        return value;
    }

    // ---- cookies

    private String cookie(String cookie, Asked asked) {
        String[] parts = cookie.split(";", -1);
        StringBuilder rewritten = new StringBuilder(cookie.length() + 16).append(parts[0]);
        // A browser refuses a cookie of this name with any other path (RFC 6265bis section 4.1.3.2).
        boolean bound = parts[0].trim().startsWith("__Host-");
        for (int i = 1; i < parts.length; i++) {
            Matcher attribute = ATTRIBUTE.matcher(parts[i]);
            String value = parts[i];
            if (attribute.matches() && attribute.group(2).equalsIgnoreCase("Path") && !bound) {
                value = with(attribute, cookiePath(attribute.group(4)));
            } else if (attribute.matches() && attribute.group(2).equalsIgnoreCase("Domain")) {
                String domain = cookieDomain(attribute.group(4), asked);
                if (domain.isEmpty()) {
                    continue;
                }
                value = with(attribute, domain);
            }
            rewritten.append(';').append(value);
        }
        return rewritten.toString();
    }

    private static String with(Matcher attribute, String value) {
        return attribute.group(1) + attribute.group(2) + attribute.group(3) + value + attribute.group(5);
    }

    private String cookiePath(String path) {
        return cookiePaths.automatic() ? path.startsWith("/") ? path(path) : path : replaced(path, cookiePaths);
    }

    /** Empty when the cookie is to be the client's host's alone. */
    private String cookieDomain(String domain, Asked asked) {
        String bare = bare(domain);
        if (cookieDomains.automatic()) {
            boolean ofBackend = targetAuthorities.stream().anyMatch(target -> bare.equals(hostOf(target)));
            boolean ofClient = asked.authority() != null && bare.equals(hostOf(asked.authority()));
            return ofBackend && !ofClient ? "" : domain;
        }
        for (Rule rule : cookieDomains.list()) {
            if (bare.equals(bare(rule.from()))) {
                return rule.to();
            }
        }
        return domain;
    }

    private static String bare(String domain) {
        String lower = domain.toLowerCase(Locale.ROOT);
        return lower.startsWith(".") ? lower.substring(1) : lower;
    }

    private static String hostOf(String authority) {
        String lower = authority.toLowerCase(Locale.ROOT);
        int colon = lower.lastIndexOf(':');
        return colon < 0 || lower.endsWith("]") ? lower : lower.substring(0, colon);
    }
}
