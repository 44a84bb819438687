package io.fairlead.proxy.backend;

import java.time.Duration;

/**
 * What a route asks a {@link BackendSource}: one {@code proxyTo} whose scheme begins with the source's.
 *
 * @param host the name to look up
 * @param port as it is written there, or the one that the scheme stands for
 * @param weight for each backend, unless the source knows better
 * @param backup whether the backends get work only when none of the others can
 * @param interval how often a source that has to ask should
 */
public record BackendQuery(String host, int port, int weight, boolean backup, Duration interval) {

    /**
     * A backend as the query wants it.
     *
     * @param address a name, or an IP address; IPv6 without brackets
     */
    public Target target(String address) {
        return new Target(address, port, weight, backup);
    }

    /** For the log. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
