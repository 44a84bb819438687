package io.fairlead.suite;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.EchoBackend;
import io.fairlead.suite.peer.Relay;
import io.fairlead.suite.peer.Seat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The routes under test, in one place: written as a web.xml for servers and as {@code --route} arguments for the WAR
 * that runs by itself. All lead to one {@link Backend} of this JVM, but for those of {@link BalancedRoutes}.
 */
public final class Routes {

    /** Any upgrade, and no timeout that a test could meet by accident. */
    public static final String MAIN = "main";
    /** The defaults: WebSocket only. */
    public static final String WEBSOCKET = "websocket";
    /** Refuses every upgrade. */
    public static final String OFF = "off";
    /** Short HTTP timeouts; its tunnels have none. */
    public static final String QUICK = "quick";
    /** A client may take nothing of a response for two seconds. */
    public static final String IMPATIENT = "impatient";
    /** Tunnels are cut when idle for a second. */
    public static final String CUT = "cut";
    /** Pings twice a second, and waits as long for an answer. */
    public static final String PINGED = "pinged";

    /** Pings four times a second. */
    public static final String MEASURED = "measured";

    /** A backend's 101 waits a minute for its client. */
    public static final String PATIENT = "patient";

    /** Tunnels grow no older than a second. */
    public static final String AGED = "aged";

    /** Little is allowed: frames of 1000 bytes, messages of 2000, twenty a second, and nothing that is no frame. */
    public static final String STRICT = "strict";

    /** Nobody listens there. */
    public static final String DEAD = "dead";
    /** The backend's part lies below a path. */
    public static final String DEEP = "deep";
    /** The Host of the backend instead of the client's. */
    public static final String HOSTLESS = "hostless";
    /** A Host of its own. */
    public static final String NAMED = "named";
    /** Little room for response headers. */
    public static final String NARROW = "narrow";

    /** One connection to the backend. */
    public static final String SINGLE = "single";

    /** Redirects and cookies by rules of the user's. */
    public static final String RULES = "rules";

    /** Redirects and cookies as the backend writes them. */
    public static final String AS_WRITTEN = "as-written";

    /** Believes what the clients of these tests say of those before them. */
    public static final String TRUSTING = "trusting";

    /** Without WebSocket among the transports of Socket.IO 0.9. */
    public static final String HIDING = "hiding";

    /** Four connections to the backend. */
    public static final String FEW = "few";

    /** Three tunnels at a time. Short waits for their handshakes. */
    public static final String LIMITED = "limited";

    /** Two tunnels at a time from one address; believes what its clients say of those before them. */
    public static final String LIMITED_BY_ADDRESS = "limited-by-address";

    /** The same, and believes nobody. */
    public static final String LIMITED_BY_PEER = "limited-by-peer";

    /** One handshake in four seconds from one address; believes its clients. */
    public static final String LIMITED_BY_RATE = "limited-by-rate";

    /** Two handshakes at a time, any number of tunnels. */
    public static final String LIMITED_HANDSHAKES = "limited-handshakes";

    /** One tunnel at a time, to nobody. */
    public static final String LIMITED_DEAD = "limited-dead";

    /** Messages instead of bytes, with the defaults. */
    public static final String RELAY = "relay";

    /** The same with pings twice a second, whose answers are waited for two seconds. */
    public static final String RELAY_PINGED = "relay-pinged";

    /** A relay with all the filters that there are. */
    public static final String RELAY_FILTERED = "relay-filtered";

    /** A relay for peers of the Node world, through {@link #FOREIGN_DOOR}. */
    public static final String RELAY_FOREIGN = "relay-foreign";

    /** Leads to {@link #CROWD_BACKEND}. */
    public static final String CROWD = "crowd";

    /** Leads through {@link #FOREIGN_DOOR}, with the defaults. */
    public static final String FOREIGN = "foreign";

    /** The routes to {@link #BACKEND}. */
    static final Set<String> TO_BACKEND = Set.of(
            MAIN,
            WEBSOCKET,
            OFF,
            QUICK,
            IMPATIENT,
            CUT,
            DEEP,
            HOSTLESS,
            NAMED,
            NARROW,
            SINGLE,
            FEW,
            RULES,
            AS_WRITTEN,
            TRUSTING,
            HIDING);

    /** Before the name of a route to {@link #BACKEND}: one with the same settings to the same backend over TLS. */
    static final String OVER_TLS = "tls-";

    public static final Relay FOREIGN_DOOR = Relay.start();
    public static final EchoBackend CROWD_BACKEND = EchoBackend.start();
    public static final Backend BACKEND = Backend.start();

    private static final Seat NOBODY = Seat.take();

    private Routes() {}

