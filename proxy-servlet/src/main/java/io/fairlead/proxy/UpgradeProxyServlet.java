package io.fairlead.proxy;

import io.fairlead.proxy.BackendHandshake.Relayed;
import io.fairlead.proxy.Exchange.Resumption;
import io.fairlead.proxy.HopHeaders.Kept;
import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.Route.UpgradePolicy;
import io.fairlead.proxy.UpgradeRequest.Form;
import io.fairlead.proxy.backend.Backend;
import io.fairlead.proxy.guard.Admission;
import io.fairlead.proxy.guard.Decision;
import io.fairlead.proxy.guard.Limit;
import io.fairlead.proxy.guard.Limits;
import io.fairlead.proxy.guard.Refusal;
import io.fairlead.proxy.relay.Relay;
import io.fairlead.proxy.relay.RelayProvider;
import io.fairlead.proxy.relay.RelaySettings;
import io.fairlead.proxy.server.ServerAdapter;
import io.fairlead.proxy.server.ServerAdapters;
import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.TunnelAccount;
import io.fairlead.proxy.tunnel.Tunnels;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletRegistration;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.HttpUpgrader;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.ee10.proxy.AsyncProxyServlet;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.util.Jetty;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A reverse proxy servlet that carries HTTP and any Upgrade: what the backend answers is the answer, and if the answer is
 * 101, the two connections are joined into a tunnel.
 *
 * <p>It is configured as Jetty's {@code AsyncProxyServlet.Transparent} is, by the init-params {@code proxyTo} and {@code
 * prefix}; the README lists all of them. It needs {@code async-supported}.
 *
 * <pre>
 *  service ─ admit ─┬─ HTTP ────▶ Exchange ─▶ response
 *                   └─ Upgrade ─▶ Exchange ─┬─ not 101 ─▶ response
 *                                           └─ 101 ─▶ BackendHandshake ─▶ dispatch ─▶ service ─▶ ServerAdapter ─▶ Tunnel
 * </pre>
 *
 * <p>Thread-safe, as every servlet. No thread waits for a backend, but for handshakes where the server leaves no other way
 * ({@link WaitingHandshake}).
 */
public class UpgradeProxyServlet extends AsyncProxyServlet {

    private static final long serialVersionUID = 1;
    private static final Logger LOG = LoggerFactory.getLogger(UpgradeProxyServlet.class);
    private static final String HANDSHAKE = Handshake.class.getName();

    /** How long JMX waits for the tunnels' loops. */
    private static final Duration LISTING = Duration.ofSeconds(1);

    private static final Set<String> BODILESS = Set.of("GET", "HEAD", "OPTIONS", "DELETE");

    private transient volatile @Nullable Started started;
    private volatile boolean draining;

    /** Of all requests since the start, also those after the end. */
    private transient volatile @Nullable Outcomes outcomes;

    /** What a started servlet has; nothing before and after. */
    private record Started(
            Route route,
            Shared shared,
            BackendClient backend,
            Balancing balancing,
            Tunnels tunnels,
            ServerAdapter adapter,
            Limits limits,
            Outcomes outcomes,
            String viaHost,
            @Nullable Relay relay,
            @Nullable ManagedRoute managed) {}

    /** An admitted handshake on its way to its exchange. One thread's. */
    private static final class Handshake {

        private final UpgradeRequest upgrade;
        private final Admission admission;
        private boolean sent;

        Handshake(UpgradeRequest upgrade, Admission admission) {
            this.upgrade = upgrade;
            this.admission = admission;
        }
    }

    /** Made by the server. */
    public UpgradeProxyServlet() {}

