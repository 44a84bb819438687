package io.fairlead.proxy.backend;

/** How work is spread over backends; named as HAProxy's {@code balance} is. */
public enum Balance {
    /** In turn, each by its weight, evenly mixed (nginx's smooth weighted round robin). */
    ROUNDROBIN,
    /** To the one with the fewest requests and tunnels for its weight. */
    LEASTCONN,
    /** To the one of two, drawn by weight, that has fewer requests and tunnels: the power of two choices. */
    RANDOM,
    /** By the client's address, by rendezvous hashing. */
    SOURCE,
    /** By the path, by rendezvous hashing. */
    URI
}
