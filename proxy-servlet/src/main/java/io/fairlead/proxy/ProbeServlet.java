package io.fairlead.proxy;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;

/**
 * Answers balancers, to be mapped to {@code /-/live} and {@code /-/ready}: a status and nothing else. Live is 200 as long as it
 * answers at all; ready is 200 while every route of the web application takes work, and 503 while one is being {@linkplain
 * UpgradeProxyServlet#drain drained}. Thread-safe.
 */
public class ProbeServlet extends HttpServlet {

    private static final long serialVersionUID = 1;

    /** Made by the server. */
    public ProbeServlet() {}

    /** GET, and so HEAD. */
    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
        boolean ready = request.getServletPath().endsWith("/live")
                || Shared.of(getServletContext()).isReady();
        response.setStatus(ready ? HttpServletResponse.SC_OK : HttpServletResponse.SC_SERVICE_UNAVAILABLE);
        response.setHeader("Cache-Control", "no-store");
        response.setContentLength(0);
    }
}