    /**
     * Reads the settings and starts.
     *
     * @throws ServletException with every wrong or unknown setting in its message
     */
    @Override
    public void init(ServletConfig config) throws ServletException {
        ServletContext context = config.getServletContext();
        String unfitClient = JettyClientVersion.fault(Jetty.VERSION);
        if (unfitClient != null) {
            throw new ServletException("Fairlead cannot start: " + unfitClient);
        }
        RouteSettings.Parsed parsed = RouteSettings.parse(
                config.getServletName(),
                context.getContextPath(),
                Collections.list(config.getInitParameterNames()),
                config::getInitParameter,
                Collections.list(context.getInitParameterNames()),
                context::getInitParameter);
        Route route = parsed.route();
        if (route == null) {
            throw new ServletException(RouteCheck.message(parsed.faults()));
        }
        ServerAdapter adapter;
        try {
            adapter = ServerAdapters.find(context, route.serverAdapter());
        } catch (IllegalArgumentException | IllegalStateException unfit) {
            throw new ServletException(
                    RouteCheck.message(List.of("servlet '" + route.name() + "': " + unfit.getMessage())), unfit);
        }
        Relay relay = relay(route, context);
        Shared shared = Shared.of(context);
        BackendClient backend = shared.client(route.client());
        Tunnels tunnels;
        try {
            tunnels = shared.tunnels(route.loops());
        } catch (RuntimeException | Error failure) {
            shared.releaseClient(route.client());
            throw failure;
        }
        Outcomes account = new Outcomes(route, this::exchangeEnded, overridesExchangeEnded());
        outcomes = account;
        draining = false;
        try {
            Limits limits = new Limits(route.limits());
            Balancing balancing = new Balancing(route, place(config), backend.client());
            started =
                    new Started(route, shared, backend, balancing, tunnels, adapter, limits, account, "", relay, null);
            super.init(config);
            balancing.start();
            shared.started(this, balancing, adapter, context);
            String viaHost = route.viaHost() == null ? getViaHost() : route.viaHost();
            ManagedRoute managed = new ManagedRoute(route, account, balancing.backends(), new ManagedRoute.Control() {
                @Override
                public List<TunnelAccount> tunnels() {
                    return tunnels.list(UpgradeProxyServlet.this, LISTING);
                }

                @Override
                public void drain(Duration period) {
                    CompletableFuture<Void> unused = UpgradeProxyServlet.this.drain(period);
                }

                @Override
                public void resume() {
                    UpgradeProxyServlet.this.resume();
                }

                @Override
                public boolean isDraining() {
                    return draining;
                }

                @Override
                public void drain(Backend one, @Nullable Duration period) {
                    balancing.backends().drain(one, period);
                    if (period != null) {
                        tunnels.drain(UpgradeProxyServlet.this, one, period);
                    }
                }

                @Override
                public void resume(Backend one) {
                    balancing.backends().resume(one);
                    tunnels.stay(UpgradeProxyServlet.this, one);
                }
            });
            managed.register(context.getContextPath());
            started = new Started(
                    route, shared, backend, balancing, tunnels, adapter, limits, account, viaHost, relay, managed);
        } catch (ServletException | RuntimeException | Error failure) {
            destroy();
            throw failure;
        }
        LOG.info(
                "route '{}': {}/* to {}, upgrade {}, mode {}{}, server adapter {}{}",
                route.name(),
                route.prefix(),
                route.backends().shown(),
                route.upgrade().name().toLowerCase(Locale.ROOT),
                route.mode(),
                filters(route),
                adapter.name(),
                adapter.shortcomings().isEmpty() ? "" : " (" + adapter.shortcomings() + ")");
        if (relay != null && !adapter.whyNoRelay().isEmpty()) {
            LOG.warn(
                    "route '{}': mode=relay is not carried by this server: {}; its handshakes get a 501",
                    route.name(),
                    adapter.whyNoRelay());
        }
        TlsSettings tls = route.client().tls();
        if (tls != null && !tls.verify()) {
            LOG.warn(
                    "route '{}': tlsVerify=false: the certificate of {} is NOT VERIFIED; whoever is on the way to it"
                            + " can read and change everything",
                    route.name(),
                    route.backends().shown());
        }
    }

    private static String filters(Route route) {
        RelaySettings relay = route.relay();
        return relay == null || relay.filters().isEmpty() ? "" : " with filters " + String.join(", ", relay.filters());
    }

    private static @Nullable Relay relay(Route route, ServletContext context) throws ServletException {
        RelaySettings settings = route.relay();
        if (settings == null) {
            return null;
        }
        List<String> faults = new ArrayList<>();
        Relay relay = RelayProvider.find()
                .map(provider -> provider.open(settings, context, faults::add))
                .orElse(null);
        if (relay == null) {
            throw new ServletException(RouteCheck.message(faults.stream()
                    .map(fault -> "servlet '" + route.name() + "': " + fault)
                    .toList()));
        }
        return relay;
    }

