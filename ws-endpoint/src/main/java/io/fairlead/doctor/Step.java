package io.fairlead.doctor;

import java.util.Map;

/**
 * One thing that the client has tried, and how it went.
 *
 * @param values what the client saw, by names that {@link Verdict} knows; short
 */
public record Step(Result result, Map<String, String> values) {

    /** How it went. */
    public enum Result {
        OK,
        /** It ended otherwise than it should. */
        FAILED,
        /** It came, but only when all was over. */
        LATE,
        /** Nothing came, for so long that it was given up. */
        SILENT,
        /** The client's own machine would not even try. */
        BLOCKED,
        /** Not tried, since an earlier one went wrong or nobody wanted it. */
        SKIPPED
    }

    static final Step SKIPPED = new Step(Result.SKIPPED, Map.of());

    boolean isOk() {
        return result == Result.OK;
    }

    /** Tried, and not well. */
    boolean isBad() {
        return result == Result.FAILED || result == Result.SILENT;
    }

    String value(String name) {
        return values.getOrDefault(name, "");
    }

    /** 0 if there is none, or no number. */
    long number(String name) {
        String value = value(name);
        return value.matches("\\d{1,15}") ? Long.parseLong(value) : 0;
    }
}
