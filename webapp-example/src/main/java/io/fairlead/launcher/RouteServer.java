package io.fairlead.launcher;

import io.fairlead.doctor.probe.Doctor;
import io.fairlead.doctor.probe.DoctorServlet;
import io.fairlead.doctor.probe.DoctorSettings;
import io.fairlead.doctor.probe.ProbeServlet;
import io.fairlead.doctor.probe.RequestWatcher;
import io.fairlead.proxy.RouteCheck;
import io.fairlead.proxy.UpgradeProxyServlet;
import jakarta.servlet.http.HttpServlet;
import java.io.IOException;
import java.net.BindException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.ee10.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.http2.SessionContainer;
import org.eclipse.jetty.http2.server.AbstractHTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;

/**
 * The Jetty server that carries the routes: one servlet a route, in one context without sessions.
 *
 * <p>Paths and queries are admitted as they come, for the backend to judge. What Jetty still refuses, with 400, are dot
 * segments in disguise ({@code %2e%2e}, {@code ..;x}) and a percent sign that no two hex digits follow.
 *
 * <p>Name the ports and add everything, then start once, then stop once. Not thread-safe but for {@link #stop()} and
 * {@link #isReady()}.
 */
final class RouteServer {
    /** How long requests under way may take to finish after {@link #stop()}. */
    static final Duration STOP_TIMEOUT = Duration.ofSeconds(10);

    /** How long the last tunnels to be closed have for that; more than a closeTimeout of 5 s needs. */
    private static final Duration DRAIN_PATIENCE = Duration.ofSeconds(6);

    /** A port that cannot be had. */
    static final class CannotListen extends IOException {
        private static final long serialVersionUID = 1L;

        private final boolean secure;

        private CannotListen(boolean secure, IOException fault) {
            super(String.valueOf((fault.getCause() instanceof BindException bind ? bind : fault).getMessage()), fault);
            this.secure = secure;
        }

        /** Whether it is the port of TLS. */
        boolean isSecure() {
            return secure;
        }
    }

    private final Server server;
    private final ServletContextHandler context;
    private final GracefulHandler graceful;
    private final @Nullable String bind;
    private @Nullable DoctorSettings doctorSettings;
    private @Nullable Doctor doctor;
    private @Nullable ServerConnector clear;
    private @Nullable ServerConnector secure;
    private boolean hasRoutes;
    private final List<ServletHolder> routes = new ArrayList<>();
    private Duration drainPeriod = Duration.ZERO;
    private volatile boolean draining;

    /** @param bind the address to listen on, null for all */
    RouteServer(@Nullable String bind) {
        this.bind = bind;
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setName("fairlead");
        server = new Server(threads);
        server.setErrorHandler(new PlainErrors());

        context = new ServletContextHandler("/", ServletContextHandler.NO_SESSIONS);
        context.setDisplayName("fairlead");
        context.setClassLoader(RouteServer.class.getClassLoader());
        context.setErrorHandler(new PlainErrors());
        context.getServletHandler().setDecodeAmbiguousURIs(true);
        // What no route takes is the server's 404, whatever the method.
        context.getServletHandler().setEnsureDefaultServlet(false);
        // For routes with mode=relay.
        JakartaWebSocketServletContainerInitializer.configure(context, null);
        graceful = new GracefulHandler(context);
        server.setHandler(new Probes(this::isReady, graceful));
    }

    /** Spreads the ends of the tunnels over {@code period} when it stops; without this they end all at once. */
    RouteServer drainOver(Duration period) {
        drainPeriod = period;
        return this;
    }

    /** Listens in the clear; 0 is a free port. */
    RouteServer http(int port) {
        clear = Listeners.clear(server, bind, port);
        server.addConnector(clear);
        return this;
    }

    /** Listens for TLS; 0 is a free port. */
    RouteServer https(int port, ServerTls tls) {
        secure = Listeners.secure(server, bind, port, tls);
        server.addConnector(secure);
        return this;
    }

    /** Sends those who come in the clear to the port of TLS. {@link Probes} still answer them. */
    RouteServer redirectToHttps() {
        Handler routes = new HttpsRedirect(this::httpsPort, graceful);
        server.setHandler(new Probes(this::isReady, routes));
        return this;
    }

