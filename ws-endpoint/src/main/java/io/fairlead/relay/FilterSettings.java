package io.fairlead.relay;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * The settings of one filter of a route: {@code bodies} of a filter {@code audit} is the route's setting {@code audit.bodies}. What is
 * wrong is remembered and told at start, with everything else that is wrong; a name that nobody asks for is wrong, too.
 *
 * <p>Not thread-safe; to be used in {@link MessageFilter#configure}.
 */
public final class FilterSettings {

    private static final Pattern SIZE = Pattern.compile("(\\d{1,10})\\s*(B|KB|MB)?", Pattern.CASE_INSENSITIVE);
    private static final int MOST = 64 * 1024 * 1024;

    private final String route;
    private final String prefix;
    private final Map<String, String> all;
    private final Set<String> asked = new HashSet<>();
    private final List<String> faults = new ArrayList<>();

    FilterSettings(String route, String filter, Map<String, String> all) {
        this.route = route;
        this.prefix = filter + ".";
        this.all = all;
    }

    /** The servlet's name. */
    public String route() {
        return route;
    }

    /** Null if it is not set. */
    public @Nullable String text(String name) {
        asked.add(prefix + name);
        return all.get(prefix + name);
    }

    /** As it is set, which it must be. */
    public String required(String name) {
        String value = text(name);
        if (value == null || value.isBlank()) {
            fault(name, "is missing");
            return "";
        }
        return value;
    }

    public boolean flag(String name, boolean fallback) {
        String value = text(name);
        if (value == null) {
            return fallback;
        }
        String lower = value.trim().toLowerCase(Locale.ROOT);
        if (!lower.equals("true") && !lower.equals("false")) {
            fault(name, "is 'true' or 'false', not '" + value + "'");
        }
        return lower.equals("true");
    }

    /** @param fallback null if it must be set */
    public int number(String name, @Nullable Integer fallback, int least, int most) {
        String value = fallback == null ? required(name) : text(name);
        if (value == null || value.isEmpty()) {
            return fallback == null ? least : fallback;
        }
        try {
            int number = Integer.parseInt(value.trim());
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException noNumber) {
            // Told with the others.
        }
        fault(name, "is a number from " + least + " to " + most + ", not '" + value + "'");
        return least;
    }

    /** Bytes: a bare number, or as {@code 16KB}, {@code 1MB}. */
    public int size(String name, String fallback) {
        String value = text(name);
        Matcher matcher = SIZE.matcher(value == null ? fallback : value.trim());
        if (matcher.matches()) {
            String unit = matcher.group(2) == null ? "B" : matcher.group(2).toUpperCase(Locale.ROOT);
            long bytes =
                    Long.parseLong(matcher.group(1)) * (unit.equals("MB") ? 1 << 20 : unit.equals("KB") ? 1 << 10 : 1);
            if (bytes >= 1 && bytes <= MOST) {
                return (int) bytes;
            }
        }
        fault(name, "is a size from 1 to 64MB, as 16384, 16KB or 1MB, not '" + value + "'");
        return 1;
    }

    /** A regular expression; null if it is not set. */
    public @Nullable Pattern pattern(String name) {
        String value = text(name);
        if (value == null) {
            return null;
        }
        try {
            return Pattern.compile(value);
        } catch (PatternSyntaxException wrong) {
            fault(name, "is no regular expression: " + wrong.getDescription());
            return null;
        }
    }

    /** Remembers that a setting is wrong: what follows its name in a sentence. */
    public void fault(String name, String what) {
        faults.add("'" + prefix + name + "' " + what);
    }

    /** All that is wrong, once the filter has asked for what it knows. */
    List<String> faults() {
        List<String> found = new ArrayList<>(faults);
        for (String name : new TreeSet<>(all.keySet())) {
            if (name.startsWith(prefix) && !asked.contains(name)) {
                found.add("'" + name + "' is no setting of this filter");
            }
        }
        return found;
    }
}
