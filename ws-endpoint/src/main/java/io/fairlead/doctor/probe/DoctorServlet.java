package io.fairlead.doctor.probe;

import io.fairlead.doctor.Facts;
import io.fairlead.doctor.Json;
import io.fairlead.doctor.Json.Account;
import io.fairlead.doctor.RouteLeg;
import io.fairlead.doctor.Texts;
import io.fairlead.doctor.Verdict;
import io.fairlead.proxy.RouteChecks;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The doctor's page, below {@link Doctor#PAGE}: files of the jar; {@code options}; {@code begin}, which gives a nonce; and {@code verdict}, which
 * takes what the browser saw, by POST, or by GET where no POST comes through. The page loads nothing from anywhere else, and
 * its Content-Security-Policy holds it to that.
 */
public final class DoctorServlet extends HttpServlet {

    private static final long serialVersionUID = 1L;

    private static final int LARGEST_ACCOUNT = 16 * 1024;
    private static final int TOO_MANY = 429;
    private static final Duration ROUTE_PATIENCE = Duration.ofSeconds(4);
    private static final Pattern HOST = Pattern.compile("([A-Za-z0-9.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}])(:\\d{1,5})?");

    private static final Pattern FACTS = Pattern.compile("(?:^|&)facts=([^&]*)");

    /** Files of the page by name. */
    private static final Map<String, String> TYPES = Map.of(
            "index.html", "text/html;charset=utf-8",
            "doctor.css", "text/css;charset=utf-8",
            "doctor.js", "text/javascript;charset=utf-8",
            "probes.js", "text/javascript;charset=utf-8",
            "report.js", "text/javascript;charset=utf-8",
            "texts.json", "application/json;charset=utf-8");

    private final transient Doctor doctor;
    private final boolean hasWebSocket;
    private final Map<String, byte[]> files = new LinkedHashMap<>();

    /** @param hasWebSocket whether the probes' sockets are there */
    public DoctorServlet(Doctor doctor, boolean hasWebSocket) {
        this.doctor = doctor;
        this.hasWebSocket = hasWebSocket;
        for (String name : TYPES.keySet()) {
            files.put(name, name.equals("texts.json") ? Texts.file() : read(name));
        }
    }

