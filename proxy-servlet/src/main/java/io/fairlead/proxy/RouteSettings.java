package io.fairlead.proxy;

import io.fairlead.proxy.ResponseRewrite.Rule;
import io.fairlead.proxy.ResponseRewrite.Rules;
import io.fairlead.proxy.Route.ClientSettings;
import io.fairlead.proxy.Route.LoopSettings;
import io.fairlead.proxy.Route.ProtocolErrors;
import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.Route.UpgradePolicy;
import io.fairlead.proxy.guard.LimitSettings;
import io.fairlead.proxy.server.ServerAdapters;
import io.fairlead.proxy.tls.KeyMaterial;
import io.fairlead.proxy.tls.TlsFileException;
import io.fairlead.proxy.tls.TrustMaterial;
import io.fairlead.proxy.tunnel.FrameRules;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SNIHostName;
import org.jspecify.annotations.Nullable;

/**
 * Strings to a {@link Route}. Every wrong value and every unknown name is reported, all at once.
 *
 * <p>A value is looked for among the servlet's init-params, then among the context-params as {@code fairlead.NAME}, then
 * there is a default. Durations: a bare number is milliseconds, as in Jetty; else {@code 500ms}, {@code 30s}, {@code 5m},
 * {@code 1h}. Sizes: a bare number is bytes; else {@code 16KB}, {@code 1MB}, in steps of 1024. {@code %{NAME:-default}}
 * anywhere in a value is the environment variable NAME, else the system property, else the default.
 */
final class RouteSettings {

    /** Before the names of context-params. */
    static final String CONTEXT_PREFIX = "fairlead.";

    /** Every name that is a setting. */
    static final Set<String> NAMES = Set.of(
            "proxyTo",
            "prefix",
            "preserveHost",
            "hostHeader",
            "viaHost",
            "whiteList",
            "blackList",
            "upgrade",
            "timeout",
            "idleTimeout",
            "sendTimeout",
            "connectTimeout",
            "handshakeTimeout",
            "tunnelIdleTimeout",
            "pingInterval",
            "pongTimeout",
            "closeTimeout",
            "maxTunnelAge",
            "protocolErrors",
            "maxFrameSize",
            "maxMessageSize",
            "maxMessageRate",
            "trustedProxies",
            "maxTunnels",
            "maxTunnelsPerAddress",
            "handshakeRatePerAddress",
            "maxHandshakes",
            "proxyRedirect",
            "proxyCookiePath",
            "proxyCookieDomain",
            "socketIo09HideTransports",
            "undeployDrain",
            "tunnelThreads",
            "tunnelBufferSize",
            "tunnelMemory",
            "serverAdapter",
            "maxThreads",
            "maxConnections",
            "selectors",
            "requestBufferSize",
            "responseBufferSize",
            "maxRequestHeadersSize",
            "maxResponseHeadersSize",
            "tlsVerify",
            "tlsServerName",
            "tlsTrustStore",
            "tlsTrustStorePassword",
            "tlsKeyStore",
            "tlsKey",
            "tlsKeyStorePassword");

