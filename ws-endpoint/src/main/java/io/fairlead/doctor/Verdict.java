package io.fairlead.doctor;

import io.fairlead.doctor.Finding.Hop;
import io.fairlead.doctor.Finding.Severity;
import io.fairlead.doctor.Sighting.Socket;
import io.fairlead.doctor.Step.Result;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the facts mean: one function, from {@link Facts} to {@link Finding}s. Pure. */
public final class Verdict {

    /** A field that clients send and the server sends back, to see whether names and values come as they were written. */
    public static final String CANARY = "X-Fairlead-Probe";

    public static final String CANARY_VALUE = "Fair, \"Lead\"; Q=0.5";

    /** The code of the server's Close frame on the socket of the step {@code push}. */
    public static final int CLOSE_CODE = 4002;

    /** The subprotocols that the step {@code sub} offers, with commas between; the server takes the last one. */
    public static final String OFFERED_SUBPROTOCOLS = "fairlead.first,fairlead.second";

    public static final String CHOSEN_SUBPROTOCOL = "fairlead.second";

    private final Facts facts;
    private final List<Finding> findings = new ArrayList<>();

    private Verdict(Facts facts) {
        this.facts = facts;
    }

    /** The gravest first; never empty. */
    public static List<Finding> of(Facts facts) {
        Verdict verdict = new Verdict(facts);
        verdict.judge();
        verdict.findings.sort(Comparator.comparing(Finding::severity).reversed());
        if (gravest(verdict.findings).compareTo(Severity.WARNING) < 0) {
            verdict.findings.add(0, new Finding("fine", Severity.FINE, Hop.NONE, Map.of()));
        }
        return List.copyOf(verdict.findings);
    }

    /** {@link Severity#FINE} if there is none. */
    public static Severity gravest(List<Finding> findings) {
        return findings.stream()
                .map(Finding::severity)
                .max(Comparator.naturalOrder())
                .orElse(Severity.FINE);
    }

    private void judge() {
        if (certificate() && reached()) {
            http();
            fields();
            if (handshake() && data()) {
                rest();
                idle();
            }
        }
        otherPort();
        facts.routes().forEach(this::route);
    }

    // ---- the way there

    /** False if nothing can be said beyond this. */
    private boolean certificate() {
        Chain chain = facts.chain();
        if (chain == null || chain.fault().isEmpty()) {
            return true;
        }
        if (chain.incomplete()) {
            fault(
                    "chain-incomplete",
                    Hop.SERVER,
                    "count",
                    String.valueOf(chain.length()),
                    "last",
                    chain.last(),
                    "issuer",
                    chain.issuer());
        } else {
            fault("certificate", Hop.SERVER, "host", facts.client().authority(), "fault", chain.fault());
        }
        return facts.step("tls").isOk();
    }

    private boolean reached() {
        Step connect = facts.step("connect");
        if (connect.isBad()) {
            String code =
                    switch (connect.value("reason")) {
                        case "name" -> "name-unknown";
                        case "refused" -> "connection-refused";
                        default -> "connection-lost";
                    };
            fault(code, Hop.PATH, "host", facts.client().authority(), "reason", connect.value("detail"));
            return false;
        }
        Step tls = facts.step("tls");
        if (tls.isBad()) {
            fault("tls-failed", Hop.SERVER, "host", facts.client().authority(), "reason", tls.value("detail"));
            return false;
        }
        Step get = facts.step("get");
        if (get.isBad()) {
            fault("unreachable", Hop.PATH, "status", status(get));
            return false;
        }
        return true;
    }

    private static String status(Step step) {
        return step.value("status").isEmpty() ? "0" : step.value("status");
    }

    // ---- plain HTTP

    private void http() {
        Step post = facts.step("post");
        if (post.isBad()) {
            warning("body-limit", Hop.PATH, "status", status(post), "bytes", post.value("bytes"));
        }
        Step events = facts.step("sse");
        if (events.result() == Result.SILENT || events.result() == Result.LATE) {
            warning("sse-buffered", Hop.PATH);
        } else if (events.result() == Result.FAILED) {
            warning("sse-cut", Hop.PATH, "status", status(events));
        }
        Step poll = facts.step("poll");
        if (poll.isBad()) {
            warning("longpoll-cut", Hop.PATH, "status", status(poll), "seconds", seconds(poll));
        }
    }

