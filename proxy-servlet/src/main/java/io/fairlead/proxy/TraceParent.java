package io.fairlead.proxy;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The field {@code traceparent} of W3C Trace Context, level 1, section 3.2. */
final class TraceParent {

    /** Version, trace, parent, flags; a version after 00 may have more behind them. */
    private static final Pattern FORM =
            Pattern.compile("(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?");

    private TraceParent() {}

    /** The id of the trace, 32 hexadecimal digits; null when the field is missing or not valid. */
    static @Nullable String traceId(@Nullable String field) {
        if (field == null) {
            return null;
        }
        Matcher parts = FORM.matcher(field.trim());
        boolean valid = parts.matches() && !(parts.group(1).equals("00") && parts.group(3) != null);
        return valid ? parts.group(2) : null;
    }
}
