package io.fairlead.proxy;

import io.fairlead.proxy.Exchange.Resumption;
import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.Route.UpgradePolicy;
import io.fairlead.proxy.server.ServerAdapter;
import io.fairlead.proxy.server.ServerAdapters;
import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.Tunnel;
import io.fairlead.proxy.tunnel.TunnelEnd;
import io.fairlead.proxy.tunnel.TunnelSettings;
import io.fairlead.proxy.tunnel.Tunnels;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.eclipse.jetty.client.AsyncRequestContent;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.HttpUpgrader;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.ee10.proxy.AsyncProxyServlet;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.util.Callback;
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
 * <p>Thread-safe, as every servlet. No thread waits for a backend.
 */
public class UpgradeProxyServlet extends AsyncProxyServlet {

    private static final long serialVersionUID = 1;
    private static final Logger LOG = LoggerFactory.getLogger(UpgradeProxyServlet.class);
    private static final String UPGRADE = UpgradeRequest.class.getName();
    private static final Set<String> BODILESS = Set.of("GET", "HEAD", "OPTIONS", "DELETE");

    private transient volatile @Nullable Started started;

    /** What a started servlet has; nothing before and after. */
    private record Started(
            Route route,
            Shared shared,
            BackendClient backend,
            Tunnels tunnels,
            ServerAdapter adapter,
            String viaHost) {}

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
        Shared shared = Shared.of(context);
        BackendClient backend = shared.client(route.client());
        Tunnels tunnels;
        try {
            tunnels = shared.tunnels(route.loops());
        } catch (RuntimeException | Error failure) {
            shared.releaseClient(route.client());
            throw failure;
        }
        try {
            started = new Started(route, shared, backend, tunnels, adapter, "");
            super.init(config);
            String viaHost = route.viaHost() == null ? getViaHost() : route.viaHost();
            started = new Started(route, shared, backend, tunnels, adapter, viaHost);
        } catch (ServletException | RuntimeException | Error failure) {
            destroy();
            throw failure;
        }
        LOG.info(
                "route '{}': {}/* to {}{}, upgrade {}, server adapter {}",
                route.name(),
                route.prefix(),
                route.target(),
                route.targetPath(),
                route.upgrade().name().toLowerCase(Locale.ROOT),
                adapter.name());
        TlsSettings tls = route.client().tls();
        if (tls != null && !tls.verify()) {
            LOG.warn(
                    "route '{}': tlsVerify=false: the certificate of {} is NOT VERIFIED; whoever is on the way to it"
                            + " can read and change everything",
                    route.name(),
                    route.target());
        }
    }

    /** Closes this route's tunnels, waits for that at most {@code undeployDrain} and a second, and lets go what is shared. */
    @Override
    public void destroy() {
        Started ending = started;
        if (ending == null) {
            return;
        }
        started = null;
        Duration patience = ending.route().undeployDrain().plusSeconds(1);
        if (!ending.tunnels().close(this, patience)) {
            LOG.warn(
                    "route '{}': its tunnels were not all closed within {}",
                    ending.route().name(),
                    patience);
        }
        ending.shared().releaseTunnels(ending.route().loops());
        ending.shared().releaseClient(ending.route().client());
    }

    private Started started() {
        Started now = started;
        if (now == null) {
            throw new IllegalStateException("the servlet is not started");
        }
        return now;
    }

    // ---- a request

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        if (request.getDispatcherType() == DispatcherType.ASYNC
                && request.getAttribute(Exchange.RESUME) instanceof Resumption next) {
            request.removeAttribute(Exchange.RESUME);
            next.resume(request, response);
            return;
        }
        if (started == null) {
            refuse(request, response, HttpServletResponse.SC_SERVICE_UNAVAILABLE, "The proxy is stopping.");
            return;
        }
        String connectProtocol =
                request.getMethod().equals("CONNECT") ? started().adapter().connectProtocol(request) : null;
        if ((request.getMethod().equals("CONNECT") && connectProtocol == null)
                || request.getMethod().equals("TRACE")) {
            refuse(request, response, HttpServletResponse.SC_METHOD_NOT_ALLOWED, "This method is not proxied.");
            return;
        }
        if (!HopHeaders.isSureOfLength(request.getHeaders("Transfer-Encoding"))) {
            refuse(
                    request,
                    response,
                    HttpServletResponse.SC_BAD_REQUEST,
                    "A transfer coding other than chunked is not proxied.");
            return;
        }
        if (TargetPath.hasDotSegment(request.getRequestURI())) {
            refuse(request, response, HttpServletResponse.SC_BAD_REQUEST, "A path with dot segments is not proxied.");
            return;
        }
        UpgradePolicy policy = started().route().upgrade();
        UpgradeRequest upgrade = connectProtocol == null
                ? UpgradeRequest.of(request, policy)
                : UpgradeRequest.extendedConnect(request, connectProtocol, policy);
        switch (upgrade.kind()) {
            case NONE -> super.service(request, response);
            case UPGRADE -> {
                request.setAttribute(UPGRADE, upgrade);
                super.service(request, response);
            }
            case MALFORMED ->
                refuse(
                        request,
                        response,
                        HttpServletResponse.SC_BAD_REQUEST,
                        "A WebSocket handshake is a GET without a body.");
            case NOT_CARRIED ->
                refuse(request, response, HttpServletResponse.SC_NOT_IMPLEMENTED, "This protocol is not carried here.");
        }
    }

    private void refuse(HttpServletRequest request, HttpServletResponse response, int status, String sentence)
            throws IOException {
        Answers.send(request, response, status, sentence, LOG, getServletName(), null, false);
    }

    private static @Nullable UpgradeRequest upgradeOf(HttpServletRequest request) {
        return request.getAttribute(UPGRADE) instanceof UpgradeRequest upgrade ? upgrade : null;
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
                request.getRequestURI(), request.getQueryString(), route.prefix(), route.targetPath());
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
        Request backendRequest = new RawRequest(getHttpClient(), now.route().target(), pathAndQuery)
                .method(upgrade != null && upgrade.extendedConnect() ? "GET" : request.getMethod())
                .attribute(CLIENT_REQUEST_ATTRIBUTE, request)
                // The exchange has deadlines of its own.
                .idleTimeout(0, TimeUnit.MILLISECONDS);
        HttpUpgrader.Factory handshake = version -> new BackendHandshake(
                upgrade,
                getHttpClient().getExecutor(),
                (answer, leg) -> switched(request, backendRequest, answer, leg));
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
                route.preserveHost() && route.hostHeader() == null && http1,
                !http1);
        if (route.hostHeader() != null) {
            fields.put("Host", route.hostHeader());
        } else if (route.preserveHost() && !http1) {
            fields.put("Host", authority(request));
        }
        UpgradeRequest upgrade = upgradeOf(request);
        if (upgrade != null) {
            fields.put("Connection", "Upgrade");
            fields.put("Upgrade", upgrade.header());
            if (upgrade.extendedConnect()) {
                fields.put("Sec-WebSocket-Key", upgrade.key());
            }
        }
        backendRequest.headers(all -> all.clear().add(fields));
    }

    /** What stands for the Host field over HTTP/2 (RFC 9113 section 8.3.1). */
    private static String authority(HttpServletRequest request) {
        int port = request.getServerPort();
        boolean usual = port == (request.isSecure() ? 443 : 80);
        return usual ? request.getServerName() : request.getServerName() + ":" + port;
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
            return BODILESS.contains(request.getMethod()) ? input.available() > 0 : !input.isFinished();
        } catch (IOException broken) {
            // To be met again, and dealt with, where the body is read.
            return true;
        }
    }

    @Override
    protected void addProxyHeaders(HttpServletRequest request, Request backendRequest) {
        Forwarding forwarding = new Forwarding(
                request.getRemoteAddr(),
                request.getScheme(),
                HopHeaders.isHttp1(request.getProtocol()) ? request.getHeader("Host") : authority(request),
                request.getServerPort());
        backendRequest.headers(fields -> {
            Forwarding.addVia(fields, request.getProtocol(), started().viaHost());
            forwarding.addTo(fields);
        });
    }

    @Override
    protected void sendProxyRequest(HttpServletRequest request, HttpServletResponse response, Request backendRequest) {
        Started now = started();
        Exchange exchange = new Exchange(
                now.route(),
                request,
                response,
                (RawRequest) backendRequest,
                upgradeOf(request),
                (again, out) -> now.adapter().cutOff(again),
                now.backend().deadlines());
        backendRequest.attribute(Exchange.class.getName(), exchange);
        exchange.start();
    }

    /** The client's body could not be read: the exchange ends by the failure of its request. */
    @Override
    protected void onClientRequestFailure(
            HttpServletRequest request, Request backendRequest, HttpServletResponse response, Throwable failure) {
        backendRequest.abort(failure);
    }

    @Override
    protected ReadListener newReadListener(
            HttpServletRequest request,
            HttpServletResponse response,
            Request backendRequest,
            AsyncRequestContent content) {
        return new StreamReader(request, response, backendRequest, content) {
            private volatile boolean refused;

            @Override
            protected void onRequestContent(
                    HttpServletRequest from,
                    Request to,
                    AsyncRequestContent body,
                    byte[] buffer,
                    int offset,
                    int length,
                    Callback callback) {
                Callback judged = Callback.from(callback::succeeded, failure -> {
                    // The backend's side takes no more: the exchange knows why, and it is not the client.
                    refused = true;
                    callback.failed(failure);
                });
                super.onRequestContent(from, to, body, buffer, offset, length, judged);
            }

            @Override
            public void onError(Throwable failure) {
                Exchange exchange = exchangeOf(backendRequest);
                if (exchange != null && !refused) {
                    exchange.clientGone(failure);
                }
                super.onError(failure);
            }
        };
    }

    private static @Nullable Exchange exchangeOf(Request backendRequest) {
        return backendRequest.getAttributes().get(Exchange.class.getName()) instanceof Exchange exchange
                ? exchange
                : null;
    }

    // ---- an upgrade

    /** The backend has switched protocols; a thread of the HTTP client's. */
    private void switched(HttpServletRequest request, Request backendRequest, Response answer, Leg backendLeg) {
        Started now = started;
        UpgradeRequest upgrade = upgradeOf(request);
        Exchange exchange = exchangeOf(backendRequest);
        if (now == null || upgrade == null || exchange == null || !exchange.handOver()) {
            backendLeg.reset();
            return;
        }
        Route route = now.route();
        TunnelSettings settings = new TunnelSettings(
                this,
                route.name(),
                BackendHandshake.isFramed(upgrade, answer.getHeaders()),
                route.closeTimeout(),
                route.tunnelIdleTimeout(),
                route.closeTimeout());
        Tunnel tunnel = now.tunnels().open(backendLeg, settings, end -> log(route, end));
        if (started == null && tunnel != null) {
            // Destroyed meanwhile, so nobody would close it.
            tunnel.abandon();
        }
        request.setAttribute(Exchange.RESUME, (Resumption)
                (again, response) -> finish(again, response, now.adapter(), upgrade, answer.getHeaders(), tunnel));
        try {
            request.getAsyncContext().dispatch();
        } catch (IllegalStateException clientIsGone) {
            LOG.debug("{}: the client did not wait for the 101", route.name(), clientIsGone);
            if (tunnel != null) {
                tunnel.abandon();
            }
        }
    }

    /** Back in service(): the client gets the backend's 101, and its connection, or its stream, becomes the tunnel's. */
    private void finish(
            HttpServletRequest request,
            HttpServletResponse response,
            ServerAdapter adapter,
            UpgradeRequest upgrade,
            HttpFields head,
            @Nullable Tunnel tunnel)
            throws IOException, ServletException {
        if (tunnel == null) {
            refuse(request, response, HttpServletResponse.SC_SERVICE_UNAVAILABLE, "The proxy is stopping.");
            return;
        }
        if (upgrade.extendedConnect()) {
            response.setStatus(HttpServletResponse.SC_OK);
            Exchange.copy(HopHeaders.connected(head), response);
        } else {
            response.setStatus(HttpServletResponse.SC_SWITCHING_PROTOCOLS);
            Exchange.copy(HopHeaders.switchingProtocols(head), response);
        }
        try {
            adapter.takeOver(request, response, tunnel::connect);
        } catch (IOException | ServletException | RuntimeException refused) {
            tunnel.abandon();
            if (response.isCommitted()) {
                throw refused;
            }
            Answers.send(
                    request,
                    response,
                    HttpServletResponse.SC_SERVICE_UNAVAILABLE,
                    "This connection cannot be upgraded now.",
                    LOG,
                    getServletName(),
                    refused,
                    false);
        }
    }

    private static void log(Route route, TunnelEnd end) {
        LOG.debug(
                "{}: tunnel ended: {}, {} bytes to the backend, {} to the client, {}",
                route.name(),
                end.reason(),
                end.bytesToBackend(),
                end.bytesToClient(),
                end.duration(),
                end.cause());
    }

    // ---- what Jetty's servlet asks for

    @Override
    protected HttpClient createHttpClient() {
        return started().backend().client();
    }
}