    private static String seconds(Step step) {
        return String.valueOf(Math.round(step.number("ms") / 1000.0));
    }

    private void fields() {
        origin();
        Sighting get = facts.seen("get");
        if (get == null) {
            return;
        }
        spelling(get);
        host(get);
        forwarded(get);
    }

    private void host(Sighting get) {
        String host = facts.client().authority();
        String saw = Facts.withoutDefaultPort(
                String.valueOf(get.field("Host")).toLowerCase(Locale.ROOT),
                facts.client().isSecure());
        if (!host.isEmpty() && !saw.equals(host)) {
            String forwarded = get.field("X-Forwarded-Host");
            boolean told =
                    forwarded != null && forwarded.toLowerCase(Locale.ROOT).contains(host);
            add("host-rewritten", told ? Severity.NOTE : Severity.WARNING, Hop.PATH, "sent", host, "seen", saw);
        }
    }

    private void origin() {
        Sighting ws = facts.seen("ws");
        if (ws != null) {
            String origin = ws.field("Origin");
            if (origin == null || !origin.equalsIgnoreCase(facts.client().origin())) {
                warning(
                        "origin-rewritten",
                        Hop.PATH,
                        "sent",
                        facts.client().origin(),
                        "seen",
                        origin == null ? "–" : origin);
            }
        }
    }

    /** HTTP/2 knows small letters only, whoever writes them. */
    private void spelling(Sighting get) {
        String name = get.spelling(CANARY);
        String value = get.field(CANARY);
        boolean small = !facts.client().protocol().equals("http/1.1") || get.isHttp2();
        if (name == null || value == null) {
            if (facts.step("get").isOk()) {
                warning("field-removed", Hop.PATH, "name", CANARY);
            }
        } else if (!value.equals(CANARY_VALUE)) {
            warning("fields-rewritten", Hop.PATH, "sent", CANARY + ": " + CANARY_VALUE, "seen", name + ": " + value);
        } else if (!name.equals(CANARY) && !small) {
            // Names have no case (RFC 9110 section 5.1); HAProxy makes all of them small.
            add("fields-rewritten", Severity.NOTE, Hop.PATH, "sent", CANARY, "seen", name);
        }
        String answer = facts.step("get").value("answer");
        if (!answer.isEmpty() && !answer.equals(CANARY_VALUE)) {
            warning("fields-rewritten", Hop.PATH, "sent", CANARY_VALUE, "seen", answer);
        }
    }

    private void forwarded(Sighting get) {
        String proto = get.field("X-Forwarded-Proto");
        String forwarded = get.field("Forwarded");
        boolean tellsHttps = (proto != null && proto.toLowerCase(Locale.ROOT).contains("https"))
                || (forwarded != null
                        && forwarded.toLowerCase(Locale.ROOT).replace("\"", "").contains("proto=https"));
        boolean tellsClient = get.field("X-Forwarded-For") != null || forwarded != null;
        if (facts.client().isSecure() && !get.secure() && !tellsHttps) {
            warning("forwarded-missing", Hop.PATH);
        }
        if ((tellsClient || proto != null) && !facts.distrusting().isEmpty()) {
            add(
                    "forwarded-untrusted",
                    Severity.WARNING,
                    Hop.SERVER,
                    "peer",
                    get.peer(),
                    "routes",
                    String.join(", ", facts.distrusting()));
        }
    }

    // ---- the handshake

    /** Whether there is a socket to say more of. */
    private boolean handshake() {
        Step ws = facts.step("ws");
        if (!ws.isBad()) {
            return ws.isOk();
        }
        if (ws.value("why").equals("server")) {
            fault("server-without-websocket", Hop.SERVER);
        } else if (facts.areTwoEnds()) {
            handshakeSeenFromBothEnds();
        } else {
            handshakeSeenFromHere(ws);
        }
        return false;
    }

