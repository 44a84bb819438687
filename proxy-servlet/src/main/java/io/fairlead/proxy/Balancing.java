package io.fairlead.proxy;

import io.fairlead.proxy.BackendSettings.CheckKind;
import io.fairlead.proxy.BackendSettings.HealthCheck;
import io.fairlead.proxy.BackendSettings.NamedTarget;
import io.fairlead.proxy.BackendSettings.SameSite;
import io.fairlead.proxy.BackendSettings.Secure;
import io.fairlead.proxy.BackendSettings.Sticky;
import io.fairlead.proxy.backend.Backend;
import io.fairlead.proxy.backend.BackendQuery;
import io.fairlead.proxy.backend.BackendSource;
import io.fairlead.proxy.backend.BackendSources;
import io.fairlead.proxy.backend.Backends;
import io.fairlead.proxy.backend.Bond;
import io.fairlead.proxy.backend.Bond.Kind;
import io.fairlead.proxy.backend.HealthChecks;
import io.fairlead.proxy.backend.RequestFacts;
import io.fairlead.proxy.backend.RetryBudget;
import io.fairlead.proxy.backend.Stickiness;
import io.fairlead.proxy.backend.Target;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The backends of a started route, and what chooses among them.
 *
 * <p>Thread-safe.
 */
final class Balancing implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(UpgradeProxyServlet.class);

    private final Route route;
    private final BackendSettings settings;
    private final Backends backends;
    private final Stickiness stickiness;
    private final RetryBudget budget;
    private final URI base;
    private final String place;
    private final HttpClient client;
    private final List<AutoCloseable> running = new ArrayList<>();

    /**
     * @param place what the paths of the route's requests begin with, as the client sees them
     * @param client that requests are sent by; probes are, too
     */
    Balancing(Route route, String place, HttpClient client) {
        this.place = place;
        this.route = route;
        this.client = client;
        this.settings = route.backends();
        this.backends = new Backends(
                route.name(),
                settings.balance(),
                settings.health(),
                route.client().maxConnections(),
                settings.maxQueue(),
                System::nanoTime);
        Sticky sticky = settings.sticky();
        this.stickiness = new Stickiness(
                settings.areSeveral(),
                sticky.chain(),
                sticky.cookieName(),
                settings.balance(),
                backends,
                sticky.sessions(),
                sticky.life(),
                System::nanoTime);
        this.budget = new RetryBudget(settings.retryBudget(), route.client().maxConnections());
        // A request needs an address before it has a backend.
        this.base = URI.create(settings.scheme() + "://localhost");
    }

    /** Finds the backends, for which names may have to be looked up, and begins to watch them. */
    void start() {
        backends.update(this, settings.targets());
        for (NamedTarget named : settings.names()) {
            BackendSource source = BackendSources.find(named.source());
            if (source == null) {
                throw new IllegalStateException("the source of backends '" + named.source() + "' is gone");
            }
            Target target = named.target();
            BackendQuery query = new BackendQuery(
                    target.host(), target.port(), target.weight(), target.backup(), settings.resolveInterval());
            // A text, since the generated methods of records are not to be used.
            String name = named.toString();
            running.add(source.watch(query, targets -> backends.update(name, targets)));
        }
        HealthCheck check = settings.check();
        if (check.kind() != CheckKind.OFF) {
            BackendProbe probe =
                    new BackendProbe(client, check.kind(), settings.scheme(), check.path(), route.hostHeader());
            running.add(HealthChecks.start(backends, probe, check.interval(), check.timeout(), (delay, task) -> {
                Scheduler.Task timer = client.getScheduler().schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
                return timer::cancel;
            }));
        }
    }

    /** Watches no more, and lets those go who wait for a backend. */
    @Override
    public void close() {
        for (AutoCloseable watch : running) {
            try {
                watch.close();
            } catch (Exception failure) {
                LOG.warn("route '{}': what watched its backends did not end", route.name(), failure);
            }
        }
        backends.close();
    }

    Backends backends() {
        return backends;
    }

    Route route() {
        return route;
    }

    /** A WebSocket handshake with each backend, as a request at the route's own place would lead to; once. */
    BackendProbe handshakes() {
        return new BackendProbe(client, CheckKind.WEBSOCKET, settings.scheme(), handshakePath(), route.hostHeader());
    }

    /** Where {@link #handshakes} asks: what the health check asks for, if that is for a handshake. */
    String handshakePath() {
        HealthCheck check = settings.check();
        if (check.kind() == CheckKind.WEBSOCKET) {
            return check.path();
        }
        String kept = place.startsWith(route.prefix())
                ? place.substring(route.prefix().length())
                : "";
        return settings.path() + kept + "/";
    }

    Stickiness stickiness() {
        return stickiness;
    }

    /** The scheme of all backends; host and port mean nothing. */
    URI base() {
        return base;
    }

    /** What of a request's body is kept for another backend; 0 where there can be no other. */
    int keepOfBodies() {
        return settings.areSeveral() ? settings.retryBuffer() : 0;
    }

    /** For a request that has come. */
    Attempts attempts(HttpServletRequest request, boolean handshake) {
        budget.requested();
        Facts facts = new Facts(request, route.trustedProxies());
        Bond bond = stickiness.bond(facts);
        boolean learns = settings.areSeveral() && !handshake && stickiness.beginsEngineIo(facts);
        return new Attempts(this, bond, learns, settings.retries(), budget);
    }

    // ---- the cookie

    /** Ties the client to the backend that has answered, if it is to be. */
    void addCookie(Bond bond, Backend backend, HttpServletRequest request, HttpServletResponse response) {
        Sticky sticky = settings.sticky();
        boolean moved = bond.kind() == Kind.PREFERRED && bond.pinned() != backend;
        if (!(bond.cookieNeeded() || moved) || backend.id().equals(cookie(request, sticky.cookieName()))) {
            return;
        }
        boolean secure = sticky.cookieSecure() == Secure.TRUE
                || sticky.cookieSameSite() == SameSite.NONE
                || (sticky.cookieSecure() == Secure.AUTO
                        && Asked.of(request, route.trustedProxies().contain(request.getRemoteAddr()))
                                .scheme()
                                .equals("https"));
        String path = sticky.cookiePath() != null ? sticky.cookiePath() : place.isEmpty() ? "/" : place;
        response.addHeader(
                "Set-Cookie",
                sticky.cookieName() + "=" + backend.id() + "; Path=" + path + (secure ? "; Secure" : "")
                        + (sticky.cookieHttpOnly() ? "; HttpOnly" : "") + "; SameSite="
                        + sticky.cookieSameSite().value);
    }

    private static @Nullable String cookie(HttpServletRequest request, String name) {
        Cookie[] cookies = request.getCookies();
        if (cookies != null) {
            for (Cookie cookie : cookies) {
                if (cookie.getName().equals(name)) {
                    return cookie.getValue();
                }
            }
        }
        return null;
    }

    /** Of the server's request, in the thread that serves it. */
    private record Facts(HttpServletRequest request, TrustedProxies trusted) implements RequestFacts {

        @Override
        public String path() {
            return request.getRequestURI();
        }

        @Override
        public @Nullable String query() {
            return request.getQueryString();
        }

        @Override
        public @Nullable String cookie(String name) {
            return Balancing.cookie(request, name);
        }

        @Override
        public @Nullable String header(String name) {
            return request.getHeader(name);
        }

        @Override
        public String address() {
            return ClientAddress.of(request.getRemoteAddr(), request.getHeaders("X-Forwarded-For"), trusted)
                    .text();
        }
    }
}