    /** What the paths of its requests begin with: the context path, and the mapping if there is but one. */
    private static String place(ServletConfig config) {
        ServletContext context = config.getServletContext();
        ServletRegistration registration = context.getServletRegistration(config.getServletName());
        if (registration != null && registration.getMappings().size() == 1) {
            String mapping = registration.getMappings().iterator().next();
            if (mapping.startsWith("/") && mapping.endsWith("/*")) {
                return context.getContextPath() + mapping.substring(0, mapping.length() - 2);
            }
        }
        return context.getContextPath();
    }

    /** As {@link #drain} at once, if it is started. */
    CompletableFuture<Void> leave() {
        return started == null ? CompletableFuture.completedFuture(null) : drain(Duration.ZERO);
    }

    /** How long an end of this route waits for its peers. */
    Duration undeployPatience() {
        Started now = started;
        return now == null ? Duration.ZERO : now.route().undeployDrain().plusSeconds(1);
    }

    /** Closes this route's tunnels, waits for that at most {@code undeployDrain} and a second, and lets go what is shared. */
    @Override
    public void destroy() {
        Started ending = started;
        if (ending == null) {
            return;
        }
        started = null;
        ending.shared().draining(this, false);
        ending.shared().ended(this);
        ending.outcomes().stop();
        ending.balancing().close();
        Duration patience = ending.route().undeployDrain().plusSeconds(1);
        if (!ending.tunnels().close(this, patience)) {
            LOG.warn(
                    "route '{}': its tunnels were not all closed within {}",
                    ending.route().name(),
                    patience);
        }
        if (ending.relay() != null) {
            ending.relay().close();
        }
        if (ending.managed() != null) {
            ending.managed().unregister();
        }
        ending.shared().releaseTunnels(ending.route().loops());
        ending.shared().releaseClient(ending.route().client());
    }

    /**
     * Empties this route before its server, or its web application, is stopped: from now on handshakes are refused by 503 with
     * {@code Retry-After}, {@link ProbeServlet} answers that the application is not ready, and the tunnels are closed by a Close
     * frame (1012, service restart), one after the other over a period, so that their clients do not come back all at once.
     * Plain HTTP is served as before. Does not wait; any thread; may be called again with another period.
     *
     * @param period how long the closes are spread over; each tunnel has {@code closeTimeout} on top of it. Zero: at once
     * @return completed, by a thread of the tunnels' that must not be blocked, when no tunnel is left
     * @throws IllegalStateException before the servlet is started, and after it was destroyed
     */
    public CompletableFuture<Void> drain(Duration period) {
        Started now = started();
        LOG.info(
                "route '{}' is drained, its tunnels are closed over {}",
                now.route().name(),
                period);
        CompletableFuture<Void> drained = new CompletableFuture<>();
        synchronized (this) {
            draining = true;
            now.shared().draining(this, true);
            now.tunnels().drain(this, period, () -> drained.complete(null));
        }
        return drained;
    }

    /** Takes a {@link #drain} back: handshakes are let in again, and the tunnels that are still open stay. Any thread. */
    public void resume() {
        Started now = started();
        synchronized (this) {
            draining = false;
            now.shared().draining(this, false);
            now.tunnels().stay(this);
        }
        LOG.info("route '{}' is no longer drained", now.route().name());
    }

    /** Whether handshakes are refused since {@link #drain}. */
    public boolean isDraining() {
        return draining;
    }

    private Started started() {
        Started now = started;
        if (now == null) {
            throw new IllegalStateException("the servlet is not started");
        }
        return now;
    }

