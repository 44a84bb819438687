package io.fairlead.launcher;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One {@code --route PATH=URL[,URL...][;setting=value...]}.
 *
 * <p>A URL without a path passes the whole path on. A URL with a path, even {@code /}, replaces PATH. No other
 * slash at the end of either changes anything, so the two cannot be combined wrongly:
 *
 * <pre>
 *   --route                     /a/foo goes to
 *   /a=http://x                 http://x/a/foo
 *   /a=http://x/                http://x/foo
 *   /a=http://x/b               http://x/b/foo
 *   /a/=http://x/b/             http://x/b/foo
 * </pre>
 *
 * <p>PATH matches whole segments: {@code /a} takes {@code /a} and {@code /a/foo}, not {@code /ab}.
 *
 * @param path begins with a slash and does not end with one, but for {@code /}, the route of all that no other takes
 * @param target where to, without a slash at the end; several with commas between
 * @param replaces whether the path of the target stands in for {@link #path}
 * @param settings init parameters of the servlet, besides those that follow from path and target
 */
record PathRoute(String path, String target, boolean replaces, Map<String, String> settings) {
    private static final String FORM = "write PATH=URL, for example /api=http://127.0.0.1:3000";
    private static final Set<String> SCHEMES = Set.of("http", "https", "ws", "wss");
    private static final Pattern PATH = Pattern.compile("(/[A-Za-z0-9\\-._~!$&'()+,:@]+)+/?|/");
    private static final Pattern DOT_SEGMENT = Pattern.compile(".*/\\.\\.?(/.*)?");
    private static final Pattern SETTING = Pattern.compile("[A-Za-z][A-Za-z0-9]*(\\.[A-Za-z][A-Za-z0-9]*)*");

    /** Backends that are found by a name. */
    private static final Pattern SOURCE = Pattern.compile("^[a-z][a-z0-9]*\\+");

    private static final String HIDDEN = "...";

    /** Misspelled ones, too. */
    private static final Pattern SECRET = Pattern.compile("[A-Za-z]*[Pp]as[A-Za-z]*");

    private static final Pattern SECRETS =
            Pattern.compile("(;" + SECRET + "=)[^;]*(?:;(?![A-Za-z][A-Za-z0-9.]*=)[^;]*)*");

    PathRoute {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /**
     * Reads one argument.
     *
     * @param faults is told each fault, as what to change
     * @return the route, or null if there was a fault
     */
    static @Nullable PathRoute parse(String argument, Consumer<String> faults) {
        int equals = argument.indexOf('=');
        if (equals < 0) {
            faults.accept(FORM);
            return null;
        }
        Faults found = new Faults(faults);
        String path = argument.substring(0, equals);
        checkPath(path, found);
        String[] parts = argument.substring(equals + 1).split(";", -1);
        List<String> targets = new ArrayList<>();
        Set<Boolean> replaces = new HashSet<>();
        for (String entry : parts[0].split("[,\\n]", -1)) {
            String[] words = entry.trim().split("\\s+", 2);
            URI target = target(words[0], found);
            if (target != null) {
                replaces.add(!target.getRawPath().isEmpty());
                targets.add(withoutSlash(words[0]) + (words.length == 1 ? "" : " " + words[1]));
            }
        }
        if (replaces.size() > 1) found.add("all URLs of a route have a path, or none has");
        Map<String, String> settings = settings(parts, found);
        if (found.any || targets.isEmpty()) return null;

        return new PathRoute(
                path.length() == 1 ? path : withoutSlash(path),
                String.join(", ", targets),
                replaces.contains(true),
                settings);
    }

    /** A route that replaces the path, without settings. */
    static PathRoute to(String path, String target) {
        return new PathRoute(path, target, true, Map.of());
    }

    /** The same with these settings. */
    PathRoute with(Map<String, String> others) {
        return new PathRoute(path, target, replaces, others);
    }

    private static void checkPath(String path, Faults faults) {
        if (!path.startsWith("/")) faults.add("PATH begins with '/'; " + FORM);
        else if (DOT_SEGMENT.matcher(path).matches()) faults.add("PATH has no segment '.' or '..'");
        else if (Set.of(Probes.LIVE, Probes.READY).contains(withoutSlash(path)))
            faults.add("PATH " + withoutSlash(path) + " is answered by Fairlead itself; choose another");
        else if (!PATH.matcher(path).matches())
            faults.add("PATH is made of letters, digits and -._~!$&'()+,:@ between single slashes; no '%', '*' or '?'");
    }

    private static @Nullable URI target(String url, Faults faults) {
        URI uri;
        try {
            uri = new URI(SOURCE.matcher(url).replaceFirst(""));
        } catch (URISyntaxException e) {
            faults.add("'" + url + "' is not a URL: " + e.getReason());
            return null;
        }
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!SCHEMES.contains(scheme) || uri.isOpaque()) {
            faults.add("the URL begins with http://, https://, ws:// or wss://, not '" + url + "'");
            return null;
        }
        if (uri.getRawUserInfo() != null) faults.add("the URL has no user or password");
        else if (uri.getHost() == null)
            faults.add("the URL names a host, of letters, digits, '-' and '.', not '" + uri.getRawAuthority() + "'");
        else if (uri.getPort() == 0 || uri.getPort() > 65535) faults.add("the port of the URL is 1 to 65535");
        if (uri.getRawQuery() != null || uri.getRawFragment() != null)
            faults.add("the URL ends with its path; no '?' or '#'");
        if (DOT_SEGMENT.matcher(uri.getRawPath()).matches() || uri.getRawPath().contains("//"))
            faults.add("the path of the URL has no segment '.' or '..' and no '//'");
        return uri;
    }

    private static Map<String, String> settings(String[] parts, Faults faults) {
        Map<String, String> settings = new LinkedHashMap<>();
        boolean secret = false;
        for (int i = 1; i < parts.length; i++) {
            int equals = parts[i].indexOf('=');
            String name = equals < 0 ? parts[i] : parts[i].substring(0, equals);
            if (equals < 0 || !SETTING.matcher(name).matches())
                faults.add("write setting=value behind ';', not '" + (secret ? HIDDEN : parts[i]) + "'");
            else if (name.equals("proxyTo") || name.equals("prefix"))
                faults.add("PATH=URL says " + name + " already; leave it out");
            else if (settings.putIfAbsent(name, parts[i].substring(equals + 1)) != null)
                faults.add("setting " + name + " is there twice");
            // What follows may be the rest of a password with a ';' in it.
            secret = SECRET.matcher(name).matches() || (secret && equals < 0);
        }
        return settings;
    }

    private static String withoutSlash(String path) {
        return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    }

    /** The servlet mapping. */
    String mapping() {
        return path.equals("/") ? "/*" : path + "/*";
    }

    /** What the servlet is told. */
    Map<String, String> initParameters() {
        Map<String, String> parameters = new LinkedHashMap<>();
        parameters.put("proxyTo", target);
        if (replaces && !path.equals("/")) parameters.put("prefix", path);
        parameters.putAll(settings);
        return parameters;
    }

    /** One line for the log of the start. */
    @Override
    public String toString() {
        String line = path + " -> " + target + (replaces ? "/ (" + path + " replaced)" : " (path kept)");
        Map<String, String> shown = new LinkedHashMap<>(settings);
        shown.replaceAll((name, value) -> SECRET.matcher(name).matches() ? HIDDEN : value);
        return shown.isEmpty() ? line : line + " " + shown;
    }

    /** An argument as it may be shown: without passwords, also where a stray ';' has cut one in two. */
    static String shown(String argument) {
        return SECRETS.matcher(argument).replaceAll("$1" + HIDDEN);
    }

    private static final class Faults {
        private final Consumer<String> sink;
        private boolean any;

        Faults(Consumer<String> sink) {
            this.sink = sink;
        }

        void add(String fault) {
            any = true;
            sink.accept(fault);
        }
    }
}
