package io.fairlead.proxy.backend;

import java.util.Locale;

/**
 * A backend as settings or a {@link BackendSource} name it.
 *
 * @param host a name, or an IP address; IPv6 without brackets
 * @param port from 1 to 65535
 * @param weight its share of the work against the others', from 1 on
 * @param backup whether it gets work only when none of the others can
 */
public record Target(String host, int port, int weight, boolean backup) {

    /** With the host in lower case. */
    public Target {
        host = host.toLowerCase(Locale.ROOT);
    }

    /** {@code host:port}, by which backends are told apart. */
    public String address() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }

    /** For the log. */
    @Override
    public String toString() {
        return address() + (weight == 1 ? "" : " weight=" + weight) + (backup ? " backup" : "");
    }
}
