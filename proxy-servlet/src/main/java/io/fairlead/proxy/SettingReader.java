package io.fairlead.proxy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads the settings of one servlet, one by one, as numbers, sizes, durations and the like; and collects what is wrong.
 *
 * <p>A value is looked for among the servlet's init-params, then among the context-params as {@code fairlead.NAME}. {@code
 * %{NAME:-default}} anywhere in it is the environment variable NAME, else the system property, else the default.
 */
final class SettingReader {

    private static final Pattern DURATION = Pattern.compile("(\\d{1,15})\\s*(ms|s|m|h|d)?");
    private static final double LEAST_RATE = 0.01;
    private static final int MOST_RATE = 1_000_000;
    private static final Pattern RATE = Pattern.compile("\\d{1,7}(\\.\\d{1,3})?");
    private static final Pattern SIZE = Pattern.compile("(\\d{1,10})\\s*(B|KB|MB)?", Pattern.CASE_INSENSITIVE);
    private static final Pattern PLACEHOLDER = Pattern.compile("%\\{([A-Za-z0-9_.]+)(?::-([^}]*))?}");
    private static final Pattern LOOKS_LIKE_PLACEHOLDER = Pattern.compile("%\\{");

    private final String name;
    private final Function<String, @Nullable String> initParams;
    private final Function<String, @Nullable String> contextParams;
    private final UnaryOperator<@Nullable String> environment;
    private final List<String> faults = new ArrayList<>();

    /** @param name of the servlet */
    SettingReader(
            String name,
            Function<String, @Nullable String> initParams,
            Function<String, @Nullable String> contextParams,
            UnaryOperator<@Nullable String> environment) {
        this.name = name;
        this.initParams = initParams;
        this.contextParams = contextParams;
        this.environment = environment;
    }

    /** What was wrong so far, a sentence each. To be added to. */
    List<String> faults() {
        return faults;
    }

    /** Whether it is set for this servlet, and not only for all. */
    boolean isInitParam(String setting) {
        return initParams.apply(setting) != null;
    }

    @Nullable
    String text(String setting, Pattern form, String description) {
        int faultsBefore = faults.size();
        String value = value(setting);
        if (value == null || faults.size() > faultsBefore) {
            return null;
        }
        if (!form.matcher(value).matches()) {
            fault(setting, "is " + description + ", not '" + Answers.clean(value) + "'");
        }
        return value;
    }

    @Nullable
    String value(String setting) {
        String value = initParams.apply(setting);
        if (value == null) {
            value = contextParams.apply(RouteSettings.CONTEXT_PREFIX + setting);
        }
        return value == null ? null : resolve(setting, value);
    }

    private String resolve(String setting, String value) {
        Matcher matcher = PLACEHOLDER.matcher(value);
        StringBuilder resolved = new StringBuilder();
        while (matcher.find()) {
            String found = environment.apply(matcher.group(1));
            if (found == null) {
                found = matcher.group(2);
            }
            if (found == null) {
                fault(
                        setting,
                        "needs the environment variable or system property " + matcher.group(1) + ", or a default: %{"
                                + matcher.group(1) + ":-…}");
                found = "";
            }
            matcher.appendReplacement(resolved, Matcher.quoteReplacement(found));
        }
        matcher.appendTail(resolved);
        if (LOOKS_LIKE_PLACEHOLDER
                .matcher(PLACEHOLDER.matcher(value).replaceAll(""))
                .find()) {
            fault(
                    setting,
                    "has a placeholder that is not %{NAME} or %{NAME:-default}"
                            + (setting.endsWith("Password") ? "" : ": '" + value + "'"));
        }
        return resolved.toString();
    }

    String valueOr(String setting, String fallback) {
        String value = value(setting);
        return value == null || value.isBlank() ? fallback : value.trim();
    }

    boolean flag(String setting, boolean fallback) {
        String value = valueOr(setting, Boolean.toString(fallback)).toLowerCase(Locale.ROOT);
        if (!value.equals("true") && !value.equals("false")) {
            fault(setting, "is 'true' or 'false', not '" + value + "'");
        }
        return value.equals("true");
    }

    <E extends Enum<E>> E choice(String setting, E fallback, E[] values) {
        String value = valueOr(setting, fallback.name());
        for (E candidate : values) {
            if (candidate.name().equalsIgnoreCase(value)) {
                return candidate;
            }
        }
        List<String> names = Arrays.stream(values)
                .map(each -> "'" + each.name().toLowerCase(Locale.ROOT) + "'")
                .toList();
        fault(setting, "is one of " + String.join(", ", names) + ", not '" + value + "'");
        return fallback;
    }

    int number(String setting, String fallback, int least, int most) {
        String value = valueOr(setting, fallback);
        try {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException noNumber) {
            // Reported with the others below.
        }
        fault(setting, "is a number from " + least + " to " + most + ", not '" + value + "'");
        return least;
    }

    /** A second; 0 when there is none. */
    double rate(String setting) {
        String value = valueOr(setting, "0");
        double rate = RATE.matcher(value).matches() ? Double.parseDouble(value) : -1;
        if (rate == 0 || (rate >= LEAST_RATE && rate <= MOST_RATE)) {
            return rate;
        }
        fault(
                setting,
                "is a number a second from " + LEAST_RATE + " to " + MOST_RATE + ", or 0 for no limit, not '"
                        + Answers.clean(value) + "'");
        return 0;
    }

    int size(String setting, String fallback, int least) {
        String value = valueOr(setting, fallback);
        Matcher matcher = SIZE.matcher(value);
        if (!matcher.matches()) {
            fault(setting, "is a size, as 16384, 16KB or 1MB, not '" + value + "'");
            return least;
        }
        String unit = matcher.group(2) == null ? "B" : matcher.group(2).toUpperCase(Locale.ROOT);
        long bytes =
                Long.parseLong(matcher.group(1)) * (unit.equals("MB") ? 1024 * 1024 : unit.equals("KB") ? 1024 : 1);
        if (bytes < least || bytes > 1 << 30) {
            fault(setting, "is at least " + least + " bytes and at most 1024MB, not '" + value + "'");
            return least;
        }
        return (int) bytes;
    }

    Duration duration(String setting, String fallback, boolean zeroIsNone) {
        String value = valueOr(setting, fallback);
        Matcher matcher = DURATION.matcher(value);
        if (!matcher.matches()) {
            fault(setting, "is a duration, as 30000 (milliseconds), 500ms, 30s, 5m or 1h, not '" + value + "'");
            return Duration.ofSeconds(1);
        }
        long amount = Long.parseLong(matcher.group(1));
        String unit = matcher.group(2) == null ? "ms" : matcher.group(2);
        long millis =
                switch (unit) {
                    case "s" -> 1_000L;
                    case "m" -> 60_000L;
                    case "h" -> 3_600_000L;
                    case "d" -> 86_400_000L;
                    default -> 1L;
                };
        long year = Duration.ofDays(365).toMillis();
        if (amount > year / millis) {
            fault(setting, "is at most 365d, not '" + value + "'" + (zeroIsNone ? "; 0 means no limit" : ""));
            return Duration.ofSeconds(1);
        }
        if (amount == 0 && !zeroIsNone) {
            fault(setting, "must be more than 0: nothing would bound the wait");
        }
        return Duration.ofMillis(amount * millis);
    }

    void fault(String setting, String what) {
        faults.add("servlet '" + name + "': '" + setting + "' " + what);
    }
}