    private void handshakeSeenFromBothEnds() {
        Sighting saw = facts.seen("ws");
        Sighting other = facts.seen("other");
        boolean overHttp2 = saw == null ? facts.client().protocol().equals("h2") : saw.isHttp2();
        if (overHttp2 && facts.step("other").isOk() && other != null && !other.isHttp2()) {
            fault("http2-websocket-refused", Hop.PATH);
        } else if (saw == null) {
            fault("handshake-blocked", Hop.PATH);
        } else if (saw.socket() != null) {
            fault("answer-lost", Hop.PATH);
        } else {
            String missing = saw.missingOfHandshake();
            if (missing == null) {
                fault("handshake-refused", Hop.SERVER);
            } else {
                fault("upgrade-stripped", Hop.PATH, "missing", missing);
            }
        }
    }

    private void handshakeSeenFromHere(Step ws) {
        String status = status(ws);
        switch (status) {
            case "0" -> {
                if (ws.result() == Result.SILENT) {
                    fault("handshake-silent", Hop.PATH, "seconds", seconds(ws));
                } else {
                    fault("handshake-broken", Hop.PATH, "reason", ws.value("detail"));
                }
            }
            case "101" -> fault("answer-wrong", Hop.PATH, "reason", ws.value("detail"));
            case "426" -> fault("upgrade-stripped", Hop.PATH, "missing", "Upgrade");
            case "401", "403", "407" -> fault("not-allowed", Hop.SERVER, "status", status);
            case "301", "302", "303", "307", "308" ->
                fault("redirected", Hop.SERVER, "status", status, "location", ws.value("location"));
            case "429", "502", "503", "504" -> fault("gateway", Hop.BACKEND, "status", status);
            default -> fault("no-websocket", Hop.SERVER, "status", status);
        }
    }

    // ---- what passes on the socket

    /** Whether anything does. */
    private boolean data() {
        String name = facts.areTwoEnds() ? "text" : "ping";
        Step again = facts.step("again");
        Step first = facts.step(name).isOk() && again.isBad() ? again : facts.step(name);
        Step push = facts.step("push");
        // The second message, and as small as the first; and what the server says first, of which much may be in one
        // packet.
        Step second = facts.step("binary");
        if (first.result() == Result.SILENT) {
            lost(push);
        } else if (first.result() == Result.FAILED && isClosed(first)) {
            fault("closed-at-once", Hop.SERVER, "code", code(first));
        } else if (first.result() == Result.FAILED) {
            fault("cut-after-first-frame", Hop.PATH, "code", code(first));
        } else if (first.isOk() && second.result() == Result.FAILED && !isClosed(second)) {
            fault("cut-after-first-frame", Hop.PATH, "code", code(second));
        } else if (first.isOk() && push.result() == Result.FAILED && push.number("frames") <= 1) {
            fault("cut-after-first-frame", Hop.PATH, "code", code(push));
        } else {
            if (first.isOk()) {
                afterTheFirst(push);
            }
            return true;
        }
        return false;
    }

    /** By a Close frame, which a cut has not. */
    private static boolean isClosed(Step step) {
        return step.number("code") >= 1000 && step.number("code") != 1006;
    }

    private static String code(Step step) {
        return step.value("code").isEmpty() ? "1006" : step.value("code");
    }

    /** The handshake passed, and an answer did not come. */
    private void lost(Step push) {
        Sighting saw = facts.seen("ws");
        Socket socket = saw == null ? null : saw.socket();
        if (socket != null && socket.messages() > 0) {
            fault("data-lost-down", Hop.PATH);
        } else if (socket != null || push.number("frames") > 0) {
            fault("data-lost-up", Hop.PATH);
        } else {
            fault("data-lost", Hop.PATH);
        }
    }

    private void afterTheFirst(Step push) {
        for (String name : List.of("binary", "64k", "1m")) {
            Step step = facts.step(name);
            if (step.isBad()) {
                fault("large-lost", Hop.PATH, "bytes", step.value("bytes"), "code", step.value("code"));
                break;
            }
        }
        if (push.isBad()) {
            fault("burst-lost", Hop.PATH, "frames", push.value("frames"));
            return;
        }
        if (facts.step("fragments").isBad()) {
            fault("fragments-lost", Hop.PATH);
        }
        if (facts.areTwoEnds() && facts.step("ping").isBad()) {
            warning("pings-swallowed", Hop.PATH);
        }
    }

