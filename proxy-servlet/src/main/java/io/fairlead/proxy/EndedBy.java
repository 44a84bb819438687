package io.fairlead.proxy;

/** Who ended an exchange, or what. */
public enum EndedBy {
    /** Nobody and nothing: the backend's response was passed on whole. */
    COMPLETE,
    /** The client closed, broke off, or was gone. */
    CLIENT,
    /** The backend closed or broke off, or could not be reached. */
    BACKEND,
    /** A tunnel was silent for {@code tunnelIdleTimeout}; or for {@code closeTimeout} after one side had ended its stream. */
    IDLE,
    /** The tunnel was older than {@code maxTunnelAge}. */
    AGE,
    /** The route is drained. */
    DRAIN,
    /** A limit of the route for the time that a request may take. */
    TIMEOUT,
    /** A limit of the route for the number or the size of something. */
    LIMIT,
    /** The backend's answer broke the rules of HTTP, or a frame those of WebSocket where {@code protocolErrors=close}. */
    PROTOCOL,
    /** A filter of a relay's. */
    FILTER,
    /** Fairlead, which does not pass such a request on. */
    REFUSED,
    /** The web application or its server stops. */
    SHUTDOWN
}
