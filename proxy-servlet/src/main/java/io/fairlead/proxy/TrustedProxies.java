package io.fairlead.proxy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.jetty.util.InetAddressSet;

/** Whose word on the client counts: the addresses of proxies in front. Thread-safe. */
final class TrustedProxies {

    static final TrustedProxies NONE = new TrustedProxies();

    /** An address literal or a network; a name would be looked up. */
    private static final Pattern FORM =
            Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}(/\\d{1,2})?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/\\d{1,3})?");

    private final InetAddressSet addresses = new InetAddressSet();

    private TrustedProxies() {}

    /**
     * @param networks addresses and CIDR networks: {@code 10.0.0.0/8}, {@code ::1}
     * @throws IllegalArgumentException for what is neither; its message is the entry
     */
    static TrustedProxies of(List<String> networks) {
        if (networks.isEmpty()) {
            return NONE;
        }
        TrustedProxies trusted = new TrustedProxies();
        for (String network : networks) {
            boolean added;
            try {
                added = FORM.matcher(network).matches() && trusted.addresses.add(network);
            } catch (IllegalArgumentException malformed) {
                throw new IllegalArgumentException(network, malformed);
            }
            if (!added) {
                throw new IllegalArgumentException(network);
            }
        }
        return trusted;
    }

    /** @param address a literal, as the servlet API gives it */
    boolean contain(String address) {
        if (addresses.isEmpty()) {
            return false;
        }
        try {
            return addresses.test(InetAddress.getByName(address));
        } catch (UnknownHostException noLiteral) {
            return false;
        }
    }

    boolean contain(InetAddress address) {
        return !addresses.isEmpty() && addresses.test(address);
    }
}
