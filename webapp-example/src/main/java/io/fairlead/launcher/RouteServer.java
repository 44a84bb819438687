package io.fairlead.launcher;

import io.fairlead.proxy.RouteCheck;
import io.fairlead.proxy.UpgradeProxyServlet;
import jakarta.servlet.http.HttpServlet;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * The Jetty server that carries the routes: one servlet a route, in one context without sessions.
 *
 * <p>Paths and queries are admitted as they come, for the backend to judge. What Jetty still refuses, with 400, are dot
 * segments in disguise ({@code %2e%2e}, {@code ..;x}) and a percent sign that no two hex digits follow.
 *
 * <p>Add everything, then start once, then stop once. Not thread-safe but for {@link #stop()}.
 */
final class RouteServer {
    /** How long a connection may be silent between and within requests. A tunnel has a limit of its own. */
    static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);

    /** How long requests under way may take to finish after {@link #stop()}. */
    static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    /** Request line and headers together, in bytes. A longer request is answered with 414 or 431. */
    static final int REQUEST_HEADER_SIZE = 16 * 1024;

    /** The same of a response: what the servlet takes from a backend by default. */
    static final int RESPONSE_HEADER_SIZE = 32 * 1024;

    static final UriCompliance AS_IT_COMES = new UriCompliance(
            "AS_IT_COMES",
            Set.copyOf(EnumSet.of(
                    UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT,
                    UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                    UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                    UriCompliance.Violation.BAD_UTF8_ENCODING,
                    UriCompliance.Violation.TRUNCATED_UTF8_ENCODING,
                    UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS,
                    UriCompliance.Violation.ILLEGAL_PATH_CHARACTERS)));

    private final Server server;
    private final ServerConnector connector;
    private final ServletContextHandler context;
    private boolean hasRoutes;

    /**
     * @param bind the address to listen on, null for all
     * @param port 0 for a free one
     */
    RouteServer(@Nullable String bind, int port) {
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setName("fairlead");
        server = new Server(threads);
        server.setStopTimeout(STOP_TIMEOUT.toMillis());
        server.setErrorHandler(new PlainErrors());

        HttpConfiguration http = new HttpConfiguration();
        http.setUriCompliance(AS_IT_COMES);
        http.setRequestHeaderSize(REQUEST_HEADER_SIZE);
        http.setResponseHeaderSize(RESPONSE_HEADER_SIZE);
        http.setMaxResponseHeaderSize(RESPONSE_HEADER_SIZE);
        http.setSendServerVersion(false);
        connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost(bind);
        connector.setPort(port);
        connector.setIdleTimeout(IDLE_TIMEOUT.toMillis());
        server.addConnector(connector);

        context = new ServletContextHandler("/", ServletContextHandler.NO_SESSIONS);
        context.setDisplayName("fairlead");
        context.setClassLoader(RouteServer.class.getClassLoader());
        context.setErrorHandler(new PlainErrors());
        context.getServletHandler().setDecodeAmbiguousURIs(true);
        // What no route takes is the server's 404, whatever the method.
        context.getServletHandler().setEnsureDefaultServlet(false);
        server.setHandler(new GracefulHandler(context));
    }

    /** Routes are tried by the length of their path, whatever the order here. */
    void add(PathRoute route) {
        if (!hasRoutes) context.addEventListener(new RouteCheck());
        hasRoutes = true;
        ServletHolder holder = new ServletHolder(route.path(), UpgradeProxyServlet.class);
        holder.setInitParameters(route.initParameters());
        holder.setAsyncSupported(true);
        holder.setInitOrder(1);
        context.addServlet(holder, route.mapping());
    }

    /** A servlet of our own, by servlet mappings. */
    void add(HttpServlet servlet, String... mappings) {
        ServletHolder holder = new ServletHolder(servlet);
        for (String mapping : mappings) context.addServlet(holder, mapping);
    }

    /**
     * Takes the port, checks the routes, and serves.
     *
     * @throws IOException if the address or port cannot be had; nothing else was started
     * @throws Exception if a route cannot be served; the message says why
     */
    void start() throws Exception {
        connector.open();
        server.start();
    }

    /** The real port, once started. */
    int port() {
        return connector.getLocalPort();
    }

    /** Returns when the server has stopped. */
    void join() throws InterruptedException {
        server.join();
    }

    /** Takes no more requests, lets those under way finish for {@link #STOP_TIMEOUT}, and stops. From any thread. */
    void stop() throws Exception {
        server.stop();
    }
}