    /** Init-params by route name. */
    public static Map<String, Map<String, String>> all() {
        Map<String, Map<String, String>> routes = new LinkedHashMap<>();
        String backend = "http://127.0.0.1:" + BACKEND.port();
        routes.put(MAIN, Map.of("proxyTo", backend, "upgrade", "any", "tunnelIdleTimeout", "0"));
        routes.put(WEBSOCKET, Map.of("proxyTo", backend));
        routes.put(OFF, Map.of("proxyTo", backend, "upgrade", "off"));
        routes.put(
                QUICK,
                Map.of(
                        "proxyTo", backend,
                        "upgrade", "any",
                        "timeout", "700",
                        "idleTimeout", "1s",
                        "handshakeTimeout", "700ms",
                        "tunnelIdleTimeout", "0"));
        routes.put(IMPATIENT, Map.of("proxyTo", backend, "sendTimeout", "2s"));
        routes.put(CUT, Map.of("proxyTo", backend, "upgrade", "any", "tunnelIdleTimeout", "1s"));
        routes.put(PINGED, Map.of("proxyTo", backend, "pingInterval", "500", "pongTimeout", "500"));
        routes.put(PATIENT, Map.of("proxyTo", backend, "closeTimeout", "1m"));
        routes.put(AGED, Map.of("proxyTo", backend, "maxTunnelAge", "1s"));
        routes.put(
                STRICT,
                Map.of(
                        "proxyTo", backend,
                        "protocolErrors", "close",
                        "maxFrameSize", "1000",
                        "maxMessageSize", "2000",
                        "maxMessageRate", "20"));
        routes.put(DEAD, Map.of("proxyTo", "http://127.0.0.1:" + NOBODY.port(), "upgrade", "any"));
        routes.put(DEEP, Map.of("proxyTo", backend + "/deep/er", "upgrade", "any"));
        routes.put(HOSTLESS, Map.of("proxyTo", backend, "preserveHost", "false"));
        routes.put(NAMED, Map.of("proxyTo", backend, "hostHeader", "named.example"));
        routes.put(NARROW, Map.of("proxyTo", backend, "upgrade", "any", "maxResponseHeadersSize", "4KB"));
        routes.put(SINGLE, Map.of("proxyTo", backend, "maxConnections", "1"));
        routes.put(
                RULES,
                Map.of(
                        "proxyTo", backend,
                        "proxyRedirect", "http://backend.example/ https://front.example/b/, /old/ /new/",
                        "proxyCookiePath", "/app/ /",
                        "proxyCookieDomain", "backend.example front.example"));
        routes.put(
                AS_WRITTEN,
                Map.of(
                        "proxyTo", backend,
                        "proxyRedirect", "off",
                        "proxyCookiePath", "off",
                        "proxyCookieDomain", "off"));
        routes.put(TRUSTING, Map.of("proxyTo", backend, "trustedProxies", "127.0.0.0/8, ::1"));
        routes.put(HIDING, Map.of("proxyTo", backend, "socketIo09HideTransports", "websocket"));
        routes.put(FEW, Map.of("proxyTo", backend, "maxConnections", "4"));
        routes.put(MEASURED, Map.of("proxyTo", backend, "pingInterval", "250ms", "pongTimeout", "10s"));
        routes.put(
                LIMITED,
                Map.of(
                        "proxyTo", backend,
                        "upgrade", "any",
                        "handshakeTimeout", "1500ms",
                        "closeTimeout", "2s",
                        "tunnelIdleTimeout", "0",
                        "maxTunnels", "3"));
        String everyone = "127.0.0.0/8, ::1";
        routes.put(
                LIMITED_BY_ADDRESS,
                Map.of("proxyTo", backend, "trustedProxies", everyone, "maxTunnelsPerAddress", "2"));
        routes.put(LIMITED_BY_PEER, Map.of("proxyTo", backend, "maxTunnelsPerAddress", "2"));
        routes.put(
                LIMITED_BY_RATE,
                Map.of("proxyTo", backend, "trustedProxies", everyone, "handshakeRatePerAddress", "0.25"));
        routes.put(LIMITED_HANDSHAKES, Map.of("proxyTo", backend, "maxTunnels", "0", "maxHandshakes", "2"));
        routes.put(
                LIMITED_DEAD,
                Map.of("proxyTo", "http://127.0.0.1:" + NOBODY.port(), "upgrade", "any", "maxTunnels", "1"));
        routes.put(
                CROWD,
                Map.of(
                        "proxyTo", "http://127.0.0.1:" + CROWD_BACKEND.port(),
                        "upgrade", "any",
                        "tunnelIdleTimeout", "0",
                        "idleTimeout", "5s"));
        routes.put(FOREIGN, Map.of("proxyTo", "http://127.0.0.1:" + FOREIGN_DOOR.port()));
        Map<String, Map<String, String>> overTls = new LinkedHashMap<>();
        routes.forEach((name, params) -> {
            if (TO_BACKEND.contains(name)) {
                overTls.put(OVER_TLS + name, TlsBackends.overTls(params, backend));
            }
        });
        routes.putAll(overTls);
        routes.putAll(TlsBackends.ROUTES);
        routes.putAll(BalancedRoutes.all());
        return routes;
    }

