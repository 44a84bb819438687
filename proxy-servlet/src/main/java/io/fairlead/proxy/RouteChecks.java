package io.fairlead.proxy;

import io.fairlead.proxy.backend.Backend;
import jakarta.servlet.ServletContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The legs from this server to the backends of a web application's routes: each is tried by a WebSocket handshake and a ping, on a
 * connection of its own, whatever the health of the backend; nothing follows from it. Thread-safe.
 */
public final class RouteChecks {

    /** Of a web application that has more, the others are not tried. */
    public static final int MOST_LEGS = 64;

    /** How far a leg was good. */
    public enum Stage {
        NOTHING,
        CONNECTION,
        TLS,
        /** There was an answer, but no valid 101. */
        ANSWER,
        HANDSHAKE,
        PONG
    }

    /**
     * @param route the servlet's name
     * @param backend host and port
     * @param path that was asked for
     * @param status of the answer; 0 without one
     * @param reason what is wrong; empty if nothing is
     */
    public record Leg(String route, String backend, String path, Stage reached, int status, String reason) {}

    private final Shared shared;

    private RouteChecks(Shared shared) {
        this.shared = shared;
    }

    /** Those of all servlets that have started in a web application. */
    public static RouteChecks of(ServletContext context) {
        return new RouteChecks(Shared.of(context));
    }

    /** The names of the routes that do not trust a peer as a proxy, by {@code trustedProxies}; sorted. */
    public List<String> distrusting(String peer) {
        return routes().stream()
                .map(Balancing::route)
                .filter(route -> !route.trustedProxies().contain(peer))
                .map(Route::name)
                .toList();
    }

    private List<Balancing> routes() {
        return shared.routes().stream()
                .sorted(Comparator.comparing(balancing -> balancing.route().name()))
                .toList();
    }

    /**
     * Tries all of them at a time. Does not wait.
     *
     * @param timeout of each
     * @param done called once, on any thread, with the legs by route; must not block
     */
    public void check(Duration timeout, Consumer<List<Leg>> done) {
        record Task(Balancing balancing, Backend backend) {}
        List<Task> tasks = new ArrayList<>();
        for (Balancing balancing : routes()) {
            for (Backend backend : balancing.backends().all()) {
                tasks.add(new Task(balancing, backend));
            }
        }
        List<Task> tried = tasks.subList(0, Math.min(MOST_LEGS, tasks.size()));
        if (tried.isEmpty()) {
            done.accept(List.of());
            return;
        }
        Leg[] legs = new Leg[tried.size()];
        AtomicInteger left = new AtomicInteger(legs.length);
        for (int i = 0; i < legs.length; i++) {
            int place = i;
            Balancing balancing = tried.get(i).balancing();
            Backend backend = tried.get(i).backend();
            balancing.handshakes().examine(backend, timeout, examined -> {
                legs[place] = new Leg(
                        balancing.route().name(),
                        backend.address(),
                        balancing.handshakePath(),
                        examined.reached(),
                        examined.status(),
                        examined.fault() == null ? "" : examined.fault());
                // The count makes what was written visible to the last one.
                if (left.decrementAndGet() == 0) {
                    done.accept(List.of(legs));
                }
            });
        }
    }
}