    private static byte[] read(String name) {
        try (@Nullable InputStream in = DoctorServlet.class.getResourceAsStream("page/" + name)) {
            if (in == null) {
                throw new IllegalStateException(name + " is not in the jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        ProbeServlet.harmless(response);
        if (!doctor.settings().allow().allows(request)) {
            ProbeServlet.say(
                    response,
                    HttpServletResponse.SC_FORBIDDEN,
                    Map.of("error", "The doctor is not for you: see the setting fairlead.doctor.allow."));
            return;
        }
        String path = request.getPathInfo() == null ? "" : request.getPathInfo();
        boolean reads = request.getMethod().equals("GET") || request.getMethod().equals("HEAD");
        if (path.equals("/verdict") && (reads || request.getMethod().equals("POST"))) {
            verdict(request, response);
        } else if (!reads) {
            response.setHeader("Allow", "GET, HEAD");
            response.setStatus(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
        } else if (path.equals("/begin")) {
            begin(request, response);
        } else if (path.equals("/options")) {
            boolean mayRoutes = doctor.settings().allowRoutes().allows(request);
            ProbeServlet.say(response, HttpServletResponse.SC_OK, Map.of("routes", String.valueOf(mayRoutes)));
        } else if (path.isEmpty()) {
            response.setStatus(HttpServletResponse.SC_FOUND);
            response.setHeader("Location", request.getContextPath() + Doctor.PAGE);
        } else {
            file(path.equals("/") ? "index.html" : path.substring(1), request, response);
        }
    }

    private void file(String name, HttpServletRequest request, HttpServletResponse response) throws IOException {
        byte[] content = files.get(name);
        String type = TYPES.get(name);
        if (content == null || type == null) {
            response.setStatus(HttpServletResponse.SC_NOT_FOUND);
            return;
        }
        response.setContentType(type);
        response.setHeader("Content-Security-Policy", policy(request));
        response.setHeader("Cache-Control", "no-cache");
        response.setContentLength(content.length);
        response.getOutputStream().write(content);
    }

    /** Not every browser takes 'self' for a WebSocket, too; and the other port is another origin. */
    private String policy(HttpServletRequest request) {
        Set<String> connect = new LinkedHashSet<>(List.of("'self'"));
        // HTTP/2 has no Host.
        String asked = request.getHeader("Host");
        Matcher host = HOST.matcher(asked == null ? request.getServerName() + ":" + request.getServerPort() : asked);
        if (host.matches()) {
            connect.addAll(List.of("ws://" + host.group(), "wss://" + host.group()));
            for (int port :
                    List.of(doctor.settings().httpPort(), doctor.settings().httpsPort())) {
                if (port > 0) {
                    String other = host.group(1) + ":" + port;
                    connect.addAll(List.of("ws://" + other, "wss://" + other));
                }
            }
        }
        return "default-src 'none'; script-src 'self'; style-src 'self'; connect-src " + String.join(" ", connect)
                + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    }

    private void begin(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Examination begun = doctor.begin(request.getRemoteAddr());
        if (begun == null) {
            response.setHeader(
                    "Retry-After", String.valueOf(doctor.settings().life().toSeconds()));
            ProbeServlet.say(response, TOO_MANY, Map.of("error", "Too many examinations. Try again in a minute."));
            return;
        }
        Map<String, String> values = new LinkedHashMap<>();
        values.put("nonce", begun.nonce());
        values.put("canary", Verdict.CANARY);
        values.put("canaryValue", Verdict.CANARY_VALUE);
        values.put("burst", String.valueOf(Talk.BURST));
        values.put("fragments", Talk.FRAGMENTS);
        values.put("closeCode", String.valueOf(Verdict.CLOSE_CODE));
        values.put("offered", Verdict.OFFERED_SUBPROTOCOLS);
        values.put("chosen", Verdict.CHOSEN_SUBPROTOCOL);
        values.put("webSocket", String.valueOf(hasWebSocket));
        values.put("httpPort", String.valueOf(doctor.settings().httpPort()));
        values.put("httpsPort", String.valueOf(doctor.settings().httpsPort()));
        ProbeServlet.say(response, HttpServletResponse.SC_OK, Json.object(values));
    }

    private void verdict(HttpServletRequest request, HttpServletResponse response) throws IOException {
        Examination examination = doctor.find(request.getQueryString());
        if (examination == null) {
            ProbeServlet.say(
                    response, HttpServletResponse.SC_FORBIDDEN, Map.of("error", "No such examination, or no more."));
            return;
        }
        Account account;
        try {
            account = Json.account(account(request));
        } catch (IllegalArgumentException malformed) {
            ProbeServlet.say(response, HttpServletResponse.SC_BAD_REQUEST, Map.of("error", "These are no facts."));
            return;
        }
        boolean wantsRoutes = String.valueOf(request.getQueryString()).matches("(.*&)?routes=1(&.*)?")
                && doctor.settings().allowRoutes().allows(request);
        RouteChecks routes = RouteChecks.of(getServletContext());
        List<String> distrusting = routes.distrusting(request.getRemoteAddr());
        if (!wantsRoutes) {
            answer(account, examination, distrusting, List.of(), response);
            return;
        }
        AsyncContext async = request.startAsync();
        async.setTimeout(ROUTE_PATIENCE.multipliedBy(4).toMillis());
        routes.check(ROUTE_PATIENCE, legs -> {
            List<RouteLeg> all = legs.stream().map(DoctorServlet::leg).toList();
            ProbeServlet.finish(async, () -> answer(account, examination, distrusting, all, response));
        });
    }

    private static void answer(
            Account account,
            Examination examination,
            List<String> distrusting,
            List<RouteLeg> routes,
            HttpServletResponse response)
            throws IOException {
        Facts facts = new Facts(account.client(), account.steps(), examination.sightings(), distrusting, routes, null);
        ProbeServlet.say(response, HttpServletResponse.SC_OK, Json.answer(facts, Verdict.of(facts)));
    }

    private static RouteLeg leg(RouteChecks.Leg leg) {
        return new RouteLeg(
                leg.route(),
                leg.backend(),
                leg.path(),
                RouteLeg.Stage.valueOf(leg.reached().name()),
                leg.status(),
                leg.reason());
    }

    private static String account(HttpServletRequest request) throws IOException {
        if (request.getMethod().equals("POST")) {
            byte[] body = request.getInputStream().readNBytes(LARGEST_ACCOUNT + 1);
            return body.length > LARGEST_ACCOUNT ? "" : new String(body, StandardCharsets.UTF_8);
        }
        // Not the server's parameter: WildFly decodes none where its listener has decode-url=false.
        Matcher facts = FACTS.matcher(String.valueOf(request.getQueryString()));
        return facts.find() ? URLDecoder.decode(facts.group(1), StandardCharsets.UTF_8) : "";
    }
}