    private void rest() {
        Step close = facts.step("close");
        if (close.isBad()) {
            // A server's Close is what it was told to say; how others answer ours is their own.
            Severity severity = facts.areTwoEnds() ? Severity.WARNING : Severity.NOTE;
            add("close-changed", severity, Hop.PATH, "sent", close.value("sent"), "seen", close.value("code"));
        }
        if (facts.step("sub").isBad()) {
            warning("subprotocol-lost", Hop.PATH, "seen", facts.step("sub").value("protocol"));
        }
        Sighting saw = facts.seen("ws");
        if (saw != null && facts.areTwoEnds()) {
            boolean offered = saw.field("Sec-WebSocket-Extensions") != null;
            boolean compressed = facts.step("ws").value("extensions").contains("permessage-deflate");
            Socket socket = saw.socket();
            if (!offered && !saw.isHttp2()) {
                note("compression-removed");
            } else if (!compressed && socket != null && socket.extensions().contains("permessage-deflate")) {
                warning("compression-mismatch", Hop.PATH);
            }
        }
        if (facts.client().protocol().equals("h2") && saw != null && saw.socket() != null && !saw.isHttp2()) {
            note("http2-not-used");
        }
    }

    private void note(String code) {
        add(code, Severity.NOTE, Hop.PATH);
    }

    private void idle() {
        Step idle = facts.step("idle");
        if (idle.result() == Result.FAILED) {
            add("idle-cut", Severity.WARNING, Hop.PATH, "seconds", seconds(idle), "code", code(idle));
        } else if (idle.result() == Result.SILENT) {
            add("idle-swallowed", Severity.WARNING, Hop.PATH, "seconds", seconds(idle));
        }
    }

    /** Only what it tells beyond the way that was asked first. */
    private void otherPort() {
        Step other = facts.step("other");
        if (other.result() == Result.BLOCKED) {
            add("mixed-content", Severity.NOTE, Hop.CLIENT, "url", other.value("url"));
        } else if (other.isBad() && facts.step("ws").isOk()) {
            add("other-port-blocked", Severity.NOTE, Hop.PATH, "url", other.value("url"));
        } else if (other.isOk() && facts.step("ws").isBad()) {
            add("other-port-works", Severity.NOTE, Hop.PATH, "url", other.value("url"));
        }
    }

    // ---- behind the server

    private void route(RouteLeg leg) {
        String code =
                switch (leg.reached()) {
                    case PONG -> null;
                    case NOTHING -> "route-down";
                    case CONNECTION -> "route-tls";
                    case TLS -> "route-no-answer";
                    case ANSWER -> answered(leg.status());
                    case HANDSHAKE -> "route-silent";
                };
        if (code == null) {
            return;
        }
        // Whether there should be a WebSocket at that path nobody has said.
        Severity severity =
                switch (code) {
                    case "route-no-websocket" -> Severity.NOTE;
                    case "route-refuses" -> Severity.WARNING;
                    default -> Severity.FAULT;
                };
        add(
                code,
                severity,
                Hop.BACKEND,
                "route",
                leg.route(),
                "backend",
                leg.backend(),
                "path",
                leg.path(),
                "status",
                String.valueOf(leg.status()),
                "reason",
                leg.reason());
    }

    private static String answered(int status) {
        return switch (status) {
            case 401, 403, 407, 429, 500, 502, 503, 504 -> "route-refuses";
            case 101 -> "route-answer-wrong";
            default -> "route-no-websocket";
        };
    }

    private void fault(String code, Hop hop, String... parameters) {
        add(code, Severity.FAULT, hop, parameters);
    }

    private void warning(String code, Hop hop, String... parameters) {
        add(code, Severity.WARNING, hop, parameters);
    }

    private void add(String code, Severity severity, Hop hop, String... parameters) {
        Map<String, String> named = new LinkedHashMap<>();
        for (int i = 0; i < parameters.length; i += 2) {
            named.put(parameters[i], parameters[i + 1]);
        }
        findings.add(new Finding(code, severity, hop, named));
    }
}
