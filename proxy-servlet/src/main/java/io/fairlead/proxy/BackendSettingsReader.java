package io.fairlead.proxy;

import io.fairlead.proxy.BackendSettings.CheckKind;
import io.fairlead.proxy.BackendSettings.HealthCheck;
import io.fairlead.proxy.BackendSettings.NamedTarget;
import io.fairlead.proxy.BackendSettings.SameSite;
import io.fairlead.proxy.BackendSettings.Secure;
import io.fairlead.proxy.BackendSettings.Sticky;
import io.fairlead.proxy.backend.BackendSources;
import io.fairlead.proxy.backend.Balance;
import io.fairlead.proxy.backend.HealthRules;
import io.fairlead.proxy.backend.Stickiness.Rule;
import io.fairlead.proxy.backend.Stickiness.Source;
import io.fairlead.proxy.backend.Target;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads the settings that say which backends a route has, and which of them gets a request. */
final class BackendSettingsReader {

    /** The names of all of them. */
    static final Set<String> NAMES = Set.of(
            "proxyTo",
            "balance",
            "sticky",
            "stickyCookieName",
            "stickyCookiePath",
            "stickyCookieSecure",
            "stickyCookieHttpOnly",
            "stickyCookieSameSite",
            "stickySessions",
            "stickyTimeout",
            "maxFails",
            "failTimeout",
            "slowStart",
            "healthCheck",
            "healthCheckPath",
            "healthCheckInterval",
            "healthCheckTimeout",
            "healthCheckRise",
            "healthCheckFall",
            "retries",
            "retryBudget",
            "retryBuffer",
            "maxQueue",
            "queueTimeout",
            "resolveInterval");

    private static final Pattern URL = Pattern.compile("(?:([a-z][a-z0-9]*)\\+)?(\\S+)");
    private static final Pattern WEIGHT = Pattern.compile("weight=([1-9]\\d{0,2}|1000)");
    private static final Pattern RULE = Pattern.compile("([a-z]+)(?:\\(([!#$%&'*+.^_`|~0-9A-Za-z-]+)\\))?");
    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern PATH = Pattern.compile("/[\\x21-\\x7e&&[^#;,]]*");
    private static final int MOST = 1_000_000;

    private final SettingReader read;
    private final List<Target> targets = new ArrayList<>();
    private final List<NamedTarget> names = new ArrayList<>();
    private final Set<String> addresses = new HashSet<>();
    private @Nullable String scheme;
    private @Nullable String path;

    BackendSettingsReader(SettingReader read) {
        this.read = read;
    }

    /** Null if no backend could be read; what is wrong is in the reader's faults. */
    @Nullable
    BackendSettings settings() {
        proxyTo();
        CheckKind check = read.choice("healthCheck", CheckKind.OFF, CheckKind.values());
        HealthRules health = new HealthRules(
                read.number("maxFails", "3", 0, MOST),
                read.duration("failTimeout", "10s", false),
                check != CheckKind.OFF,
                read.number("healthCheckRise", "2", 1, 1000),
                read.number("healthCheckFall", "3", 1, 1000),
                read.duration("slowStart", "10s", true));
        String checkPath = read.text("healthCheckPath", PATH, "a path on the backend, as /health");
        HealthCheck healthCheck = new HealthCheck(
                check,
                checkPath == null ? "/" : checkPath,
                read.duration("healthCheckInterval", "5s", false),
                read.duration("healthCheckTimeout", "2s", false));
        if (check != CheckKind.OFF && healthCheck.timeout().compareTo(healthCheck.interval()) > 0) {
            read.fault("healthCheckTimeout", "must not be longer than healthCheckInterval");
        }
        if (scheme == null || path == null) {
            return null;
        }
        return new BackendSettings(
                scheme,
                path,
                List.copyOf(targets),
                List.copyOf(names),
                read.duration("resolveInterval", "10s", false),
                read.choice("balance", Balance.ROUNDROBIN, Balance.values()),
                health,
                healthCheck,
                sticky(),
                read.number("maxQueue", "1024", 0, MOST),
                read.duration("queueTimeout", "5s", false),
                read.number("retries", "2", 0, 100),
                read.number("retryBudget", "20", 0, 100),
                read.size("retryBuffer", "64KB", 0));
    }

    // ---- proxyTo

    private void proxyTo() {
        String value = read.value("proxyTo");
        if (value == null || value.isBlank()) {
            read.fault("proxyTo", "is required: the backend's URL, as http://localhost:3000");
            return;
        }
        for (String entry : value.split("[,\\n]", -1)) {
            if (!entry.isBlank()) {
                backend(entry.trim());
            }
        }
    }

