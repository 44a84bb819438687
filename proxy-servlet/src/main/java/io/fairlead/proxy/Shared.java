package io.fairlead.proxy;

import io.fairlead.proxy.Route.ClientSettings;
import io.fairlead.proxy.Route.LoopSettings;
import io.fairlead.proxy.server.ServerAdapter;
import io.fairlead.proxy.tunnel.Tunnels;
import jakarta.servlet.ServletContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the routes of one web application share: an HTTP client for each set of client settings, and tunnel loops for each
 * set of loop settings. The last servlet that lets one go closes it.
 *
 * <p>Thread-safe. Kept in the servlet context.
 */
final class Shared {

    private static final Logger LOG = LoggerFactory.getLogger(Shared.class);
    private static final String ATTRIBUTE = Shared.class.getName();

    private final Uses<ClientSettings, BackendClient> clients = new Uses<>(BackendClient::start);
    private final Uses<LoopSettings, Tunnels> loops =
            new Uses<>(settings -> new Tunnels(settings.threads(), settings.bufferSize(), settings.memory()));

    private final Semaphore placesToWait = new Semaphore(WaitingHandshake.MOST);

    private final Set<Object> draining = ConcurrentHashMap.newKeySet();

    private final Map<UpgradeProxyServlet, Balancing> routes = new ConcurrentHashMap<>();

    /** Has the server warn us no longer; nothing while there is no route. */
    private Runnable deafen = () -> {};

    private Shared() {}

    static Shared of(ServletContext context) {
        synchronized (Shared.class) {
            Object known = context.getAttribute(ATTRIBUTE);
            if (known instanceof Shared shared) {
                return shared;
            }
            Shared shared = new Shared();
            context.setAttribute(ATTRIBUTE, shared);
            return shared;
        }
    }

    BackendClient client(ClientSettings settings) {
        return clients.take(settings);
    }

    Tunnels tunnels(LoopSettings settings) {
        return loops.take(settings);
    }

    /** One for each handshake that waits in a thread of the server's. */
    Semaphore placesToWait() {
        return placesToWait;
    }

    /** Says whether a route takes no new tunnels. */
    void draining(Object route, boolean drains) {
        if (drains) {
            draining.add(route);
        } else {
            draining.remove(route);
        }
    }

    /** Makes a started route known to {@link RouteChecks}, and its tunnels to the server's stop. */
    synchronized void started(
            UpgradeProxyServlet servlet, Balancing route, ServerAdapter server, ServletContext context) {
        if (routes.isEmpty()) {
            deafen = server.warn(context, new Farewell());
        }
        routes.put(servlet, route);
    }

    synchronized void ended(UpgradeProxyServlet servlet) {
        if (routes.remove(servlet) != null && routes.isEmpty()) {
            deafen.run();
        }
    }

    /** Has the tunnels of all routes closed before their connections are cut off, and waits for the peers' answers. */
    private final class Farewell implements ServerAdapter.Warning {

        /** Those that were not drained already. */
        private final Set<UpgradeProxyServlet> drained = ConcurrentHashMap.newKeySet();

        @Override
        public void stops() {
            Duration patience = Duration.ZERO;
            List<CompletableFuture<Void>> closed = new ArrayList<>();
            for (UpgradeProxyServlet servlet : routes.keySet()) {
                if (!servlet.isDraining()) {
                    drained.add(servlet);
                }
                closed.add(servlet.leave());
                Duration its = servlet.undeployPatience();
                patience = its.compareTo(patience) > 0 ? its : patience;
            }
            try {
                CompletableFuture.allOf(closed.toArray(CompletableFuture[]::new))
                        .get(patience.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException | ExecutionException left) {
                LOG.warn("the server stops before all tunnels were closed: {}", left.toString());
            } catch (InterruptedException stopWaiting) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void goesOn() {
            for (UpgradeProxyServlet servlet : routes.keySet()) {
                if (drained.remove(servlet)) {
                    servlet.resume();
                }
            }
        }
    }

    /** Of all started routes. */
    List<Balancing> routes() {
        return List.copyOf(routes.values());
    }

    /** Whether every route takes work. */
    boolean isReady() {
        return draining.isEmpty();
    }

    void releaseClient(ClientSettings settings) {
        clients.release(settings);
    }

    void releaseTunnels(LoopSettings settings) {
        loops.release(settings);
    }

    /** Things made at the first use of their settings, and closed at the last. */
    private static final class Uses<K, V extends AutoCloseable> {

        private record Use<V>(V thing, int count) {}

        private final Function<K, V> make;
        private final Map<K, Use<V>> uses = new HashMap<>();

        Uses(Function<K, V> make) {
            this.make = make;
        }

        synchronized V take(K key) {
            Use<V> use = uses.get(key);
            Use<V> next = use == null ? new Use<>(make.apply(key), 1) : new Use<>(use.thing(), use.count() + 1);
            uses.put(key, next);
            return next.thing();
        }

        synchronized void release(K key) {
            Use<V> use = uses.remove(key);
            if (use == null) {
                throw new IllegalStateException("released more often than taken: " + key);
            }
            if (use.count() > 1) {
                uses.put(key, new Use<>(use.thing(), use.count() - 1));
                return;
            }
            try {
                use.thing().close();
            } catch (Exception failure) {
                throw new IllegalStateException("could not close what the routes shared", failure);
            }
        }
    }
}
