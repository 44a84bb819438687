package io.fairlead.relay;

/**
 * Text in parts that may end within a surrogate pair, as a server may cut them. The first half of one waits for the next part.
 *
 * <p>One thread at a time.
 */
final class SurrogateParts {

    private String rest = "";

    /** {@code part} and what waited before it, up to the end of a character. */
    String join(String part, boolean last) {
        String all = rest.isEmpty() ? part : rest + part;
        if (!last && !all.isEmpty() && Character.isHighSurrogate(all.charAt(all.length() - 1))) {
            rest = all.substring(all.length() - 1);
            return all.substring(0, all.length() - 1);
        }
        rest = "";
        return all;
    }
}