    private static final Pattern DURATION = Pattern.compile("(\\d{1,15})\\s*(ms|s|m|h|d)?");
    private static final int MOST = 1_000_000;
    private static final double LEAST_RATE = 0.01;
    private static final Pattern RATE = Pattern.compile("\\d{1,7}(\\.\\d{1,3})?");
    private static final Pattern SIZE = Pattern.compile("(\\d{1,10})\\s*(B|KB|MB)?", Pattern.CASE_INSENSITIVE);
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._~\\-\\[\\]:]+");
    private static final Pattern TRANSPORT = Pattern.compile("[a-z][a-z0-9-]*");
    private static final Pattern HOST_AND_PORT = Pattern.compile("([a-z0-9._~\\-]+|\\[[0-9a-f:.]+]):\\d{1,5}");
    private static final Pattern PLACEHOLDER = Pattern.compile("%\\{([A-Za-z0-9_.]+)(?::-([^}]*))?}");
    private static final Pattern LOOKS_LIKE_PLACEHOLDER = Pattern.compile("%\\{");

    private final String name;
    private final Function<String, @Nullable String> initParams;
    private final Function<String, @Nullable String> contextParams;
    private final UnaryOperator<@Nullable String> environment;
    private final List<String> faults = new ArrayList<>();

    private RouteSettings(
            String name,
            Function<String, @Nullable String> initParams,
            Function<String, @Nullable String> contextParams,
            UnaryOperator<@Nullable String> environment) {
        this.name = name;
        this.initParams = initParams;
        this.contextParams = contextParams;
        this.environment = environment;
    }

    /** A route, or else what is wrong with its settings: one of the two is empty. */
    record Parsed(@Nullable Route route, List<String> faults) {}

    /**
     * @param name the servlet's name
     * @param contextPath of the web application; empty for the root
     * @param initParamNames all that are set for the servlet, known or not
     * @param contextParamNames all that are set for the web application, ours or not
     */
    static Parsed parse(
            String name,
            String contextPath,
            Collection<String> initParamNames,
            Function<String, @Nullable String> initParams,
            Collection<String> contextParamNames,
            Function<String, @Nullable String> contextParams) {
        return parse(
                name,
                contextPath,
                initParamNames,
                initParams,
                contextParamNames,
                contextParams,
                RouteSettings::fromEnvironment);
    }

    static Parsed parse(
            String name,
            String contextPath,
            Collection<String> initParamNames,
            Function<String, @Nullable String> initParams,
            Collection<String> contextParamNames,
            Function<String, @Nullable String> contextParams,
            UnaryOperator<@Nullable String> environment) {
        RouteSettings settings = new RouteSettings(name, initParams, contextParams, environment);
        settings.rejectUnknown(initParamNames);
        settings.rejectUnknownContextParams(contextParamNames);
        Route route = settings.route(contextPath);
        return settings.faults.isEmpty()
                ? new Parsed(route, List.of())
                : new Parsed(null, List.copyOf(settings.faults));
    }

    private static @Nullable String fromEnvironment(@Nullable String variable) {
        if (variable == null) {
            return null;
        }
        String value = System.getenv(variable);
        return value != null ? value : System.getProperty(variable);
    }

    private void rejectUnknown(Collection<String> names) {
        for (String unknown : new TreeSet<>(names)) {
            // A name with a dot is a subclass's own.
            if (!NAMES.contains(unknown) && unknown.indexOf('.') < 0) {
                String near = nearest(unknown);
                fault(unknown, "is no setting" + (near == null ? "" : "; did you mean '" + near + "'?"));
            }
        }
    }

    private void rejectUnknownContextParams(Collection<String> names) {
        for (String name : new TreeSet<>(names)) {
            if (name.startsWith(CONTEXT_PREFIX) && !NAMES.contains(name.substring(CONTEXT_PREFIX.length()))) {
                String near = nearest(name.substring(CONTEXT_PREFIX.length()));
                faults.add("context-param '" + name + "' is no setting"
                        + (near == null ? "" : "; did you mean '" + CONTEXT_PREFIX + near + "'?"));
            }
        }
    }

    private static @Nullable String nearest(String unknown) {
        String best = null;
        int bestDistance = 4;
        for (String known : new TreeSet<>(NAMES)) {
            int distance = distance(unknown.toLowerCase(Locale.ROOT), known.toLowerCase(Locale.ROOT));
            if (distance < bestDistance) {
                bestDistance = distance;
                best = known;
            }
        }
        return best;
    }

    /** Levenshtein's. */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j < row.length; j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j < row.length; j++) {
                int above = row[j];
                int changed = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                row[j] = Math.min(changed, Math.min(above, row[j - 1]) + 1);
                diagonal = above;
            }
        }
        return row[b.length()];
    }

    private @Nullable Route route(String contextPath) {
        URI proxyTo = proxyTo();
        String prefix = contextPath + prefix();
        Duration idleTimeout = duration("idleTimeout", "30s", true);
        ClientSettings client = new ClientSettings(
                number("maxThreads", "64", 8, 10_000),
                number("maxConnections", "256", 1, 1_000_000),
                number("selectors", "1", 1, 1_000),
                duration("connectTimeout", "5s", false),
                idleTimeout,
                size("requestBufferSize", "4KB", 1024),
                size("responseBufferSize", "16KB", 1024),
                size("maxRequestHeadersSize", "32KB", 1024),
                size("maxResponseHeadersSize", "32KB", 1024),
                tls(proxyTo));
        LoopSettings loops = new LoopSettings(
                number("tunnelThreads", Integer.toString(defaultLoops()), 1, 1_000),
                size("tunnelBufferSize", "64KB", 32 * 1024),
                tunnelMemory());
        boolean preserveHost = flag("preserveHost", true);
        UpgradePolicy upgrade = choice("upgrade", UpgradePolicy.WEBSOCKET, UpgradePolicy.values());
        Duration timeout = duration("timeout", "60s", true);
        Duration sendTimeout = duration("sendTimeout", "60s", true);
        Duration handshakeTimeout = duration("handshakeTimeout", "10s", false);
        Duration tunnelIdleTimeout =
                value("tunnelIdleTimeout") == null ? null : duration("tunnelIdleTimeout", "", true);
        Duration pingInterval = duration("pingInterval", "20s", true);
        Duration pongTimeout = duration("pongTimeout", "20s", false);
        Duration closeTimeout = duration("closeTimeout", "5s", false);
        Duration maxTunnelAge = duration("maxTunnelAge", "0", true);
        FrameRules frameRules = new FrameRules(
                choice("protocolErrors", ProtocolErrors.PASS, ProtocolErrors.values()) == ProtocolErrors.CLOSE,
                size("maxFrameSize", "0", 0),
                size("maxMessageSize", "0", 0),
                number("maxMessageRate", "0", 0, 1_000_000));
        Duration undeployDrain = duration("undeployDrain", "5s", true);
        ServerAdapters.Choice adapter =
                choice("serverAdapter", ServerAdapters.Choice.AUTO, ServerAdapters.Choice.values());
        String hostHeader = text("hostHeader", HOST, "a host, or host:port");
        String viaHost = text("viaHost", HOST, "a name without spaces");
        TrustedProxies trusted = trustedProxies();
        LimitSettings limits = new LimitSettings(
                number("maxTunnels", "10000", 0, MOST),
                number("maxTunnelsPerAddress", "0", 0, MOST),
                rate("handshakeRatePerAddress"),
                number("maxHandshakes", "1024", 0, MOST));
        Rules redirects = rules("proxyRedirect");
        Rules cookiePaths = rules("proxyCookiePath");
        Rules cookieDomains = rules("proxyCookieDomain");
        Set<String> hiddenTransports = transports("socketIo09HideTransports");
        List<String> whiteList = hosts("whiteList");
        List<String> blackList = hosts("blackList");
        if (proxyTo == null) {
            return null;
        }
        String backend = hostAndPort(proxyTo);
        if (!whiteList.isEmpty() && !whiteList.contains(backend)) {
            fault("proxyTo", "is '" + backend + "', which is not in the whiteList");
        }
        if (blackList.contains(backend)) {
            fault("proxyTo", "is '" + backend + "', which is in the blackList");
        }
        String path = proxyTo.getRawPath();
        String targetPath = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        return new Route(
                name,
                URI.create(proxyTo.getScheme() + "://" + proxyTo.getRawAuthority()),
                targetPath,
                prefix,
                preserveHost,
                hostHeader,
                viaHost,
                upgrade,
                timeout,
                idleTimeout,
                sendTimeout,
                handshakeTimeout,
                tunnelIdleTimeout,
                pingInterval,
                pongTimeout,
                closeTimeout,
                maxTunnelAge,
                frameRules,
                undeployDrain,
                trusted,
                limits,
                new ResponseRewrite(
                        prefix, targetPath, proxyTo.getRawAuthority(), redirects, cookiePaths, cookieDomains),
                hiddenTransports,
                adapter,
                client,
                loops);
    }

    static String hostAndPort(URI url) {
        int port = url.getPort() >= 0 ? url.getPort() : url.getScheme().equals("https") ? 443 : 80;
        return url.getHost().toLowerCase(Locale.ROOT) + ":" + port;
    }

    /** Null for a backend without TLS: then only context-params may speak of it, which are for all routes. */
    private @Nullable TlsSettings tls(@Nullable URI proxyTo) {
        if (proxyTo != null && proxyTo.getScheme().equals("http")) {
            for (String setting : new TreeSet<>(NAMES)) {
                if (setting.startsWith("tls") && initParams.apply(setting) != null) {
                    fault(setting, "has no effect, since 'proxyTo' is not https or wss; take one of them away");
                }
            }
            return null;
        }
        int faultsBefore = faults.size();
        boolean verify = flag("tlsVerify", true);
        TlsSettings settings = new TlsSettings(
                verify,
                serverName(),
                file("tlsTrustStore"),
                value("tlsTrustStorePassword"),
                file("tlsKeyStore"),
                file("tlsKey"),
                value("tlsKeyStorePassword"));
        if (!verify && settings.trustStore() != null) {
            fault("tlsTrustStore", "has no effect with tlsVerify=false; take one of them away");
        }
        needs("tlsTrustStorePassword", settings.trustStorePassword(), "tlsTrustStore", settings.trustStore());
        needs("tlsKey", settings.key(), "tlsKeyStore", settings.keyStore());
        needs("tlsKeyStorePassword", settings.keyStorePassword(), "tlsKeyStore", settings.keyStore());
        if (faults.size() == faultsBefore) {
            readFiles(settings);
        }
        return settings;
    }

    private void needs(String setting, @Nullable Object value, String other, @Nullable Object otherValue) {
        if (value != null && otherValue == null) {
            fault(setting, "has no effect without '" + other + "'");
        }
    }

    private void readFiles(TlsSettings settings) {
        Path trustStore = settings.trustStore();
        if (trustStore != null) {
            try {
                TrustMaterial.of(trustStore, settings.trustStorePassword());
            } catch (TlsFileException unfit) {
                fault("tlsTrustStore", "does not fit: " + unfit.getMessage());
            }
        }
        Path keyStore = settings.keyStore();
        if (keyStore != null) {
            try {
                KeyMaterial.of(keyStore, settings.key(), settings.keyStorePassword());
            } catch (TlsFileException unfit) {
                fault("tlsKeyStore", "does not fit: " + unfit.getMessage());
            }
        }
    }

    private @Nullable Path file(String setting) {
        String value = value(setting);
        if (value == null) {
            return null;
        }
        try {
            if (!value.isBlank()) {
                return Path.of(value.trim()).toAbsolutePath();
            }
        } catch (InvalidPathException noPath) {
            // Reported with the blank one below.
        }
        fault(setting, "is a file, not '" + Answers.clean(value) + "'");
        return null;
    }

    private @Nullable String serverName() {
        String value = value("tlsServerName");
        if (value == null) {
            return null;
        }
        String host = value.startsWith("[") && value.endsWith("]") ? value.substring(1, value.length() - 1) : value;
        try {
            return BackendTls.isAddress(host) ? host : new SNIHostName(host).getAsciiName();
        } catch (IllegalArgumentException noName) {
            fault(
                    "tlsServerName",
                    "is the name of a host, without a port, or an IP address; not '" + Answers.clean(value) + "'");
            return null;
        }
    }

    private Set<String> transports(String setting) {
        Set<String> transports = new LinkedHashSet<>();
        for (String entry : valueOr(setting, "").split(",", -1)) {
            String transport = entry.trim();
            if (TRANSPORT.matcher(transport).matches()) {
                transports.add(transport);
            } else if (!transport.isEmpty()) {
                fault(
                        setting,
                        "is a list of Socket.IO's transports, as websocket,htmlfile, not '" + Answers.clean(transport)
                                + "'");
            }
        }
        return transports;
    }

    private List<String> hosts(String setting) {
        List<String> hosts = new ArrayList<>();
        for (String entry : valueOr(setting, "").split(",", -1)) {
            String host = entry.trim().toLowerCase(Locale.ROOT);
            if (host.isEmpty()) {
                continue;
            }
            if (!HOST_AND_PORT.matcher(host).matches()) {
                fault(setting, "is a list of host:port, with commas between, not '" + entry.trim() + "'");
            }
            hosts.add(host);
        }
        return hosts;
    }

    private TrustedProxies trustedProxies() {
        List<String> networks = Arrays.stream(valueOr("trustedProxies", "").split("[,\\s]+"))
                .filter(entry -> !entry.isEmpty())
                .toList();
        try {
            return TrustedProxies.of(networks);
        } catch (IllegalArgumentException wrong) {
            fault(
                    "trustedProxies",
                    "is a list of addresses and networks, as 10.0.0.0/8, ::1, not '" + wrong.getMessage() + "'");
            return TrustedProxies.NONE;
        }
    }

    /** {@code default}, {@code off}, or pairs: what is, and what it becomes. */
    private Rules rules(String setting) {
        String value = valueOr(setting, "default");
        if (value.equals("default")) {
            return Rules.AUTOMATIC;
        }
        if (value.equals("off")) {
            return Rules.OFF;
        }
        List<Rule> rules = new ArrayList<>();
        for (String pair : value.split("[,\\n]", -1)) {
            String[] sides = pair.trim().split("\\s+", -1);
            if (sides.length == 2) {
                rules.add(new Rule(sides[0], sides[1]));
            } else if (!pair.isBlank()) {
                fault(
                        setting,
                        "is 'default', 'off', or pairs 'from to' with commas between, not '"
                                + Answers.clean(pair.trim()) + "'");
            }
        }
        return new Rules(false, List.copyOf(rules));
    }

    private @Nullable String text(String setting, Pattern form, String description) {
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

    private long tunnelMemory() {
        long quarterOfTheHeap = Runtime.getRuntime().maxMemory() / 4;
        return value("tunnelMemory") == null ? quarterOfTheHeap : size("tunnelMemory", "", 1024 * 1024);
    }

    private static int defaultLoops() {
        return Math.min(8, Runtime.getRuntime().availableProcessors());
    }

    private @Nullable URI proxyTo() {
        String value = value("proxyTo");
        if (value == null || value.isBlank()) {
            fault("proxyTo", "is required: the backend's URL, as http://localhost:3000");
            return null;
        }
        if (value.indexOf(',') >= 0) {
            fault("proxyTo", "names several backends in '" + value + "'; this version takes one");
            return null;
        }
        try {
            URI uri = new URI(value.trim());
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            scheme = scheme.equals("ws") ? "http" : scheme.equals("wss") ? "https" : scheme;
            if (!scheme.equals("http") && !scheme.equals("https")) {
                fault("proxyTo", "must be a http, https, ws or wss URL, not '" + value + "'");
            } else if (uri.getHost() == null) {
                fault("proxyTo", "names no valid host in '" + value + "'");
            } else if (uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
                fault("proxyTo", "must be scheme, host, port and path only: no user, '?' or '#'");
            } else if (uri.getPort() == 0 || uri.getPort() > 65535) {
                fault("proxyTo", "names port " + uri.getPort() + "; ports are 1 to 65535");
            } else {
                return new URI(scheme + "://" + uri.getRawAuthority() + uri.getRawPath());
            }
        } catch (URISyntaxException noUrl) {
            fault("proxyTo", "is no URL: '" + value + "'");
        }
        return null;
    }

    private String prefix() {
        String value = value("prefix");
        if (value == null || value.isEmpty() || value.equals("/")) {
            return "";
        }
        if (!value.startsWith("/")) {
            fault("prefix", "must start with '/', not '" + value + "'");
        }
        return value.endsWith("/") ? value.substring(0, value.length() - 1) : value;
    }

    private @Nullable String value(String setting) {
        String value = initParams.apply(setting);
        if (value == null) {
            value = contextParams.apply(CONTEXT_PREFIX + setting);
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

    private String valueOr(String setting, String fallback) {
        String value = value(setting);
        return value == null || value.isBlank() ? fallback : value.trim();
    }

    private boolean flag(String setting, boolean fallback) {
        String value = valueOr(setting, Boolean.toString(fallback)).toLowerCase(Locale.ROOT);
        if (!value.equals("true") && !value.equals("false")) {
            fault(setting, "is 'true' or 'false', not '" + value + "'");
        }
        return value.equals("true");
    }

    private <E extends Enum<E>> E choice(String setting, E fallback, E[] values) {
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

    private int number(String setting, String fallback, int least, int most) {
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
    private double rate(String setting) {
        String value = valueOr(setting, "0");
        double rate = RATE.matcher(value).matches() ? Double.parseDouble(value) : -1;
        if (rate == 0 || (rate >= LEAST_RATE && rate <= MOST)) {
            return rate;
        }
        fault(
                setting,
                "is a number a second from " + LEAST_RATE + " to " + MOST + ", or 0 for no limit, not '"
                        + Answers.clean(value) + "'");
        return 0;
    }

    private int size(String setting, String fallback, int least) {
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

    private Duration duration(String setting, String fallback, boolean zeroIsNone) {
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

    private void fault(String setting, String what) {
        faults.add("servlet '" + name + "': '" + setting + "' " + what);
    }
}
