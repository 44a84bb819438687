package io.fairlead.proxy;

import io.fairlead.proxy.BackendSettings.NamedTarget;
import io.fairlead.proxy.ResponseRewrite.Rule;
import io.fairlead.proxy.ResponseRewrite.Rules;
import io.fairlead.proxy.Route.ClientSettings;
import io.fairlead.proxy.Route.LoopSettings;
import io.fairlead.proxy.Route.Mode;
import io.fairlead.proxy.Route.ProtocolErrors;
import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.Route.UpgradePolicy;
import io.fairlead.proxy.backend.Target;
import io.fairlead.proxy.guard.LimitSettings;
import io.fairlead.proxy.relay.Relay;
import io.fairlead.proxy.relay.RelayProvider;
import io.fairlead.proxy.relay.RelaySettings;
import io.fairlead.proxy.server.ServerAdapters;
import io.fairlead.proxy.tls.KeyMaterial;
import io.fairlead.proxy.tls.TlsFileException;
import io.fairlead.proxy.tls.TrustMaterial;
import io.fairlead.proxy.tunnel.FrameRules;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

    /** Those of the doctor, which looks at them itself. */
    private static final String DOCTOR_PREFIX = CONTEXT_PREFIX + "doctor.";

    /** Those that are read here; the others are in {@link BackendSettingsReader#NAMES}. */
    private static final Set<String> NAMES = Set.of(
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
            "mode",
            "filters",
            "relayBuffer",
            "relayThreads",
            "relayDeflate",
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

    private static final List<String> RELAY_ONLY = List.of("filters", "relayBuffer", "relayThreads", "relayDeflate");

    private static final int MOST = 1_000_000;
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._~\\-\\[\\]:]+");
    private static final Pattern TRANSPORT = Pattern.compile("[a-z][a-z0-9-]*");
    private static final Pattern HOST_AND_PORT = Pattern.compile("([a-z0-9._~\\-]+|\\[[0-9a-f:.]+]):\\d{1,5}");

    private final String name;
    private final SettingReader read;

    private RouteSettings(
            String name,
            Function<String, @Nullable String> initParams,
            Function<String, @Nullable String> contextParams,
            UnaryOperator<@Nullable String> environment) {
        this.name = name;
        this.read = new SettingReader(name, initParams, contextParams, environment);
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
        Route route = settings.route(contextPath, initParamNames);
        return settings.read.faults().isEmpty()
                ? new Parsed(route, List.of())
                : new Parsed(null, List.copyOf(settings.read.faults()));
    }

    /** Every name that is a setting. */
    static Set<String> settings() {
        Set<String> all = new HashSet<>(NAMES);
        all.addAll(BackendSettingsReader.NAMES);
        return all;
    }

    private static boolean isSetting(String name) {
        return NAMES.contains(name) || BackendSettingsReader.NAMES.contains(name);
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
            if (!isSetting(unknown) && unknown.indexOf('.') < 0) {
                String near = nearest(unknown);
                read.fault(unknown, "is no setting" + (near == null ? "" : "; did you mean '" + near + "'?"));
            }
        }
    }

    private void rejectUnknownContextParams(Collection<String> names) {
        for (String name : new TreeSet<>(names)) {
            if (name.startsWith(CONTEXT_PREFIX)
                    && !name.startsWith(DOCTOR_PREFIX)
                    && !isSetting(name.substring(CONTEXT_PREFIX.length()))) {
                String near = nearest(name.substring(CONTEXT_PREFIX.length()));
                read.faults()
                        .add("context-param '" + name + "' is no setting"
                                + (near == null ? "" : "; did you mean '" + CONTEXT_PREFIX + near + "'?"));
            }
        }
    }

    private static @Nullable String nearest(String unknown) {
        String best = null;
        int bestDistance = 4;
        for (String known : new TreeSet<>(settings())) {
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

    private @Nullable Route route(String contextPath, Collection<String> initParamNames) {
        BackendSettings backends = new BackendSettingsReader(read).settings();
        String prefix = contextPath + prefix();
        Duration idleTimeout = read.duration("idleTimeout", "30s", true);
        ClientSettings client = new ClientSettings(
                read.number("maxThreads", "64", 8, 10_000),
                read.number("maxConnections", "256", 1, 1_000_000),
                read.number("selectors", Integer.toString(defaultSelectors()), 1, 1_000),
                read.duration("connectTimeout", "5s", false),
                idleTimeout,
                read.size("requestBufferSize", "4KB", 1024),
                read.size("responseBufferSize", "16KB", 1024),
                read.size("maxRequestHeadersSize", "32KB", 1024),
                read.size("maxResponseHeadersSize", "32KB", 1024),
                tls(backends));
        LoopSettings loops = new LoopSettings(
                read.number("tunnelThreads", Integer.toString(defaultLoops()), 1, 1_000),
                read.size("tunnelBufferSize", "72KB", 32 * 1024),
                tunnelMemory());
        boolean preserveHost = read.flag("preserveHost", true);
        UpgradePolicy upgrade = read.choice("upgrade", UpgradePolicy.WEBSOCKET, UpgradePolicy.values());
        Duration timeout = read.duration("timeout", "60s", true);
        Duration sendTimeout = read.duration("sendTimeout", "60s", true);
        Duration handshakeTimeout = read.duration("handshakeTimeout", "10s", false);
        Duration tunnelIdleTimeout =
                read.value("tunnelIdleTimeout") == null ? null : read.duration("tunnelIdleTimeout", "", true);
        Duration pingInterval = read.duration("pingInterval", "20s", true);
        Duration pongTimeout = read.duration("pongTimeout", "20s", false);
        Duration closeTimeout = read.duration("closeTimeout", "5s", false);
        Duration maxTunnelAge = read.duration("maxTunnelAge", "0", true);
        FrameRules frameRules = new FrameRules(
                read.choice("protocolErrors", ProtocolErrors.PASS, ProtocolErrors.values()) == ProtocolErrors.CLOSE,
                read.size("maxFrameSize", "0", 0),
                read.size("maxMessageSize", "0", 0),
                read.number("maxMessageRate", "0", 0, 1_000_000));
        Duration undeployDrain = read.duration("undeployDrain", "5s", true);
        ServerAdapters.Choice adapter =
                read.choice("serverAdapter", ServerAdapters.Choice.AUTO, ServerAdapters.Choice.values());
        String hostHeader = read.text("hostHeader", HOST, "a host, or host:port");
        String viaHost = read.text("viaHost", HOST, "a name without spaces");
        TrustedProxies trusted = trustedProxies();
        LimitSettings limits = new LimitSettings(
                read.number("maxTunnels", "10000", 0, MOST),
                read.number("maxTunnelsPerAddress", "0", 0, MOST),
                read.rate("handshakeRatePerAddress"),
                read.number("maxHandshakes", "1024", 0, MOST));
        Rules redirects = rules("proxyRedirect");
        Rules cookiePaths = rules("proxyCookiePath");
        Rules cookieDomains = rules("proxyCookieDomain");
        Set<String> hiddenTransports = transports("socketIo09HideTransports");
        List<String> whiteList = hosts("whiteList");
        List<String> blackList = hosts("blackList");
        RelaySettings relay = relay(initParamNames, upgrade, closeTimeout);
        if (backends == null) {
            return null;
        }
        checkAllowed(backends, whiteList, blackList);
        return new Route(
                name,
                backends,
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
                        prefix, backends.path(), authorities(backends), redirects, cookiePaths, cookieDomains),
                hiddenTransports,
                adapter,
                client,
                loops,
                relay);
    }

    /** Null for a route of bytes. */
    private @Nullable RelaySettings relay(
            Collection<String> initParamNames, UpgradePolicy upgrade, Duration closeTimeout) {
        if (read.choice("mode", Mode.TUNNEL, Mode.values()) == Mode.TUNNEL) {
            for (String setting : RELAY_ONLY) {
                if (read.isInitParam(setting)) {
                    read.fault(setting, "has no effect without mode=relay; add that, or take it away");
                }
            }
            return null;
        }
        if (upgrade != UpgradePolicy.WEBSOCKET) {
            read.fault("mode", "is 'relay', which carries WebSocket only; leave 'upgrade' out");
        }
        Map<String, String> more = new TreeMap<>();
        for (String setting : new TreeSet<>(initParamNames)) {
            String value = setting.indexOf('.') < 0 ? null : read.value(setting);
            if (value != null) {
                more.put(setting, value);
            }
        }
        RelaySettings settings = new RelaySettings(
                name,
                Stream.of(read.valueOr("filters", "").split(",", -1))
                        .map(String::trim)
                        .filter(filter -> !filter.isEmpty())
                        .toList(),
                read.size("relayBuffer", "256KB", 64 * 1024),
                read.number("relayThreads", "64", 1, 10_000),
                read.flag("relayDeflate", true),
                closeTimeout,
                more);
        RelayProvider provider = RelayProvider.find().orElse(null);
        if (provider == null) {
            read.fault("mode", "is 'relay', which needs fairlead-ws-endpoint on the class path; add it");
            return null;
        }
        Relay checked = provider.open(settings, null, fault -> read.faults().add("servlet '" + name + "': " + fault));
        if (checked != null) {
            checked.close();
        }
        return settings;
    }

    private void checkAllowed(BackendSettings backends, List<String> whiteList, List<String> blackList) {
        for (String backend : authorities(backends)) {
            if (!whiteList.isEmpty() && !whiteList.contains(backend)) {
                read.fault("proxyTo", "is '" + backend + "', which is not in the whiteList");
            }
            if (blackList.contains(backend)) {
                read.fault("proxyTo", "is '" + backend + "', which is in the blackList");
            }
        }
    }

    private static List<String> authorities(BackendSettings backends) {
        return Stream.concat(
                        backends.targets().stream(), backends.names().stream().map(NamedTarget::target))
                .map(Target::address)
                .toList();
    }

    /** Null for a backend without TLS: then only context-params may speak of it, which are for all routes. */
    private @Nullable TlsSettings tls(@Nullable BackendSettings backends) {
        if (backends != null && backends.scheme().equals("http")) {
            for (String setting : new TreeSet<>(NAMES)) {
                if (setting.startsWith("tls") && read.isInitParam(setting)) {
                    read.fault(setting, "has no effect, since 'proxyTo' is not https or wss; take one of them away");
                }
            }
            return null;
        }
        int faultsBefore = read.faults().size();
        boolean verify = read.flag("tlsVerify", true);
        TlsSettings settings = new TlsSettings(
                verify,
                serverName(backends),
                file("tlsTrustStore"),
                read.value("tlsTrustStorePassword"),
                file("tlsKeyStore"),
                file("tlsKey"),
                read.value("tlsKeyStorePassword"));
        if (!verify && settings.trustStore() != null) {
            read.fault("tlsTrustStore", "has no effect with tlsVerify=false; take one of them away");
        }
        needs("tlsTrustStorePassword", settings.trustStorePassword(), "tlsTrustStore", settings.trustStore());
        needs("tlsKey", settings.key(), "tlsKeyStore", settings.keyStore());
        needs("tlsKeyStorePassword", settings.keyStorePassword(), "tlsKeyStore", settings.keyStore());
        if (read.faults().size() == faultsBefore) {
            readFiles(settings);
        }
        return settings;
    }

    private void needs(String setting, @Nullable Object value, String other, @Nullable Object otherValue) {
        if (value != null && otherValue == null) {
            read.fault(setting, "has no effect without '" + other + "'");
        }
    }

    private void readFiles(TlsSettings settings) {
        Path trustStore = settings.trustStore();
        if (trustStore != null) {
            try {
                TrustMaterial.of(trustStore, settings.trustStorePassword());
            } catch (TlsFileException unfit) {
                read.fault("tlsTrustStore", "does not fit: " + unfit.getMessage());
            }
        }
        Path keyStore = settings.keyStore();
        if (keyStore != null) {
            try {
                KeyMaterial.of(keyStore, settings.key(), settings.keyStorePassword());
            } catch (TlsFileException unfit) {
                read.fault("tlsKeyStore", "does not fit: " + unfit.getMessage());
            }
        }
    }

    private @Nullable Path file(String setting) {
        String value = read.value(setting);
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
        read.fault(setting, "is a file, not '" + Answers.clean(value) + "'");
        return null;
    }

    private @Nullable String serverName(@Nullable BackendSettings backends) {
        String value = read.value("tlsServerName");
        if (value == null) {
            return backends == null || backends.names().isEmpty() ? null : nameOfAll(backends);
        }
        String host = value.startsWith("[") && value.endsWith("]") ? value.substring(1, value.length() - 1) : value;
        try {
            return BackendTls.isAddress(host) ? host : new SNIHostName(host).getAsciiName();
        } catch (IllegalArgumentException noName) {
            read.fault(
                    "tlsServerName",
                    "is the name of a host, without a port, or an IP address; not '" + Answers.clean(value) + "'");
            return null;
        }
    }

    /** Backends that are found by a name are connected to by their addresses, and have certificates for the name. */
    private @Nullable String nameOfAll(BackendSettings backends) {
        String name = backends.names().get(0).target().host();
        if (backends.targets().isEmpty()
                && backends.names().stream()
                        .allMatch(other -> other.target().host().equals(name))) {
            return name;
        }
        read.fault(
                "tlsServerName",
                "is required, since 'proxyTo' names backends by several names: the one that their certificates are for");
        return null;
    }

    private Set<String> transports(String setting) {
        Set<String> transports = new LinkedHashSet<>();
        for (String entry : read.valueOr(setting, "").split(",", -1)) {
            String transport = entry.trim();
            if (TRANSPORT.matcher(transport).matches()) {
                transports.add(transport);
            } else if (!transport.isEmpty()) {
                read.fault(
                        setting,
                        "is a list of Socket.IO's transports, as websocket,htmlfile, not '" + Answers.clean(transport)
                                + "'");
            }
        }
        return transports;
    }

    private List<String> hosts(String setting) {
        List<String> hosts = new ArrayList<>();
        for (String entry : read.valueOr(setting, "").split(",", -1)) {
            String host = entry.trim().toLowerCase(Locale.ROOT);
            if (host.isEmpty()) {
                continue;
            }
            if (!HOST_AND_PORT.matcher(host).matches()) {
                read.fault(setting, "is a list of host:port, with commas between, not '" + entry.trim() + "'");
            }
            hosts.add(host);
        }
        return hosts;
    }

    private TrustedProxies trustedProxies() {
        List<String> networks = Arrays.stream(read.valueOr("trustedProxies", "").split("[,\\s]+"))
                .filter(entry -> !entry.isEmpty())
                .toList();
        try {
            return TrustedProxies.of(networks);
        } catch (IllegalArgumentException wrong) {
            read.fault(
                    "trustedProxies",
                    "is a list of addresses and networks, as 10.0.0.0/8, ::1, not '" + wrong.getMessage() + "'");
            return TrustedProxies.NONE;
        }
    }

    /** {@code default}, {@code off}, or pairs: what is, and what it becomes. */
    private Rules rules(String setting) {
        String value = read.valueOr(setting, "default");
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
                read.fault(
                        setting,
                        "is 'default', 'off', or pairs 'from to' with commas between, not '"
                                + Answers.clean(pair.trim()) + "'");
            }
        }
        return new Rules(false, List.copyOf(rules));
    }

    private long tunnelMemory() {
        long quarterOfTheHeap = Runtime.getRuntime().maxMemory() / 4;
        return read.value("tunnelMemory") == null ? quarterOfTheHeap : read.size("tunnelMemory", "", 1024 * 1024);
    }

    /** Their threads bring the answers to the clients, over TLS encrypted. As Jetty's own default. */
    private static int defaultSelectors() {
        return Math.max(1, Math.min(8, Runtime.getRuntime().availableProcessors() / 2));
    }

    private static int defaultLoops() {
        return Math.min(8, Runtime.getRuntime().availableProcessors());
    }

    private String prefix() {
        String value = read.value("prefix");
        if (value == null || value.isEmpty() || value.equals("/")) {
            return "";
        }
        if (!value.startsWith("/")) {
            read.fault("prefix", "must start with '/', not '" + value + "'");
        }
        return value.endsWith("/") ? value.substring(0, value.length() - 1) : value;
    }
}