    private boolean overridesExchangeEnded() {
        for (Class<?> type = getClass(); type != UpgradeProxyServlet.class; type = type.getSuperclass()) {
            if (Arrays.stream(type.getDeclaredMethods())
                    .anyMatch(method -> method.getName().equals("exchangeEnded"))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Told of every exchange at its end, once: of requests and of tunnels. This one writes it to the log; a subclass that wants
     * the line as well calls it.
     *
     * <p>It is called on the thread that ends the exchange: a loop's of tunnels, the HTTP client's, the server's or a timer's. So
     * it must not block, and several threads may call at a time. An exception that it throws is logged, the first one as a
     * warning, and has no other effect. Where no subclass overrides it, requests come here only if the log wants them.
     */
    protected void exchangeEnded(Outcome outcome) {
        OutcomeLog.write(outcome);
    }

    // ---- a request

    @Override
    protected void service(HttpServletRequest asked, HttpServletResponse response)
            throws ServletException, IOException {
        Started now = started;
        HttpServletRequest request = now == null ? asked : now.adapter().forAllThreads(asked);
        if (request.getDispatcherType() == DispatcherType.ASYNC
                && request.getAttribute(Exchange.RESUME) instanceof Resumption next) {
            request.removeAttribute(Exchange.RESUME);
            next.resume(request, response);
            return;
        }
        Outcomes account = outcomes;
        if (account != null) {
            account.requested();
        }
        if (now == null) {
            refuse(
                    request,
                    response,
                    HttpServletResponse.SC_SERVICE_UNAVAILABLE,
                    "The proxy is stopping.",
                    EndedBy.SHUTDOWN);
            return;
        }
        now.adapter().begin(request);
        if (!request.isAsyncSupported()) {
            Answers.sendWithDetail(
                    request,
                    response,
                    HttpServletResponse.SC_INTERNAL_SERVER_ERROR,
                    "The proxy is not set up to answer.",
                    LOG,
                    getServletName(),
                    "(this servlet, or a filter before it, is not async-supported)",
                    false);
            return;
        }
        String connectProtocol =
                request.getMethod().equals("CONNECT") ? started().adapter().connectProtocol(request) : null;
        if ((request.getMethod().equals("CONNECT") && connectProtocol == null)
                || request.getMethod().equals("TRACE")) {
            refuse(request, response, HttpServletResponse.SC_METHOD_NOT_ALLOWED, "This method is not proxied.");
            return;
        }
        if (!HopHeaders.isSureOfLength(request.getHeaders("Transfer-Encoding"), request.getHeader("Content-Length"))) {
            refuse(
                    request,
                    response,
                    HttpServletResponse.SC_BAD_REQUEST,
                    "Where the body of this request ends is not sure.");
            started().adapter().endConnection(request, response);
            return;
        }
        if (TargetPath.hasDotSegment(request.getRequestURI())) {
            refuse(request, response, HttpServletResponse.SC_BAD_REQUEST, "A path with dot segments is not proxied.");
            return;
        }
        UpgradePolicy policy = started().route().upgrade();
        UpgradeRequest upgrade = connectProtocol == null
                ? UpgradeRequest.of(request, policy, name -> started().adapter().fieldAsSent(request, name))
                : UpgradeRequest.extendedConnect(request, connectProtocol, policy);
        switch (upgrade.kind()) {
            case NONE -> {
                if (announcesBody(request) && !started().adapter().delimitsBody(request)) {
                    int status = HttpServletResponse.SC_NOT_IMPLEMENTED;
                    refuse(request, response, status, "An Upgrade with a body is not carried here.");
                    return;
                }
                super.service(request, response);
            }
            case UPGRADE -> {
                if (started().relay() != null
                        && !started().adapter().whyNoRelay().isEmpty()) {
                    int status = HttpServletResponse.SC_NOT_IMPLEMENTED;
                    refuseHandshake(request, response, status, "This server cannot relay messages.", EndedBy.REFUSED);
                    return;
                }
                if (started().relay() != null && upgrade.key() == null) {
                    refuseHandshake(
                            request,
                            response,
                            Answers.UPGRADE_REQUIRED,
                            "Only WebSocket version 13, with a valid key, is carried here.",
                            EndedBy.REFUSED);
                    return;
                }
                if (draining) {
                    int status = HttpServletResponse.SC_SERVICE_UNAVAILABLE;
                    refuseHandshake(request, response, status, Handover.STOPPING, EndedBy.DRAIN);
                    return;
                }
                serviceWithin(started().limits(), upgrade, request, response);
            }
            case MALFORMED ->
                refuseHandshake(
                        request,
                        response,
                        HttpServletResponse.SC_BAD_REQUEST,
                        "A WebSocket handshake is a GET without a body.",
                        EndedBy.REFUSED);
            case BROKEN_KEYS ->
                refuseHandshake(
                        request,
                        response,
                        HttpServletResponse.SC_BAD_REQUEST,
                        "The keys of this WebSocket handshake were changed on the way: each of their spaces counts.",
                        EndedBy.REFUSED);
            case NOT_CARRIED ->
                refuseHandshake(
                        request,
                        response,
                        HttpServletResponse.SC_NOT_IMPLEMENTED,
                        "This protocol is not carried here.",
                        EndedBy.REFUSED);
        }
    }

    private static boolean announcesBody(HttpServletRequest request) {
        return request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
    }

    /** Asks the backend for a tunnel if the route's limits admit it. */
    private void serviceWithin(
            Limits limits, UpgradeRequest upgrade, HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        ClientAddress client = ClientAddress.of(
                request.getRemoteAddr(),
                request.getHeaders("X-Forwarded-For"),
                started().route().trustedProxies());
        Decision decision = limits.admit(client.network());
        if (decision instanceof Admission admission) {
            Handshake handshake = new Handshake(upgrade, admission);
            request.setAttribute(HANDSHAKE, handshake);
            try {
                if (started().adapter().upgradesAfterDispatch()) {
                    super.service(request, response);
                } else {
                    serviceWaiting(request, response);
                }
            } finally {
                if (!handshake.sent) {
                    admission.close();
                }
            }
        } else if (decision instanceof Refusal refusal) {
            Limit limit = refusal.limit();
            String detail = "(" + limit.setting() + "; " + client + ")";
            refuseOverLimit(request, response, limit.status(), limit.sentence(), refusal.retryAfterSeconds(), detail);
        }
    }

    /** Where the server upgrades only in the thread that brought the request: that one waits for the backend. */
    private void serviceWaiting(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        Semaphore places = started().shared().placesToWait();
        if (!places.tryAcquire()) {
            String detail = "(" + WaitingHandshake.MOST + " handshakes wait in the server's threads)";
            refuseOverLimit(
                    request,
                    response,
                    HttpServletResponse.SC_SERVICE_UNAVAILABLE,
                    Limit.MAX_HANDSHAKES.sentence(),
                    1,
                    detail);
            return;
        }
        try {
            WaitingHandshake waiting = new WaitingHandshake(request, response);
            super.service(waiting, response);
            waiting.await();
        } finally {
            places.release();
        }
    }

    private void refuseOverLimit(
            HttpServletRequest request,
            HttpServletResponse response,
            int status,
            String sentence,
            int retryAfterSeconds,
            String detail)
            throws IOException {
        String id = Answers.sendToBeRetried(
                request, response, status, sentence, retryAfterSeconds, LOG, getServletName(), detail, false);
        Outcomes account = started().outcomes();
        account.refused(request, status, id, EndedBy.LIMIT);
        account.handshakeRefused();
    }

    private void refuse(HttpServletRequest request, HttpServletResponse response, int status, String sentence)
            throws IOException {
        refuse(request, response, status, sentence, EndedBy.REFUSED);
    }

    private void refuse(
            HttpServletRequest request, HttpServletResponse response, int status, String sentence, EndedBy endedBy)
            throws IOException {
        String id = Answers.send(request, response, status, sentence, LOG, getServletName(), null, false);
        Outcomes account = outcomes;
        if (account != null) {
            account.refused(request, status, id, endedBy);
        }
    }

    private void refuseHandshake(
            HttpServletRequest request, HttpServletResponse response, int status, String sentence, EndedBy endedBy)
            throws IOException {
        refuse(request, response, status, sentence, endedBy);
        Outcomes account = outcomes;
        if (account != null) {
            account.handshakeRefused();
        }
    }

    private static @Nullable Handshake handshakeOf(HttpServletRequest request) {
        return request.getAttribute(HANDSHAKE) instanceof Handshake handshake ? handshake : null;
    }

    private static @Nullable UpgradeRequest upgradeOf(HttpServletRequest request) {
        Handshake handshake = handshakeOf(request);
        return handshake == null ? null : handshake.upgrade;
    }

    /**
     * The path and query on the backend, raw.
     *
     * @return null to refuse the request with 403
     */
    @Override
    protected @Nullable String rewriteTarget(HttpServletRequest request) {
        Route route = started().route();
        return TargetPath.rewrite(
                request.getRequestURI(),
                request.getQueryString(),
                route.prefix(),
                route.backends().path());
    }

    @Override
    protected void onProxyRewriteFailed(HttpServletRequest request, HttpServletResponse response) {
        try {
            refuse(request, response, HttpServletResponse.SC_FORBIDDEN, "This path is not proxied.");
        } catch (IOException gone) {
            LOG.debug("{}: the client is gone", getServletName(), gone);
        }
    }

    @Override
    protected Request newProxyRequest(HttpServletRequest request, String pathAndQuery) {
        Started now = started();
        UpgradeRequest upgrade = upgradeOf(request);
        Request backendRequest = new RawRequest(getHttpClient(), now.balancing().base(), pathAndQuery)
                .method(upgrade != null && upgrade.extendedConnect() ? "GET" : request.getMethod())
                .attribute(CLIENT_REQUEST_ATTRIBUTE, request)
                // The exchange has deadlines of its own.
                .idleTimeout(0, TimeUnit.MILLISECONDS);
        Relayed relayed = upgrade == null || now.relay() == null
                ? null
                : new Relayed(now.relay(), Collections.list(request.getHeaders(BackendHandshake.EXTENSIONS)));
        HttpUpgrader.Factory handshake = version -> new BackendHandshake(
                upgrade,
                relayed,
                getHttpClient().getExecutor(),
                (answer, leg) -> switched(backendRequest, answer, leg));
        backendRequest.attribute(HttpUpgrader.Factory.class.getName(), handshake);
        if (upgrade == null && expects100Continue(request) && hasContent(request)) {
            AtomicBoolean begun = new AtomicBoolean();
            Supplier<@Nullable Runnable> body =
                    () -> begun.compareAndSet(false, true) ? onContinue(request, backendRequest) : null;
            backendRequest.attribute(BackendClient.CONTINUE, body);
        }
        return backendRequest;
    }

    @Override
    protected void copyRequestHeaders(HttpServletRequest request, Request backendRequest) {
        Route route = started().route();
        boolean http1 = HopHeaders.isHttp1(request.getProtocol());
        Set<Kept> kept = EnumSet.noneOf(Kept.class);
        if (!http1) {
            kept.add(Kept.COOKIES_AS_ONE);
        } else if (route.preserveHost() && route.hostHeader() == null) {
            kept.add(Kept.HOST);
        }
        if (route.trustedProxies().contain(request.getRemoteAddr())) {
            kept.add(Kept.FORWARDING);
        }
        HttpFields.Mutable fields = HopHeaders.request(
                new HopHeaders.RequestFields() {
                    @Override
                    public Enumeration<String> names() {
                        return request.getHeaderNames();
                    }

                    @Override
                    public Enumeration<String> values(String name) {
                        return request.getHeaders(name);
                    }
                },
                kept);
        if (route.hostHeader() != null) {
            fields.put("Host", route.hostHeader());
        } else if (route.preserveHost() && !http1) {
            String authority = Asked.authority(request);
            if (authority != null) {
                fields.put("Host", authority);
            }
        }
        UpgradeRequest upgrade = upgradeOf(request);
        if (upgrade != null) {
            fields.put("Connection", "Upgrade");
            fields.put("Upgrade", upgrade.header());
            if (upgrade.extendedConnect()) {
                fields.put("Sec-WebSocket-Key", upgrade.key());
            }
            Relay relay = started().relay();
            if (relay != null) {
                String offer = relay.offer(Collections.list(request.getHeaders(BackendHandshake.EXTENSIONS)));
                fields.remove(BackendHandshake.EXTENSIONS);
                if (offer != null) {
                    fields.put(BackendHandshake.EXTENSIONS, offer);
                }
            }
            if (upgrade.form() == Form.HIXIE_76) {
                Hixie76.KEYS.forEach(key -> fields.put(key, started().adapter().fieldAsSent(request, key)));
            }
        }
        backendRequest.headers(all -> all.clear().add(fields));
    }

    /** As Jetty's; and over HTTP/2, where no field announces a body, what the stream knows. */
    @Override
    protected boolean hasContent(HttpServletRequest request) {
        if (upgradeOf(request) != null) {
            return false;
        }
        if (HopHeaders.isHttp1(request.getProtocol()) || request.getContentLengthLong() >= 0) {
            return super.hasContent(request);
        }
        try {
            ServletInputStream input = request.getInputStream();
            // No server tells before it is read that the stream has ended with its head.
            return BODILESS.contains(request.getMethod())
                    ? input.available() > 0
                    : !started().adapter().isFinished(input);
        } catch (IOException broken) {
            // To be met again, and dealt with, where the body is read.
            return true;
        }
    }

    @Override
    protected void addProxyHeaders(HttpServletRequest request, Request backendRequest) {
        Forwarding forwarding = new Forwarding(
                request.getRemoteAddr(), request.getScheme(), Asked.authority(request), request.getServerPort());
        backendRequest.headers(fields -> {
            Forwarding.addVia(fields, request.getProtocol(), started().viaHost());
            forwarding.addTo(fields);
        });
    }

    @Override
    protected void sendProxyRequest(HttpServletRequest request, HttpServletResponse response, Request backendRequest) {
        Started now = started();
        Handshake handshake = handshakeOf(request);
        if (handshake == null) {
            OutcomeDraft draft = now.outcomes().draftIfWanted(request);
            exchange(now, request, response, backendRequest, null, draft).start();
            return;
        }
        OutcomeDraft draft = now.outcomes().draft(request);
        Exchange exchange = exchange(now, request, response, backendRequest, handshake, draft);
        Handover handover = new Handover(
                this,
                now.route(),
                now.tunnels(),
                now.adapter(),
                now.balancing().backends(),
                () -> draining || started == null,
                now.outcomes(),
                draft,
                request,
                handshake.upgrade,
                exchange,
                handshake.admission,
                now.relay());
        backendRequest.attribute(Handover.class.getName(), handover);
        exchange.start(handover::promise);
        // Now the exchange closes the admission, or the tunnel.
        handshake.sent = true;
    }

    private Exchange exchange(
            Started now,
            HttpServletRequest request,
            HttpServletResponse response,
            Request backendRequest,
            @Nullable Handshake handshake,
            @Nullable OutcomeDraft draft) {
        Exchange exchange = new Exchange(
                now.route(),
                request,
                response,
                (RawRequest) backendRequest,
                now.balancing().attempts(request, handshake != null),
                now.backend().client().getExecutor(),
                sending -> proxyRequestContent(request, response, sending),
                handshake == null ? null : handshake.upgrade,
                handshake == null ? null : handshake.admission,
                now.adapter(),
                now.backend().deadlines(),
                now.outcomes(),
                draft);
        backendRequest.attribute(Exchange.class.getName(), exchange);
        return exchange;
    }

    /** A thread of the HTTP client's. */
    private static void switched(Request backendRequest, Response answer, Leg backend) {
        if (backendRequest.getAttributes().get(Handover.class.getName()) instanceof Handover handover) {
            handover.switched(answer, backend);
        } else {
            backend.reset();
        }
    }

    /** A body that can't be read ends the exchange by the failure of its request. */
    @Override
    protected Request.Content proxyRequestContent(
            HttpServletRequest request, HttpServletResponse response, Request backendRequest) throws IOException {
        ServletInputStream input = request.getInputStream();
        int keep = started().balancing().keepOfBodies();
        RequestBody body = new RequestBody(
                input,
                request.getContentLengthLong(),
                started().adapter(),
                getHttpClient().getRequestBufferSize(),
                keep,
                failure -> {
                    Exchange exchange = exchangeOf(backendRequest);
                    if (exchange != null) {
                        exchange.clientGone(failure);
                    }
                });
        backendRequest.attribute(RequestBody.class.getName(), body);
        Request.Content content = body.begin();
        input.setReadListener(body);
        return content;
    }

    private static @Nullable Exchange exchangeOf(Request backendRequest) {
        return backendRequest.getAttributes().get(Exchange.class.getName()) instanceof Exchange exchange
                ? exchange
                : null;
    }

    // ---- what Jetty's servlet asks for

    @Override
    protected HttpClient createHttpClient() {
        return started().backend().client();
    }
}