    private void backend(String entry) {
        String[] words = entry.split("\\s+");
        Matcher first = URL.matcher(words[0]);
        URI url = first.matches() ? url(first.group(2)) : null;
        if (url == null) {
            return;
        }
        int weight = 1;
        boolean backup = false;
        for (int i = 1; i < words.length; i++) {
            Matcher matcher = WEIGHT.matcher(words[i]);
            if (words[i].equals("backup")) {
                backup = true;
            } else if (matcher.matches()) {
                weight = Integer.parseInt(matcher.group(1));
            } else {
                read.fault(
                        "proxyTo",
                        "has '" + Answers.clean(words[i]) + "' behind a URL; there may be weight=1 to weight=1000, or"
                                + " backup");
            }
        }
        backend(first.group(1), url, weight, backup);
    }

    private void backend(@Nullable String source, URI uri, int weight, boolean backup) {
        if (source != null && BackendSources.find(source) == null) {
            read.fault(
                    "proxyTo",
                    "asks '" + source + "' for backends, which nobody is; there are "
                            + String.join(", ", BackendSources.schemes()));
            return;
        }
        String ownPath = uri.getRawPath();
        ownPath = ownPath.endsWith("/") ? ownPath.substring(0, ownPath.length() - 1) : ownPath;
        if (scheme == null) {
            scheme = uri.getScheme();
            path = ownPath;
        } else if (!scheme.equals(uri.getScheme()) || !ownPath.equals(path)) {
            read.fault("proxyTo", "names backends of different schemes or paths; all of a route have the same");
            return;
        }
        String host = uri.getHost();
        host = host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
        int port = uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 80;
        Target target = new Target(host, port, weight, backup);
        if (!addresses.add((source == null ? "" : source + "+") + target.address())) {
            read.fault("proxyTo", "names '" + target.address() + "' twice");
        } else if (source == null) {
            targets.add(target);
        } else {
            names.add(new NamedTarget(source, target));
        }
    }

    private @Nullable URI url(String value) {
        try {
            URI uri = new URI(value);
            String given = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            given = given.equals("ws") ? "http" : given.equals("wss") ? "https" : given;
            if (!given.equals("http") && !given.equals("https")) {
                read.fault("proxyTo", "must be a http, https, ws or wss URL, not '" + value + "'");
            } else if (uri.getHost() == null) {
                read.fault("proxyTo", "names no valid host in '" + value + "'");
            } else if (uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
                read.fault("proxyTo", "must be scheme, host, port and path only: no user, '?' or '#'");
            } else if (uri.getPort() == 0 || uri.getPort() > 65535) {
                read.fault("proxyTo", "names port " + uri.getPort() + "; ports are 1 to 65535");
            } else {
                return new URI(given + "://" + uri.getRawAuthority() + uri.getRawPath());
            }
        } catch (URISyntaxException noUrl) {
            read.fault("proxyTo", "is no URL: '" + value + "'");
        }
        return null;
    }

    // ---- sticky

    private Sticky sticky() {
        String name = read.text("stickyCookieName", TOKEN, "the name of a cookie");
        SameSite sameSite = read.choice("stickyCookieSameSite", SameSite.LAX, SameSite.values());
        Secure secure = read.choice("stickyCookieSecure", Secure.AUTO, Secure.values());
        if (sameSite == SameSite.NONE && secure == Secure.FALSE) {
            read.fault(
                    "stickyCookieSecure", "can't be false with stickyCookieSameSite=none: browsers refuse the cookie");
        }
        return new Sticky(
                chain(),
                name == null ? "FAIRLEAD" : name,
                read.text("stickyCookiePath", PATH, "a path that begins with a slash"),
                secure,
                read.flag("stickyCookieHttpOnly", true),
                sameSite,
                read.number("stickySessions", "100000", 1, 10_000_000),
                read.duration("stickyTimeout", "1h", false));
    }

    private List<Rule> chain() {
        String value = read.valueOr("sticky", "engineio, sockjs");
        List<Rule> chain = new ArrayList<>();
        if (value.equals("off")) {
            return chain;
        }
        for (String entry : value.split("[,\\n]", -1)) {
            if (!entry.isBlank()) {
                Rule rule = rule(entry.trim());
                if (rule == null) {
                    read.fault(
                            "sticky",
                            "is 'off', or a list of engineio, sockjs, cookie, cookie(NAME), header(NAME), query(NAME),"
                                    + " address; not '" + Answers.clean(entry.trim()) + "'");
                } else {
                    chain.add(rule);
                }
            }
        }
        return List.copyOf(chain);
    }

    private static @Nullable Rule rule(String entry) {
        Matcher matcher = RULE.matcher(entry);
        if (!matcher.matches()) {
            return null;
        }
        String name = matcher.group(2);
        return switch (matcher.group(1) + (name == null ? "" : "()")) {
            case "engineio" -> new Rule(Source.ENGINEIO, "");
            case "sockjs" -> new Rule(Source.SOCKJS, "");
            case "cookie" -> new Rule(Source.COOKIE, "");
            case "address" -> new Rule(Source.ADDRESS, "");
            case "cookie()" -> new Rule(Source.COOKIE_HASH, name);
            case "header()" -> new Rule(Source.HEADER, name);
            case "query()" -> new Rule(Source.QUERY, name);
            default -> null;
        };
    }
}
