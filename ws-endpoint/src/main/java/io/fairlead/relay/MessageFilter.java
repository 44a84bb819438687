package io.fairlead.relay;

/**
 * A kind of filter that relays can be given, by its name in the setting {@code filters}. Found by {@link java.util.ServiceLoader}, or
 * as a CDI bean where the server has CDI.
 *
 * <pre>
 *  MessageFilter ── configure: for a route ──▶ RouteFilter ── open: once a tunnel ──▶ TunnelFilter ── filter: each message
 * </pre>
 */
public interface MessageFilter {

    /** What it is called in {@code filters}; letters and digits. */
    String name();

    /**
     * Makes the filter of one route. What is wrong with the settings, they remember. Called more than once at start, to find faults
     * first; so what it makes holds nothing that must be given back before a tunnel is opened.
     */
    RouteFilter configure(FilterSettings settings);
}