    /** The routes that relay messages, an application of their own: not every server has what they need. */
    public static Map<String, Map<String, String>> relays() {
        Map<String, Map<String, String>> routes = new LinkedHashMap<>();
        String backend = "http://127.0.0.1:" + BACKEND.port();
        routes.put(RELAY, Map.of("proxyTo", backend, "mode", "relay"));
        routes.put(
                RELAY_PINGED,
                Map.of("proxyTo", backend, "mode", "relay", "pingInterval", "500", "pongTimeout", "2000"));
        routes.put(
                RELAY_FILTERED,
                Map.of(
                        "proxyTo", backend,
                        "mode", "relay",
                        "filters", "audit, maxText, rate, jsonGate",
                        "audit.bodies", "true",
                        "audit.redact", "pass[a-z]*",
                        "maxText.chars", "1000",
                        "rate.perSecond", "20",
                        "jsonGate.pointer", "/type",
                        "jsonGate.allow", "say, hello",
                        "jsonGate.otherwise", "drop"));
        routes.put(RELAY_FOREIGN, Map.of("proxyTo", "http://127.0.0.1:" + FOREIGN_DOOR.port(), "mode", "relay"));
        return routes;
    }

    /** The routes as a web.xml, each with further init-params. */
    public static String webXml(Map<String, String> more) {
        Map<String, Map<String, String>> routes = new LinkedHashMap<>();
        all().forEach((name, params) -> {
            Map<String, String> merged = new LinkedHashMap<>(params);
            merged.putAll(more);
            routes.put(name, merged);
        });
        return webXmlOf(routes);
    }

    /** A web.xml of any routes, right or wrong. */
    public static String webXmlOf(Map<String, Map<String, String>> routes) {
        StringBuilder xml = new StringBuilder("""
                <?xml version="1.0" encoding="UTF-8"?>
                <web-app xmlns="https://jakarta.ee/xml/ns/jakartaee" version="6.0">
                  <absolute-ordering/>
                  <context-param>
                    <param-name>fairlead.doctor.allow</param-name>
                    <param-value>loopback</param-value>
                  </context-param>
                  <listener>
                    <listener-class>io.fairlead.doctor.probe.DoctorListener</listener-class>
                  </listener>
                  <listener>
                    <listener-class>io.fairlead.proxy.RouteCheck</listener-class>
                  </listener>
                """);
        routes.forEach((name, params) -> {
            xml.append("  <servlet>\n    <servlet-name>").append(name).append("</servlet-name>\n");
            xml.append("    <servlet-class>io.fairlead.proxy.UpgradeProxyServlet</servlet-class>\n");
            param(xml, "prefix", "/" + name);
            params.forEach((key, value) -> param(xml, key, value));
            xml.append("    <load-on-startup>1</load-on-startup>\n    <async-supported>true</async-supported>\n");
            xml.append("  </servlet>\n  <servlet-mapping>\n    <servlet-name>").append(name);
            xml.append("</servlet-name>\n    <url-pattern>/").append(name).append("/*</url-pattern>\n");
            xml.append("  </servlet-mapping>\n");
        });
        return xml.append("</web-app>\n").toString();
    }

    private static void param(StringBuilder xml, String name, String value) {
        xml.append("    <init-param><param-name>")
                .append(name)
                .append("</param-name><param-value>")
                .append(value.replace("&", "&amp;").replace("<", "&lt;"))
                .append("</param-value></init-param>\n");
    }

    /** The routes as arguments of {@code java -jar fairlead.war}. */
    public static List<String> arguments() {
        List<String> arguments = new ArrayList<>();
        Map<String, Map<String, String>> routes = all();
        routes.putAll(relays());
        routes.forEach((name, params) -> {
            StringBuilder route = new StringBuilder("/")
                    .append(name)
                    .append("/=")
                    .append(replacing(Objects.requireNonNull(params.get("proxyTo"))));
            params.forEach((key, value) -> {
                if (!key.equals("proxyTo")) {
                    route.append(';').append(key).append('=').append(value);
                }
            });
            arguments.add("--route");
            arguments.add(route.toString());
        });
        return arguments;
    }

    /** Each of some targets with a slash at the end of its URL, by which it replaces the route's path. */
    private static String replacing(String targets) {
        return Stream.of(targets.split(", "))
                .map(target -> target.replaceFirst("^\\S+", "$0/"))
                .collect(Collectors.joining(", "));
    }
}
