package io.fairlead.proxy;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;

/**
 * Fairlead's own answers to clients: a status, one plain sentence and a request id. What else there is to know is in the
 * log, under the same id.
 */
final class Answers {

    private static final int LONGEST = 160;

    /** RFC 9110 section 15.5.22; the servlet API has no name for it. Here: another version of WebSocket (RFC 6455 section 4.4). */
    static final int UPGRADE_REQUIRED = 426;

    private Answers() {}

    /** As {@link #sendWithDetail}, and the detail is a failure and its causes; null when the sentence says it all. */
    static String send(
            HttpServletRequest request,
            HttpServletResponse response,
            int status,
            String sentence,
            Logger log,
            String route,
            @Nullable Throwable failure,
            boolean asynchronous)
            throws IOException {
        String detail = failure == null ? "" : "(" + describe(failure) + ")";
        return sendWithDetail(request, response, status, sentence, log, route, detail, asynchronous);
    }

    /**
     * As {@link #sendToBeRetried}; a 503 may be tried again after a second.
     *
     * @return the request id
     */
    static String sendWithDetail(
            HttpServletRequest request,
            HttpServletResponse response,
            int status,
            String sentence,
            Logger log,
            String route,
            String detail,
            boolean asynchronous)
            throws IOException {
        int retryAfter = status == HttpServletResponse.SC_SERVICE_UNAVAILABLE ? 1 : 0;
        return sendToBeRetried(request, response, status, sentence, retryAfter, log, route, detail, asynchronous);
    }

    /**
     * Answers in place of a backend. The response must not be committed.
     *
     * @param sentence for the client; names no backend
     * @param retryAfterSeconds when another try makes sense; 0: nothing is said of that
     * @param route for the log
     * @param detail for the log; empty when the sentence says it all
     * @param asynchronous whether the response has a write listener
     * @return the request id
     */
    static String sendToBeRetried(
            HttpServletRequest request,
            HttpServletResponse response,
            int status,
            String sentence,
            int retryAfterSeconds,
            Logger log,
            String route,
            String detail,
            boolean asynchronous)
            throws IOException {
        String id = id();
        log.warn(
                "{} [{}] {} {}: {} {}{}",
                route,
                id,
                clean(request.getMethod()),
                clean(request.getRequestURI()),
                status,
                sentence,
                detail.isEmpty() ? "" : " " + clean(detail));
        response.reset();
        response.setStatus(status);
        if (retryAfterSeconds > 0) {
            response.setHeader("Retry-After", Integer.toString(retryAfterSeconds));
        }
        if (status == HttpServletResponse.SC_METHOD_NOT_ALLOWED) {
            response.setHeader("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
        }
        if (status == UPGRADE_REQUIRED) {
            response.setHeader("Sec-WebSocket-Version", "13");
        }
        if (HopHeaders.isHttp1(request.getProtocol())) {
            // The rest of what the client sent must not be read as a request.
            response.setHeader("Connection", "close");
            if (status == UPGRADE_REQUIRED) {
                response.setHeader("Upgrade", "websocket");
                response.addHeader("Connection", "Upgrade");
            }
        }
        response.setHeader("Cache-Control", "no-store");
        response.setContentType("text/plain;charset=utf-8");
        byte[] body = (sentence + "\nRequest id: " + id + "\n").getBytes(StandardCharsets.UTF_8);
        response.setContentLength(body.length);
        if (request.getMethod().equals("HEAD")) {
            return id;
        }
        ServletOutputStream output = response.getOutputStream();
        if (!asynchronous || output.isReady()) {
            output.write(body);
        }
        return id;
    }

    static String id() {
        return String.format("%016x", ThreadLocalRandom.current().nextLong());
    }

    /** A failure and its causes in one line, without control characters. */
    static String describe(Throwable failure) {
        StringBuilder text = new StringBuilder();
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < 5; cause = cause.getCause(), depth++) {
            String message = cause.getMessage();
            text.append(depth == 0 ? "" : "; ").append(cause.getClass().getSimpleName());
            if (message != null) {
                // Jetty's tell the state of all its objects.
                text.append(": ").append(message.length() > LONGEST ? message.substring(0, LONGEST) + "…" : message);
            }
        }
        return clean(text.toString());
    }

    /** Control characters escaped, so that a client can't write lines into the log. */
    static String clean(@Nullable String text) {
        if (text == null) {
            return "";
        }
        StringBuilder clean = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '\u2028' || c == '\u2029') {
                if (clean == null) {
                    clean = new StringBuilder(text.length() + 16).append(text, 0, i);
                }
                clean.append(String.format("\\u%04x", (int) c));
            } else if (clean != null) {
                clean.append(c);
            }
        }
        return clean == null ? text : clean.toString();
    }
}
