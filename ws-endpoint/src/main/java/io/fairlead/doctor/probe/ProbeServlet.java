package io.fairlead.doctor.probe;

import io.fairlead.doctor.Json;
import io.fairlead.doctor.Verdict;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * The probes over plain HTTP, below {@link Doctor#PROBES}: {@code get}, {@code post}, {@code sse} with {@code ack}, {@code poll};
 * and what comes for a WebSocket without being a handshake. Answers say nothing of what the client has sent but how much that
 * was.
 */
public final class ProbeServlet extends HttpServlet {

    private static final long serialVersionUID = 1L;

    /** Those who hold the first event back will do so for longer. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final int LONGEST_POLL_MS = 120_000;
    private static final int LARGEST_BODY = 2 << 20;
    private static final int UPGRADE_REQUIRED = 426;

    private final transient Doctor doctor;

    public ProbeServlet(Doctor doctor) {
        this.doctor = doctor;
    }

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) throws IOException {
        harmless(response);
        String path = request.getPathInfo() == null ? "" : request.getPathInfo();
        if (path.startsWith("/ws/")) {
            response.setHeader("Upgrade", "websocket");
            say(response, UPGRADE_REQUIRED, Map.of("error", "This is for WebSocket; no handshake arrived."));
            return;
        }
        Watch watch = RequestWatcher.of(request);
        if (watch == null) {
            say(response, HttpServletResponse.SC_FORBIDDEN, Map.of("error", "No such examination, or no more."));
            return;
        }
        switch (request.getMethod() + " " + path) {
            case "GET /get" -> {
                response.setHeader(Verdict.CANARY, Verdict.CANARY_VALUE);
                say(response, HttpServletResponse.SC_OK, Map.of("step", watch.step()));
            }
            case "POST /post" -> post(watch, request, response);
            case "GET /sse" -> events(watch, request, response);
            case "GET /ack" -> {
                watch.examination().acknowledged().complete(null);
                say(response, HttpServletResponse.SC_OK, Map.of());
            }
            case "GET /poll" -> poll(request, response);
            default -> say(response, HttpServletResponse.SC_NOT_FOUND, Map.of("error", "There is no such probe."));
        }
    }

    /** Whatever a browser takes it for. */
    static void harmless(HttpServletResponse response) {
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
        response.setHeader("Referrer-Policy", "no-referrer");
        response.setHeader("Cache-Control", "no-store");
    }

    static void say(HttpServletResponse response, int status, Map<String, String> values) throws IOException {
        say(response, status, Json.object(values));
    }

    static void say(HttpServletResponse response, int status, String json) throws IOException {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        response.setStatus(status);
        response.setContentType("application/json");
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }

    private static void post(Watch watch, HttpServletRequest request, HttpServletResponse response) throws IOException {
        byte[] buffer = new byte[16 * 1024];
        long total = 0;
        InputStream body = request.getInputStream();
        for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
            total += read;
            if (!watch.received(read) || total > LARGEST_BODY) {
                say(response, HttpServletResponse.SC_REQUEST_ENTITY_TOO_LARGE, Map.of("error", "enough"));
                return;
            }
        }
        say(response, HttpServletResponse.SC_OK, Map.of("received", String.valueOf(total)));
    }

    /** A first event; and a second when the client has said that the first one came, or when it has not for a while. */
    private void events(Watch watch, HttpServletRequest request, HttpServletResponse response) throws IOException {
        AsyncContext async = request.startAsync();
        async.setTimeout(PATIENCE.multipliedBy(3).toMillis());
        response.setContentType("text/event-stream");
        response.setCharacterEncoding("utf-8");
        // Open Liberty keeps what is written until the first flush.
        response.flushBuffer();
        OutputStream out = response.getOutputStream();
        event(out, "first");
        CompletableFuture<String> second = new CompletableFuture<>();
        watch.examination().acknowledged().thenRun(() -> second.complete("came"));
        doctor.after(PATIENCE, () -> second.complete("late"));
        second.thenAccept(word -> finish(async, () -> event(out, word)));
    }

    /** Ends an answer in a thread of the server's, which a slow reader may hold. */
    static void finish(AsyncContext async, Writing rest) {
        async.start(() -> {
            try {
                rest.write();
            } catch (IOException gone) {
                async.getRequest().getServletContext().log("fairlead: the doctor's client is gone: " + gone);
            } finally {
                async.complete();
            }
        });
    }

    /** Writes the rest of an answer. */
    interface Writing {
        void write() throws IOException;
    }

    private static void event(OutputStream out, String data) throws IOException {
        out.write(("data: " + data + "\n\n").getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    private void poll(HttpServletRequest request, HttpServletResponse response) {
        String wanted = String.valueOf(request.getParameter("ms"));
        int millis = wanted.matches("\\d{1,6}") ? Math.min(Integer.parseInt(wanted), LONGEST_POLL_MS) : 0;
        AsyncContext async = request.startAsync();
        async.setTimeout(millis + PATIENCE.toMillis());
        doctor.after(
                Duration.ofMillis(millis),
                () -> finish(
                        async, () -> say(response, HttpServletResponse.SC_OK, Map.of("held", String.valueOf(millis)))));
    }
}
