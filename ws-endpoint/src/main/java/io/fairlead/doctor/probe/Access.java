package io.fairlead.doctor.probe;

import jakarta.servlet.http.HttpServletRequest;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Pattern;
import org.eclipse.jetty.util.InetAddressSet;

/**
 * Who may ask the doctor: {@code loopback}, {@code all}, addresses and networks, {@code role(NAME)}; any of them is enough.
 *
 * <p>Of addresses all must be allowed that a request comes from: the peer's, and every one that {@code X-Forwarded-For} and {@code
 * Forwarded} name. So a proxy on this machine does not make its clients local, and what a client says of itself can only
 * close the door. Immutable.
 */
final class Access {

    /** Nobody. */
    static final Access NOBODY = new Access(false, new InetAddressSet(), List.of());

    private static final Pattern NETWORK =
            Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}(/\\d{1,2})?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/\\d{1,3})?");
    private static final Pattern ROLE = Pattern.compile("role\\(([^()]+)\\)");
    private static final Pattern LITERAL = Pattern.compile(
            "(\\d{1,3}(?:\\.\\d{1,3}){3})(?::\\d{1,5})?|\\[?([0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*)]?(?::\\d{1,5})?");
    private static final Pattern FORWARDED_FOR = Pattern.compile("(?i)(?:^|[;,\\s])for=\"?([^\";,\\s]+)");

    private final boolean everybody;
    private final InetAddressSet addresses;
    private final List<String> roles;

    private Access(boolean everybody, InetAddressSet addresses, List<String> roles) {
        this.everybody = everybody;
        this.addresses = addresses;
        this.roles = roles;
    }

    /**
     * @param text with commas or spaces between
     * @throws IllegalArgumentException for an entry that is none of these; its message is the entry
     */
    static Access of(String text) {
        boolean everybody = false;
        InetAddressSet addresses = new InetAddressSet();
        List<String> roles = new ArrayList<>();
        for (String entry : text.trim().split("[,\\s]+")) {
            if (entry.equals("all")) {
                everybody = true;
            } else if (entry.equals("loopback")) {
                addresses.add("127.0.0.0/8");
                addresses.add("::1");
            } else if (ROLE.matcher(entry).matches()) {
                roles.add(entry.substring("role(".length(), entry.length() - 1));
            } else if (!isNetwork(entry) || !add(addresses, entry)) {
                throw new IllegalArgumentException(entry);
            }
        }
        return new Access(everybody, addresses, List.copyOf(roles));
    }

    private static boolean isNetwork(String entry) {
        return NETWORK.matcher(entry).matches();
    }

    private static boolean add(InetAddressSet addresses, String network) {
        try {
            return addresses.add(network);
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException(network, malformed);
        }
    }

    boolean allows(HttpServletRequest request) {
        return everybody || roles.stream().anyMatch(request::isUserInRole) || areAllowed(request);
    }

    private boolean areAllowed(HttpServletRequest request) {
        List<String> hops = new ArrayList<>();
        hops.add(request.getRemoteAddr());
        for (String value : Collections.list(request.getHeaders("X-Forwarded-For"))) {
            hops.addAll(List.of(value.split(",")));
        }
        for (String value : Collections.list(request.getHeaders("Forwarded"))) {
            FORWARDED_FOR.matcher(value).results().forEach(found -> hops.add(found.group(1)));
        }
        return allow(hops);
    }

    /** Whether each of some addresses is allowed. What is no address is not. */
    boolean allow(List<String> hops) {
        return everybody || (!addresses.isEmpty() && hops.stream().allMatch(this::contains));
    }

    private boolean contains(String hop) {
        var literal = LITERAL.matcher(withoutZone(hop.strip()));
        if (!literal.matches()) {
            return false;
        }
        try {
            return addresses.test(
                    InetAddress.getByName(literal.group(1) != null ? literal.group(1) : literal.group(2)));
        } catch (UnknownHostException noLiteral) {
            return false;
        }
    }

    private static String withoutZone(String address) {
        int zone = address.indexOf('%');
        return zone < 0 ? address : address.substring(0, zone);
    }
}
