package io.fairlead.proxy;

import java.util.List;
import java.util.Map;

/**
 * A route as JMX shows it: {@code io.fairlead:type=Route,context=/app,name=chat}. Where that name is taken, as by another version
 * of the application at the same context path, it ends in {@code ,instance=2}, and so on.
 *
 * <p>All counts are since the start of the route.
 */
public interface RouteMXBean {

    /** What {@code proxyTo} says: scheme, host, port and path of each backend, or the name by which they are found. */
    String getTarget();

    /** What passes after a 101: {@code tunnel} (bytes) or {@code relay} (messages). */
    String getMode();

    /** The backends as they are now. */
    List<BackendMXView> getBackends();

    /** Requests that wait until a backend has room for them. */
    int getWaitingRequests();

    /**
     * Takes new work away from one backend. The sessions of Engine.IO and SockJS that it has keep it.
     *
     * @param address its host and port
     * @param seconds over which its tunnels are closed, by 1012; 0: at once; less: they end by themselves
     */
    void drainBackend(String address, int seconds);

    /** Takes {@link #drainBackend} back. Tunnels that are closed already stay so. */
    void resumeBackend(String address);

    /** All requests that came to the route, handshakes among them. */
    long getRequests();

    /** By what the requests without a tunnel were ended, {@link EndedBy} in lower case as in the log. */
    Map<String, Long> getRequestsEndedBy();

    /** Handshakes without a tunnel, refused by the backend or by Fairlead, or failed. */
    long getHandshakesRefused();

    /** Handshakes with the backend's 101. */
    long getTunnelsOpened();

    /** By what the tunnels were ended, alike. */
    Map<String, Long> getTunnelsEndedBy();

    /** The tunnels that are open now. */
    long getOpenTunnels();

    /** Whether handshakes are refused since {@link #drain}. */
    boolean isDraining();

    /**
     * As {@link UpgradeProxyServlet#drain}: refuses handshakes from now on, and closes the tunnels one by one. Does not wait: {@link
     * #getOpenTunnels} tells when it is done.
     *
     * @param seconds how long the closes are spread over; 0: at once
     */
    void drain(int seconds);

    /** As {@link UpgradeProxyServlet#resume}. */
    void resume();

    /** The tunnels that are open now, at most 1,000 of them. Takes a second at most; what could not be asked in that is missing. */
    List<TunnelMXView> getTunnels();
}
