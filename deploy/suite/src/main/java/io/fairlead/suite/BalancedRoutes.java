package io.fairlead.suite;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Seat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Routes to three backends; what a route has learnt of them no other knows, so what they suffer has a route of its own. */
final class BalancedRoutes {

    /** Weights of 3, 2 and 1. */
    static final String WEIGHTED = "weighted";

    /** The third is a backup. One failure takes a backend down, for half a second. */
    static final String WITH_BACKUP = "with-backup";

    /** The one that has least to do. */
    static final String LEAST = "least";

    /** Whatever fails, no backend counts as down. */
    static final String DEFIANT = "defiant";

    /** Nearly always nobody is asked first, and then the first and second. Keeps 4 KB of a body. Nobody counts as down. */
    static final String HALF_DEAD = "half-dead";

    /** Little time for a backend to answer. Nobody counts as down. */
    static final String HASTY = "hasty";

    /** Two failures take a backend down, for longer than a test lasts. */
    static final String UNFORGIVING = "unforgiving";

    /** Two failures take a backend down, for 700 ms. */
    static final String FORGIVING = "forgiving";

    /** One backend of three is drained by the test. */
    static final String DRAINED = "drained";

    /** Ties by the cookie that Fairlead sets, in words of the test's. */
    static final String COOKIE = "cookie";

    /** Ties by the cookie that Fairlead sets. */
    static final String PLAIN_COOKIE = "plain-cookie";

    /** The same, where one failure takes a backend down for half a second. */
    static final String COOKIE_LOST = "cookie-lost";

    /** Ties by the field X-Room, else the parameter room, else the cookie ROOM. */
    static final String HASHED = "hashed";

    /** Ties by the client's address, of which it believes its clients. */
    static final String BY_ADDRESS = "by-address";

    /** The defaults. Keeps 4 KB of a body. */
    static final String SESSIONS = "sessions";

    /** The defaults, but that one failure takes a backend down for half a second. */
    static final String SESSIONS_LOST = "sessions-lost";

    /** The defaults, but one request at a time to a backend. */
    static final String SESSIONS_FULL = "sessions-full";

    /** One failure takes a backend down for longer than a test lasts, of which there is none. */
    static final String ONE_STRIKE = "one-strike";

    /** Ties nothing to nobody. */
    static final String NOT_STICKY = "not-sticky";

    /** One request at a time to the first and only backend, one more may wait. */
    static final String QUEUED = "queued";

    /** The same, and nobody waits for longer than 300 ms. */
    static final String QUEUED_BRIEFLY = "queued-briefly";

    static final List<Backend> BACKENDS = List.of(Backend.start(), Backend.start(), Backend.start());

    private static final Seat NOBODY = Seat.take();

    private BalancedRoutes() {}

    /** Init-params by route name. */
    static Map<String, Map<String, String>> all() {
        String first = url(BACKENDS.get(0).port());
        String second = url(BACKENDS.get(1).port());
        String third = url(BACKENDS.get(2).port());
        String three = first + ", " + second + ", " + third;
        Map<String, String> shortly = Map.of("maxFails", "1", "failTimeout", "500ms", "slowStart", "0");
        Map<String, Map<String, String>> routes = new LinkedHashMap<>();
        routes.put(WEIGHTED, Map.of("proxyTo", first + " weight=3, " + second + " weight=2, " + third));
        routes.put(WITH_BACKUP, with(shortly, Map.of("proxyTo", first + ", " + second + ", " + third + " backup")));
        routes.put(LEAST, Map.of("proxyTo", three, "balance", "leastconn"));
        routes.put(DEFIANT, Map.of("proxyTo", three, "maxFails", "0", "retryBuffer", "4KB"));
        routes.put(
                HALF_DEAD,
                Map.of(
                        "proxyTo", url(NOBODY.port()) + " weight=20, " + first + ", " + second,
                        "maxFails", "0",
                        "retryBuffer", "4KB"));
        routes.put(HASTY, Map.of("proxyTo", three, "maxFails", "0", "timeout", "700ms", "handshakeTimeout", "700ms"));
        routes.put(UNFORGIVING, Map.of("proxyTo", three, "maxFails", "2", "failTimeout", "1h"));
        routes.put(FORGIVING, Map.of("proxyTo", three, "maxFails", "2", "failTimeout", "700ms", "slowStart", "0"));
        routes.put(DRAINED, Map.of("proxyTo", three));
        routes.put(
                COOKIE,
                Map.of(
                        "proxyTo", three,
                        "sticky", "cookie",
                        "stickyCookieName", "LEAD",
                        "stickyCookiePath", "/app",
                        "stickyCookieSecure", "true",
                        "stickyCookieHttpOnly", "false",
                        "stickyCookieSameSite", "strict"));
        routes.put(PLAIN_COOKIE, Map.of("proxyTo", three, "sticky", "cookie"));
        routes.put(COOKIE_LOST, with(shortly, Map.of("proxyTo", three, "sticky", "cookie")));
        routes.put(HASHED, Map.of("proxyTo", three, "sticky", "header(X-Room), query(room), cookie(ROOM)"));
        routes.put(BY_ADDRESS, Map.of("proxyTo", three, "sticky", "address", "trustedProxies", "127.0.0.0/8, ::1"));
        routes.put(SESSIONS, Map.of("proxyTo", three, "retryBuffer", "4KB"));
        routes.put(SESSIONS_LOST, with(shortly, Map.of("proxyTo", three)));
        routes.put(SESSIONS_FULL, Map.of("proxyTo", three, "maxConnections", "1", "queueTimeout", "15s"));
        routes.put(ONE_STRIKE, Map.of("proxyTo", three, "maxFails", "1", "failTimeout", "1h"));
        routes.put(NOT_STICKY, Map.of("proxyTo", three, "sticky", "off"));
        routes.put(QUEUED, Map.of("proxyTo", first, "maxConnections", "1", "maxQueue", "1", "queueTimeout", "15s"));
        routes.put(QUEUED_BRIEFLY, Map.of("proxyTo", first, "maxConnections", "1", "queueTimeout", "300ms"));
        return routes;
    }

    private static Map<String, String> with(Map<String, String> some, Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(some);
        all.putAll(more);
        return all;
    }

    private static String url(int port) {
        return "http://127.0.0.1:" + port;
    }
}
