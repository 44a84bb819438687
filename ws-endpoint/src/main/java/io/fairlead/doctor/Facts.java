package io.fairlead.doctor;

import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All that is known of one way from a client to a server.
 *
 * @param client who tried
 * @param steps what the client tried, by name: {@code get}, {@code post}, {@code sse}, {@code poll}, {@code ws} (the handshake),
 *     {@code text}, {@code binary}, {@code 64k}, {@code 1m}, {@code fragments}, {@code push}, {@code ping}, {@code close},
 *     {@code sub}, {@code other}, {@code idle}; and on the command line {@code connect}, {@code tls},
 *     {@code again} (a second ping)
 * @param sightings what the server saw of these; empty where nobody looked
 * @param distrusting routes that do not trust the peer which the requests come from
 * @param routes how their backends are; empty if that was not asked
 * @param chain the server's certificates; null if they were not looked at
 */
public record Facts(
        Client client,
        Map<String, Step> steps,
        List<Sighting> sightings,
        List<String> distrusting,
        List<RouteLeg> routes,
        @Nullable Chain chain) {

    /** What a client of this kind can see. */
    public enum Kind {
        /** Two ends: the server tells what it saw. */
        BROWSER,
        /** One end, down to the bytes. */
        COMMAND
    }

    /**
     * @param url that was asked: the page's, or the WebSocket's
     * @param protocol that the page came by, as {@code h2} or {@code http/1.1}; empty if not known
     */
    public record Client(Kind kind, String url, String protocol) {

        boolean isSecure() {
            return url.startsWith("https:") || url.startsWith("wss:");
        }

        /** Host, and port if it is not the scheme's own, in lower case. */
        String authority() {
            try {
                URI uri = URI.create(url);
                String authority = uri.getRawAuthority();
                return authority == null ? "" : withoutDefaultPort(authority.toLowerCase(Locale.ROOT), isSecure());
            } catch (IllegalArgumentException malformed) {
                return "";
            }
        }

        /** As the field Origin has it. */
        String origin() {
            return (isSecure() ? "https://" : "http://") + authority();
        }
    }

    static String withoutDefaultPort(String authority, boolean secure) {
        String end = secure ? ":443" : ":80";
        return authority.endsWith(end) ? authority.substring(0, authority.length() - end.length()) : authority;
    }

    Step step(String name) {
        return steps.getOrDefault(name, Step.SKIPPED);
    }

    /** The last that the server saw of a step; null if it saw nothing. */
    @Nullable
    Sighting seen(String name) {
        Sighting last = null;
        for (Sighting sighting : sightings) {
            if (sighting.step().equals(name)) {
                last = sighting;
            }
        }
        return last;
    }

    /** Whether there was anybody at the other end to tell what it saw. */
    boolean areTwoEnds() {
        return client.kind() == Kind.BROWSER;
    }
}