    /** Has the doctor answer those whom its settings allow. */
    RouteServer examinedBy(DoctorSettings settings) {
        doctorSettings = settings;
        return this;
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
        routes.add(holder);
    }

    /** A servlet of our own, by servlet mappings. */
    void add(HttpServlet servlet, String... mappings) {
        ServletHolder holder = new ServletHolder(servlet);
        holder.setAsyncSupported(true);
        for (String mapping : mappings) context.addServlet(holder, mapping);
    }

    /**
     * Takes the ports, checks the routes, and serves.
     *
     * @throws CannotListen if the address or a port cannot be had; nothing else was started
     * @throws Exception if a route cannot be served; the message says why
     */
    void start() throws Exception {
        try {
            for (Connector connector : server.getConnectors()) open((ServerConnector) connector);
        } catch (CannotListen e) {
            for (Connector connector : server.getConnectors()) ((ServerConnector) connector).close();
            throw e;
        }
        if (doctorSettings != null) addDoctor(doctorSettings.withPorts(httpPort(), httpsPort()));
        server.start();
    }

    private void addDoctor(DoctorSettings settings) {
        Doctor started = new Doctor(settings);
        doctor = started;
        context.addEventListener(new RequestWatcher(started));
        add(new DoctorServlet(started, true), Doctor.PAGE + "*");
        add(new ProbeServlet(started), Doctor.PROBES + "*");
        graceful.setHandler(new ProbeSockets(started, ServerWebSocketContainer.ensure(server), context));
    }

    private void open(ServerConnector connector) throws CannotListen {
        try {
            connector.open();
        } catch (IOException e) {
            throw new CannotListen(connector == secure, e);
        }
    }

    /** Whether all routes have started and requests are taken. From any thread. */
    boolean isReady() {
        return server.isStarted() && context.isAvailable() && !draining && !graceful.isShutdown();
    }

    /** The real port in the clear, once started; -1 without one. */
    int httpPort() {
        return clear == null ? -1 : clear.getLocalPort();
    }

    /** The real port of TLS, once started; -1 without one. */
    int httpsPort() {
        return secure == null ? -1 : secure.getLocalPort();
    }

    /** Returns when the server has stopped. */
    void join() throws InterruptedException {
        server.join();
    }

    /**
     * Says that it is not ready any more, drains the tunnels, takes no more requests, lets those under way finish for {@link
     * #STOP_TIMEOUT}, and stops. From any thread.
     *
     * @throws TimeoutException once it has stopped, if requests were cut off
     */
    void stop() throws Exception {
        TimeoutException cut = null;
        if (server.isStarted()) {
            drain();
            for (Connector connector : server.getConnectors()) connector.shutdown();
            try {
                graceful.shutdown().get(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                cut = new TimeoutException(graceful.getCurrentRequestCount() + " requests did not finish within "
                        + STOP_TIMEOUT.toSeconds() + " s and were cut off");
            } catch (ExecutionException e) {
                throw new IllegalStateException("requests cannot be waited for", e);
            }
            sayGoAway();
            // Tunnels end while the connections below them are still there.
            context.stop();
        }
        server.stop();
        if (doctor != null) doctor.close();
        if (cut != null) throw cut;
    }

    /** Plain HTTP is served meanwhile. What does not end by its own time is ended with the routes. */
    private void drain() throws Exception {
        draining = true;
        List<CompletableFuture<Void>> drained = new ArrayList<>();
        for (ServletHolder route : routes) drained.add(((UpgradeProxyServlet) route.getServlet()).drain(drainPeriod));
        try {
            CompletableFuture.allOf(drained.toArray(CompletableFuture[]::new))
                    .get(drainPeriod.plus(DRAIN_PATIENCE).toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            // Some peers do not answer. Their tunnels are cut off with the routes.
        }
    }

    /**
     * Over HTTP/2. Not before the last request has finished: the client of JDK 17 takes a GOAWAY for the end of all. What
     * it starts is not waited for: tunnels are streams, too.
     */
    private void sayGoAway() {
        for (Connector connector : server.getConnectors())
            for (AbstractHTTP2ServerConnectionFactory http2 :
                    ((ServerConnector) connector).getBeans(AbstractHTTP2ServerConnectionFactory.class))
                http2.getBeans(SessionContainer.class).forEach(SessionContainer::shutdown);
    }
}
