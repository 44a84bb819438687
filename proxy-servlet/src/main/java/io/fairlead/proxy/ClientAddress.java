package io.fairlead.proxy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of the client that a request comes from: the peer's, or what trusted proxies say of those before them. Pure; no
 * name is ever looked up.
 */
final class ClientAddress {

    private static final String BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
    private static final String IPV4 = BYTE + "(?:\\." + BYTE + "){3}";
    private static final String IPV6 = "[0-9A-Fa-f:]*:[0-9A-Fa-f:]*(?:" + IPV4 + ")?";

    /** Some proxies write the port, too. */
    private static final Pattern WITH_PORT =
            Pattern.compile("(" + IPV4 + ")(?::\\d{1,5})?|\\[(" + IPV6 + ")](?::\\d{1,5})?|(" + IPV6 + ")");

    /** IPv6 gives one host, or one site, a /64 and more: all of it is one client (RFC 6177, RFC 7421). */
    private static final int NETWORK_BYTES = 8;

    private final String text;
    private final String network;

    private ClientAddress(String text, String network) {
        this.text = text;
        this.network = network;
    }

    /**
     * The peer if it is no trusted proxy; else the rightmost of {@code X-Forwarded-For} that is none. An entry that is no
     * address ends the search, since nobody knows who wrote what is left of it: then the last trusted one is the client.
     *
     * @param peer as the servlet API gives it
     * @param forwardedFor the values of {@code X-Forwarded-For}; asked for only if the peer is trusted
     */
    static ClientAddress of(String peer, Enumeration<String> forwardedFor, TrustedProxies trusted) {
        InetAddress client = parse(withoutZone(peer));
        if (client == null) {
            // A peer without an address, as of a local socket.
            return new ClientAddress(peer, peer);
        }
        if (trusted.contain(client)) {
            List<String> hops = new ArrayList<>();
            while (forwardedFor.hasMoreElements()) {
                hops.addAll(List.of(forwardedFor.nextElement().split(",", -1)));
            }
            for (int i = hops.size() - 1; i >= 0 && trusted.contain(client); i--) {
                String hop = hops.get(i).trim();
                InetAddress before = parse(hop);
                if (before != null) {
                    client = before;
                } else if (!hop.isEmpty()) {
                    break;
                }
            }
        }
        return new ClientAddress(withoutZone(client.getHostAddress()), network(client));
    }

    /** An IPv6 address that stands for one of IPv4 becomes that one. */
    private static @Nullable InetAddress parse(String literal) {
        Matcher matcher = WITH_PORT.matcher(literal);
        if (!matcher.matches()) {
            return null;
        }
        String address = matcher.group(1);
        for (int group = 2; address == null; group++) {
            address = matcher.group(group);
        }
        try {
            return InetAddress.getByName(address);
        } catch (UnknownHostException malformed) {
            return null;
        }
    }

    private static String withoutZone(String literal) {
        int zone = literal.indexOf('%');
        return zone < 0 ? literal : literal.substring(0, zone);
    }

    private static String network(InetAddress address) {
        if (!(address instanceof Inet6Address)) {
            return address.getHostAddress();
        }
        byte[] bytes = address.getAddress();
        StringBuilder network = new StringBuilder();
        for (int i = 0; i < NETWORK_BYTES; i += 2) {
            network.append(Integer.toHexString((bytes[i] & 0xff) << 8 | bytes[i + 1] & 0xff))
                    .append(':');
        }
        return network.append(":/64").toString();
    }

    /** The address as a literal, IPv6 without brackets and zone. */
    String text() {
        return text;
    }

    /** What the client counts by: an IPv4 address, or the /64 of an IPv6 one. */
    String network() {
        return network;
    }

    /** For the log. */
    @Override
    public String toString() {
        return text.equals(network) ? text : text + " of " + network;
    }
}
