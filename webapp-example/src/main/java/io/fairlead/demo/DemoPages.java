package io.fairlead.demo;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The chat page: three files out of the jar at {@code /demo/}, and a redirect there from {@code /demo} and {@code /}.
 * The page loads nothing from anywhere else, and its Content-Security-Policy holds it to that.
 */
public final class DemoPages extends HttpServlet {
    private static final long serialVersionUID = 1L;

    private static final String HOME = "/demo/";
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
            + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final Map<String, Page> PAGES = Map.of(
            "/demo/", new Page("text/html;charset=utf-8", read("index.html")),
            "/demo/chat.css", new Page("text/css;charset=utf-8", read("chat.css")),
            "/demo/chat.js", new Page("text/javascript;charset=utf-8", read("chat.js")));

    /** One file, in memory. */
    private record Page(String type, String text) {}

    /** Has no state. */
    public DemoPages() {}

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getRequestURI();
        if (path.equals("/") || path.equals("/demo")) {
            response.setStatus(HttpServletResponse.SC_FOUND);
            response.setHeader("Location", HOME);
            return;
        }
        Page page = PAGES.get(path);
        if (page == null) {
            response.sendError(HttpServletResponse.SC_NOT_FOUND);
            return;
        }
        response.setContentType(page.type());
        response.setHeader("Content-Security-Policy", POLICY);
        response.setHeader("X-Content-Type-Options", "nosniff");
        response.setHeader("Referrer-Policy", "no-referrer");
        response.setHeader("Cache-Control", "no-cache");
        response.getOutputStream().write(page.text().getBytes(StandardCharsets.UTF_8));
    }

    private static String read(String name) {
        try (@Nullable InputStream in = DemoPages.class.getResourceAsStream(name)) {
            if (in == null) throw new IllegalStateException(name + " is not in the jar");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
