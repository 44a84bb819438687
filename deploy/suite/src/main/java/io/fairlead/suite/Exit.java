package io.fairlead.suite;

import io.fairlead.suite.peer.Backend;

/**
 * One way out of a {@link Fairlead}: a test's subject is the same whichever way the backend is spoken to.
 *
 * @param backend that the routes lead to
 * @param prefix of the names of the routes that lead there
 */
public record Exit(Backend backend, String prefix) {

    /** In clear text. */
    public static final Exit TCP = new Exit(Routes.BACKEND, "");

    /** Over TLS. */
    public static final Exit TLS = new Exit(TlsBackends.GOOD, Routes.OVER_TLS);

    /** The name of a route of {@link Routes} that leads out this way, else the route's own. */
    String route(String name) {
        return Routes.TO_BACKEND.contains(name) ? prefix + name : name;
    }
}
