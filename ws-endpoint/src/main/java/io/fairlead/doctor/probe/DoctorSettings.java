package io.fairlead.doctor.probe;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The doctor's settings, context-params of the web application.
 *
 * @param allow who may ask; nobody: the doctor is off
 * @param allowRoutes who may have the routes' backends checked besides
 * @param life how long what was seen is kept after the last probe
 * @param examinations the most that are kept
 * @param perAddress the most that are kept of one client address
 * @param bytes the most that one examination may send, and be sent
 * @param httpPort of this server as clients see it; 0 if there is none, or it is not known
 * @param httpsPort likewise
 */
public record DoctorSettings(
        Access allow,
        Access allowRoutes,
        Duration life,
        int examinations,
        int perAddress,
        int bytes,
        int httpPort,
        int httpsPort) {

    /** Before the name of every setting. */
    static final String PREFIX = "fairlead.doctor.";

    static final Set<String> NAMES = Set.of(
            "allow", "allowRoutes", "life", "examinations", "examinationsPerAddress", "bytes", "httpPort", "httpsPort");

    private static final Pattern LIFE = Pattern.compile("(\\d{1,4})(s|m)");
    private static final Pattern SIZE = Pattern.compile("(\\d{1,6})(KB|MB)");

    /** @param faults sentences; empty if nothing is wrong */
    record Parsed(DoctorSettings settings, List<String> faults) {}

    /** For clients of this machine, with all else as by default. */
    public static DoctorSettings loopback() {
        return parse(Set.of(), name -> name.equals("allow") || name.equals("allowRoutes") ? "loopback" : null)
                .settings();
    }

    /**
     * @param allow as the setting has it
     * @throws IllegalArgumentException for an entry that is none; its message is the entry
     */
    public static DoctorSettings allowing(String allow) {
        Access access = Access.of(allow);
        DoctorSettings all = loopback();
        return new DoctorSettings(
                access,
                access,
                all.life(),
                all.examinations(),
                all.perAddress(),
                all.bytes(),
                all.httpPort(),
                all.httpsPort());
    }

    public DoctorSettings withPorts(int http, int https) {
        return new DoctorSettings(
                allow, allowRoutes, life, examinations, perAddress, bytes, Math.max(0, http), Math.max(0, https));
    }

    public boolean isOff() {
        return allow == Access.NOBODY;
    }

    /**
     * @param names of all context-params
     * @param values by name without the prefix
     */
    static Parsed parse(Collection<String> names, Function<String, @Nullable String> values) {
        List<String> faults = new ArrayList<>();
        for (String name : new TreeSet<>(names)) {
            if (name.startsWith(PREFIX) && !NAMES.contains(name.substring(PREFIX.length()))) {
                faults.add(
                        "context-param '" + name + "' is no setting; those of the doctor are " + new TreeSet<>(NAMES));
            }
        }
        Reader read = new Reader(values, faults);
        DoctorSettings settings = new DoctorSettings(
                read.access("allow"),
                read.access("allowRoutes"),
                read.life(),
                read.number("examinations", 128, 1, 10_000),
                read.number("examinationsPerAddress", 60, 1, 10_000),
                read.size(),
                read.number("httpPort", 0, 0, 65_535),
                read.number("httpsPort", 0, 0, 65_535));
        return new Parsed(settings, List.copyOf(faults));
    }

    private record Reader(Function<String, @Nullable String> values, List<String> faults) {

        private @Nullable String value(String name) {
            String value = values.apply(name);
            return value == null || value.isBlank() ? null : value.trim();
        }

        private void fault(String name, String what) {
            faults.add("context-param '" + PREFIX + name + "' " + what + ", not '" + value(name) + "'");
        }

        Access access(String name) {
            String value = value(name);
            if (value == null || value.equals("off")) {
                return Access.NOBODY;
            }
            try {
                return Access.of(value);
            } catch (IllegalArgumentException wrong) {
                fault(name, "is off, loopback, all, addresses, networks or role(NAME), with commas between");
                return Access.NOBODY;
            }
        }

        Duration life() {
            String value = value("life");
            Matcher matcher = LIFE.matcher(value == null ? "60s" : value);
            if (matcher.matches()) {
                long seconds =
                        Long.parseLong(matcher.group(1)) * (matcher.group(2).equals("m") ? 60 : 1);
                if (seconds >= 10 && seconds <= Doctor.LONGEST.toSeconds()) {
                    return Duration.ofSeconds(seconds);
                }
            }
            fault("life", "is a duration from 10s to 15m");
            return Duration.ofMinutes(1);
        }

        int size() {
            String value = value("bytes");
            Matcher matcher = SIZE.matcher(value == null ? "16MB" : value);
            if (matcher.matches()) {
                long bytes =
                        Long.parseLong(matcher.group(1)) * (matcher.group(2).equals("MB") ? 1 << 20 : 1 << 10);
                if (bytes >= 4 << 20 && bytes <= 256 << 20) {
                    return (int) bytes;
                }
            }
            fault("bytes", "is a size from 4MB to 256MB, as 16MB");
            return 16 << 20;
        }

        int number(String name, int fallback, int least, int most) {
            String value = value(name);
            if (value == null) {
                return fallback;
            }
            if (value.matches("\\d{1,6}") && Integer.parseInt(value) >= least && Integer.parseInt(value) <= most) {
                return Integer.parseInt(value);
            }
            fault(name, "is a number from " + least + " to " + most);
            return fallback;
        }
    }
}
