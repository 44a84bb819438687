package io.fairlead.proxy;

import org.jspecify.annotations.Nullable;

/** Paths as raw text: never decoded, never normalised. Pure. */
final class TargetPath {

    private TargetPath() {}

    /**
     * The path and query for the backend: {@code prefix} replaced by {@code targetPath}.
     *
     * @param requestPath raw, absolute
     * @return null when {@code requestPath} does not lie below {@code prefix}
     */
    static @Nullable String rewrite(String requestPath, @Nullable String query, String prefix, String targetPath) {
        if (!requestPath.startsWith(prefix)) {
            return null;
        }
        String rest = requestPath.substring(prefix.length());
        if (!rest.isEmpty() && rest.charAt(0) != '/') {
            return null;
        }
        String path = targetPath + rest;
        if (path.isEmpty()) {
            path = "/";
        }
        return query == null ? path : path + '?' + query;
    }

    /**
     * Whether a segment means "here" or "one up" to somebody: {@code .} or {@code ..}, also with encoded dots, with path
     * parameters behind, or between encoded slashes or backslashes.
     */
    static boolean hasDotSegment(String path) {
        int dots = 0;
        boolean onlyDots = true;
        int i = 0;
        while (i <= path.length()) {
            int width = i < path.length() ? width(path, i) : 1;
            char c = i < path.length() ? charAt(path, i, width) : '/';
            if (c == '/' || c == '\\') {
                if (onlyDots && (dots == 1 || dots == 2)) {
                    return true;
                }
                dots = 0;
                onlyDots = true;
            } else if (c == ';') {
                if (onlyDots && (dots == 1 || dots == 2)) {
                    return true;
                }
                onlyDots = false;
            } else if (c == '.') {
                dots++;
            } else {
                onlyDots = false;
            }
            i += width;
        }
        return false;
    }

    private static int width(String path, int i) {
        return path.charAt(i) == '%' && i + 2 < path.length() && hex(path, i) >= 0 ? 3 : 1;
    }

    private static char charAt(String path, int i, int width) {
        return width == 3 ? (char) hex(path, i) : path.charAt(i);
    }

    private static int hex(String path, int i) {
        int high = Character.digit(path.charAt(i + 1), 16);
        int low = Character.digit(path.charAt(i + 2), 16);
        return high < 0 || low < 0 ? -1 : high * 16 + low;
    }
}
