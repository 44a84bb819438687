package io.fairlead.proxy;

import io.fairlead.proxy.backend.Balance;
import io.fairlead.proxy.backend.HealthRules;
import io.fairlead.proxy.backend.Stickiness.Rule;
import io.fairlead.proxy.backend.Target;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What is set of a route's backends.
 *
 * @param scheme {@code http} or {@code https}, of all of them
 * @param path what replaces the route's prefix, without a slash at its end; empty or absolute
 * @param targets those that are named one by one
 * @param names those that are found by a name
 * @param resolveInterval how often names are looked up
 * @param maxQueue the most requests that wait for a backend with room
 * @param queueTimeout the longest that one waits
 * @param retries to so many more backends a request is sent at the most
 * @param retryBudget the most requests of a hundred that are sent once more
 * @param retryBuffer so many bytes of a body are kept to be sent once more
 */
record BackendSettings(
        String scheme,
        String path,
        List<Target> targets,
        List<NamedTarget> names,
        Duration resolveInterval,
        Balance balance,
        HealthRules health,
        HealthCheck check,
        Sticky sticky,
        int maxQueue,
        Duration queueTimeout,
        int retries,
        int retryBudget,
        int retryBuffer) {

    /**
     * Backends that something else knows.
     *
     * @param source what knows them, as {@code dns}
     * @param target the name and the port; weight and kind are those of each
     */
    record NamedTarget(String source, Target target) {

        @Override
        public String toString() {
            return source + "+" + target;
        }
    }

    /** How it is found out whether a backend is well. */
    enum CheckKind {
        /** By its use only. */
        OFF,
        /** It takes a connection; over TLS if it is spoken to by that. */
        TCP,
        /** It answers a GET by 200 to 399. */
        HTTP,
        /** It accepts a WebSocket handshake and answers a ping. */
        WEBSOCKET
    }

    /** @param path on the backend */
    record HealthCheck(CheckKind kind, String path, Duration interval, Duration timeout) {}

    /** The attribute of a cookie that says whether requests from other sites carry it. */
    enum SameSite {
        STRICT("Strict"),
        LAX("Lax"),
        /** Also from other sites; browsers want it to be secure. */
        NONE("None");

        final String value;

        SameSite(String value) {
            this.value = value;
        }
    }

    /** When a cookie is for https only. */
    enum Secure {
        /** When it is set over https. */
        AUTO,
        TRUE,
        FALSE
    }

    /**
     * What ties requests to backends.
     *
     * @param cookiePath null: what the client's paths to the route begin with
     * @param sessions the most that are known
     * @param life how long one is known without a use
     */
    record Sticky(
            List<Rule> chain,
            String cookieName,
            @Nullable String cookiePath,
            Secure cookieSecure,
            boolean cookieHttpOnly,
            SameSite cookieSameSite,
            int sessions,
            Duration life) {}

    /** Whether there may be more than one, now or later. */
    boolean areSeveral() {
        return targets.size() + 2 * names.size() > 1;
    }

    /** Those that are named, and the names, for the log and JMX. */
    String shown() {
        List<String> all = new ArrayList<>();
        for (Target target : targets) {
            all.add(scheme + "://" + shown(target));
        }
        for (NamedTarget name : names) {
            all.add(name.source() + "+" + scheme + "://" + shown(name.target()));
        }
        return String.join(", ", all);
    }

    private String shown(Target target) {
        String text = target.toString();
        String address = target.address();
        return address + path + text.substring(address.length());
    }
}
