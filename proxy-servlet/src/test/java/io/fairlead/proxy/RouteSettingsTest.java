package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.BackendSettings.CheckKind;
import io.fairlead.proxy.BackendSettings.HealthCheck;
import io.fairlead.proxy.BackendSettings.SameSite;
import io.fairlead.proxy.BackendSettings.Secure;
import io.fairlead.proxy.BackendSettings.Sticky;
import io.fairlead.proxy.ResponseRewrite.Rules;
import io.fairlead.proxy.Route.ClientSettings;
import io.fairlead.proxy.Route.LoopSettings;
import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.Route.UpgradePolicy;
import io.fairlead.proxy.RouteSettings.Parsed;
import io.fairlead.proxy.backend.Balance;
import io.fairlead.proxy.backend.HealthRules;
import io.fairlead.proxy.backend.Stickiness.Rule;
import io.fairlead.proxy.backend.Stickiness.Source;
import io.fairlead.proxy.backend.Target;
import io.fairlead.proxy.guard.LimitSettings;
import io.fairlead.proxy.server.ServerAdapters;
import io.fairlead.proxy.tunnel.FrameRules;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Identity;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RouteSettingsTest {

    private static final Map<String, String> MINIMAL = Map.of("proxyTo", "http://localhost:3000");

    private static Parsed parse(Map<String, String> initParams) {
        return parse(initParams, Map.of(), Map.of());
    }

    private static Parsed parse(
            Map<String, String> initParams, Map<String, String> contextParams, Map<String, String> environment) {
        return RouteSettings.parse(
                "chat",
                "/app",
                initParams.keySet(),
                initParams::get,
                contextParams.keySet(),
                contextParams::get,
                environment::get);
    }

    private static Route route(Map<String, String> initParams) {
        Parsed parsed = parse(initParams);
        assertThat(parsed.faults()).isEmpty();
        assertThat(parsed.route()).isNotNull();
        return parsed.route();
    }

    private static Map<String, String> with(String name, String value) {
        return Map.of("proxyTo", "http://localhost:3000", name, value);
    }

    @Test
    void everyDefaultIsTheDocumentedOne() {
        assertThat(route(MINIMAL))
                .isEqualTo(new Route(
                        "chat",
                        new BackendSettings(
                                "http",
                                "",
                                List.of(new Target("localhost", 3000, 1, false)),
                                List.of(),
                                Duration.ofSeconds(10),
                                Balance.ROUNDROBIN,
                                new HealthRules(3, Duration.ofSeconds(10), false, 2, 3, Duration.ofSeconds(10)),
                                new HealthCheck(CheckKind.OFF, "/", Duration.ofSeconds(5), Duration.ofSeconds(2)),
                                new Sticky(
                                        List.of(new Rule(Source.ENGINEIO, ""), new Rule(Source.SOCKJS, "")),
                                        "FAIRLEAD",
                                        null,
                                        Secure.AUTO,
                                        true,
                                        SameSite.LAX,
                                        100_000,
                                        Duration.ofHours(1)),
                                1024,
                                Duration.ofSeconds(5),
                                2,
                                20,
                                64 * 1024),
                        "/app",
                        true,
                        null,
                        null,
                        UpgradePolicy.WEBSOCKET,
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(60),
                        Duration.ofSeconds(10),
                        null,
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(20),
                        Duration.ofSeconds(5),
                        Duration.ZERO,
                        FrameRules.NONE,
                        Duration.ofSeconds(5),
                        TrustedProxies.NONE,
                        new LimitSettings(10_000, 0, 0, 1024),
                        new ResponseRewrite(
                                "/app",
                                "",
                                List.of("localhost:3000"),
                                Rules.AUTOMATIC,
                                Rules.AUTOMATIC,
                                Rules.AUTOMATIC),
                        Set.of(),
                        ServerAdapters.Choice.AUTO,
                        new ClientSettings(
                                64,
                                256,
                                1,
                                Duration.ofSeconds(5),
                                Duration.ofSeconds(30),
                                4 * 1024,
                                16 * 1024,
                                32 * 1024,
                                32 * 1024,
                                null),
                        new LoopSettings(
                                Math.min(8, Runtime.getRuntime().availableProcessors()),
                                72 * 1024,
                                Runtime.getRuntime().maxMemory() / 4),
                        null));
    }

    @Test
    void aRelayNeedsItsModuleAndSaysSo() {
        assertThat(parse(with("mode", "relay")).faults())
                .containsExactly(
                        "servlet 'chat': 'mode' is 'relay', which needs fairlead-ws-endpoint on the class path;"
                                + " add it");
    }

    @Test
    void whatIsOfRelaysOnlyIsAFaultOfOthers() {
        assertThat(parse(with("filters", "audit")).faults())
                .containsExactly(
                        "servlet 'chat': 'filters' has no effect without mode=relay; add that, or take it away");
        assertThat(parse(with("relayBuffer", "1MB")).faults()).hasSize(1);
        assertThat(parse(with("mode", "tunnel")).faults()).isEmpty();
        assertThat(parse(with("mode", "relais")).faults())
                .containsExactly("servlet 'chat': 'mode' is one of 'tunnel', 'relay', not 'relais'");
    }

    @Test
    void aRelayCarriesWebSocketOnly() {
        assertThat(parse(Map.of("proxyTo", "http://localhost:3000", "mode", "relay", "upgrade", "any"))
                        .faults())
                .anyMatch(fault -> fault.contains("which carries WebSocket only"));
    }

    @Test
    void everyNameIsTheDocumentedOne() {
        assertThat(RouteSettings.settings())
                .containsExactlyInAnyOrder(
                        "proxyTo",
                        "mode",
                        "filters",
                        "relayBuffer",
                        "relayThreads",
                        "relayDeflate",
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
                        "resolveInterval",
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
                        "trustedProxies",
                        "maxTunnels",
                        "maxTunnelsPerAddress",
                        "handshakeRatePerAddress",
                        "maxHandshakes",
                        "proxyRedirect",
                        "proxyCookiePath",
                        "proxyCookieDomain",
                        "socketIo09HideTransports",
                        "closeTimeout",
                        "maxTunnelAge",
                        "protocolErrors",
                        "maxFrameSize",
                        "maxMessageSize",
                        "maxMessageRate",
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
    }

    @Test
    void reportsEveryFaultAtOnce() {
        Parsed parsed = parse(Map.of(
                "proxyTo",
                "ftp://localhost",
                "timeout",
                "soon",
                "upgrade",
                "yes",
                "idelTimeout",
                "30s",
                "colour",
                "red"));
        assertThat(parsed.route()).isNull();
        assertThat(parsed.faults())
                .containsExactlyInAnyOrder(
                        "servlet 'chat': 'proxyTo' must be a http, https, ws or wss URL, not 'ftp://localhost'",
                        "servlet 'chat': 'timeout' is a duration, as 30000 (milliseconds), 500ms, 30s, 5m or 1h, not 'soon'",
                        "servlet 'chat': 'upgrade' is one of 'websocket', 'any', 'off', not 'yes'",
                        "servlet 'chat': 'idelTimeout' is no setting; did you mean 'idleTimeout'?",
                        "servlet 'chat': 'colour' is no setting");
        assertThat(RouteCheck.message(parsed.faults()))
                .startsWith("Fairlead cannot start, 5 settings are wrong:\n  servlet 'chat': ");
    }

    @Test
    void namesWithADotBelongToSubclasses() {
        assertThat(parse(with("acme.audit", "on")).faults()).isEmpty();
    }

    @Test
    void proxyToIsRequired() {
        assertThat(parse(Map.of()).faults())
                .containsExactly("servlet 'chat': 'proxyTo' is required: the backend's URL, as http://localhost:3000");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost:3000",
                "http://",
                "http:///path",
                "http://user:secret@localhost",
                "http://localhost/?q",
                "http://localhost/#f",
                "http://local host/",
                "http://localhost:0/",
                "http://localhost:70000/",
                "http://a:1,https://b:2",
                "//localhost",
            })
    void proxyToThatIsNoBackend(String url) {
        assertThat(parse(Map.of("proxyTo", url)).faults())
                .singleElement()
                .asString()
                .contains("'proxyTo'");
    }

    @ParameterizedTest
    @CsvSource({
        "http://localhost:3000,  http://localhost:3000, ''",
        "http://localhost:3000/, http://localhost:3000, ''",
        "http://localhost/a/b,   http://localhost,      /a/b",
        "http://localhost/a/b/,  http://localhost,      /a/b",
        "HTTPS://[::1]:8443/%7E, https://[::1]:8443,    /%7E",
        "ws://localhost:1/,      http://localhost:1,    ''",
        "wss://localhost/x,      https://localhost,     /x",
    })
    void proxyToIsSplitIntoTargetAndPath(String url, String target, String path) {
        Route route = route(Map.of("proxyTo", url));
        URI expected = URI.create(target);
        assertThat(route.backends().scheme()).isEqualTo(expected.getScheme());
        assertThat(route.backends().targets()).extracting(Target::address).containsExactly(hostAndPort(expected));
        assertThat(route.backends().path()).isEqualTo(path);
    }

    private static String hostAndPort(URI url) {
        int port = url.getPort() >= 0 ? url.getPort() : url.getScheme().equals("https") ? 443 : 80;
        return url.getHost() + ":" + port;
    }

    @ParameterizedTest
    @CsvSource({"/chat,/app/chat", "/chat/,/app/chat", "/,/app", "'',/app"})
    void prefixFollowsTheContextPath(String prefix, String whole) {
        assertThat(route(with("prefix", prefix)).prefix()).isEqualTo(whole);
    }

    @ParameterizedTest
    @CsvSource({"1500,PT1.5S", "500ms,PT0.5S", "30s,PT30S", "30 s,PT30S", "5m,PT5M", "2h,PT2H", "1d,PT24H", "0,PT0S"})
    void durations(String text, Duration duration) {
        assertThat(route(with("timeout", text)).timeout()).isEqualTo(duration);
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "1.5s", "30 seconds", "366d", "99999999999999999999"})
    void wrongDurations(String text) {
        assertThat(parse(with("timeout", text)).faults())
                .singleElement()
                .asString()
                .contains("'timeout'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"connectTimeout", "handshakeTimeout", "closeTimeout"})
    void aWaitThatMustBeBounded(String setting) {
        assertThat(parse(with(setting, "0")).faults())
                .containsExactly("servlet 'chat': '" + setting + "' must be more than 0: nothing would bound the wait");
    }

    @ParameterizedTest
    @CsvSource({"16384,16384", "16384B,16384", "16KB,16384", "16kb,16384", "1MB,1048576", "1 MB,1048576"})
    void sizes(String text, int bytes) {
        assertThat(route(with("requestBufferSize", text)).client().requestBufferSize())
                .isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"100", "2GB", "1.5MB", "9999999999", "many"})
    void wrongSizes(String text) {
        assertThat(parse(with("tunnelBufferSize", text)).faults()).hasSize(1);
    }

    @Test
    void aTunnelBufferHoldsATlsRecord() {
        assertThat(parse(with("tunnelBufferSize", "16KB")).faults()).hasSize(1);
        assertThat(route(with("tunnelBufferSize", "32KB")).loops().bufferSize()).isEqualTo(32 * 1024);
    }

    @ParameterizedTest
    @CsvSource({
        "whiteList, 'other:80',                  1",
        "whiteList, 'other:80, LOCALHOST:3000',  0",
        "blackList, 'other:80, localhost:3000',  1",
        "blackList, 'localhost:80',              0",
        "blackList, 'localhost',                 1",
    })
    void listsAreHeldAgainstTheBackendAtStart(String list, String value, int faults) {
        assertThat(parse(with(list, value)).faults()).hasSize(faults);
    }

    @Test
    void listsKnowTheDefaultPort() {
        assertThat(parse(Map.of("proxyTo", "https://backend/", "blackList", "backend:443"))
                        .faults())
                .containsExactly("servlet 'chat': 'proxyTo' is 'backend:443', which is in the blackList");
    }

    @Test
    void unknownContextParamsOfOursAreReported() {
        assertThat(parse(MINIMAL, Map.of("fairlead.tunelThreads", "2", "other.setting", "x"), Map.of())
                        .faults())
                .containsExactly(
                        "context-param 'fairlead.tunelThreads' is no setting; did you mean 'fairlead.tunnelThreads'?");
    }

    @ParameterizedTest
    @CsvSource({"hostHeader,'a b'", "hostHeader,' '", "viaHost,'x, y'"})
    void namesThatCannotStandInAField(String setting, String value) {
        assertThat(parse(with(setting, value)).faults()).hasSize(1);
    }

    @Test
    void aSettingCannotSmuggleAField() {
        assertThat(parse(with("hostHeader", "a\r\nX: y")).faults())
                .containsExactly("servlet 'chat': 'hostHeader' is a host, or host:port, not 'a\\u000d\\u000aX: y'");
    }

    @ParameterizedTest
    @CsvSource({"maxThreads,7", "maxThreads,-", "maxConnections,0", "selectors,x", "tunnelThreads,0"})
    void wrongNumbers(String setting, String value) {
        assertThat(parse(with(setting, value)).faults())
                .singleElement()
                .asString()
                .contains("'" + setting + "' is a number from");
    }

    @Test
    void everyLimitIsRead() {
        assertThat(route(Map.of(
                                "proxyTo",
                                "http://localhost:3000",
                                "maxTunnels",
                                "1",
                                "maxTunnelsPerAddress",
                                "2",
                                "handshakeRatePerAddress",
                                "3",
                                "maxHandshakes",
                                "4"))
                        .limits())
                .isEqualTo(new LimitSettings(1, 2, 3, 4));
    }

    @ParameterizedTest
    @ValueSource(strings = {"maxTunnels", "maxTunnelsPerAddress", "handshakeRatePerAddress", "maxHandshakes"})
    void aLimitOfZeroIsNone(String setting) {
        assertThat(parse(with(setting, "0")).faults()).isEmpty();
        assertThat(parse(with(setting, "-1")).faults())
                .singleElement()
                .asString()
                .contains("'" + setting + "' is a number");
    }

    @ParameterizedTest
    @CsvSource({"0.01,0.01", "0.5,0.5", "2.125,2.125", "1000000,1000000", "0.0,0"})
    void ratesMayHaveAFraction(String text, double rate) {
        assertThat(route(with("handshakeRatePerAddress", text)).limits().handshakeRatePerAddress())
                .isEqualTo(rate);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.009", "0.0001", "1000000.5", "NaN", "1e3", ".5", "5/s", "9999999"})
    void wrongRates(String text) {
        assertThat(parse(with("handshakeRatePerAddress", text)).faults())
                .containsExactly(
                        "servlet 'chat': 'handshakeRatePerAddress' is a number a second from 0.01 to 1000000, or 0"
                                + " for no limit, not '" + text + "'");
    }

    @Test
    void flagsAreTrueOrFalse() {
        assertThat(route(with("preserveHost", "False")).preserveHost()).isFalse();
        assertThat(parse(with("preserveHost", "no")).faults()).hasSize(1);
    }

    @Test
    void initParamBeatsContextParamBeatsDefault() {
        Map<String, String> context = Map.of("fairlead.timeout", "7s", "fairlead.idleTimeout", "8s", "timeout", "9s");
        Route route = parse(with("timeout", "6s"), context, Map.of()).route();
        assertThat(route).isNotNull();
        assertThat(route.timeout()).isEqualTo(Duration.ofSeconds(6));
        assertThat(route.idleTimeout()).isEqualTo(Duration.ofSeconds(8));
        assertThat(route.handshakeTimeout()).isEqualTo(Duration.ofSeconds(10));
    }

    @ParameterizedTest
    @CsvSource({
        "%{BACKEND},                       http://env:1",
        "%{BACKEND:-http://other:2},       http://env:1",
        "%{NONE:-http://other:2},          http://other:2",
        "http://%{HOST:-h}:%{PORT:-3},     http://h:3",
    })
    void placeholders(String text, String target) {
        Parsed parsed = parse(Map.of("proxyTo", text), Map.of(), Map.of("BACKEND", "http://env:1"));
        assertThat(parsed.faults()).isEmpty();
        assertThat(parsed.route()).isNotNull();
        assertThat(parsed.route().backends().targets())
                .extracting(Target::address)
                .containsExactly(hostAndPort(URI.create(target)));
    }

    @Test
    void placeholderWithoutValue() {
        assertThat(parse(with("hostHeader", "%{NONE}")).faults())
                .containsExactly("servlet 'chat': 'hostHeader' needs the environment variable or system property NONE,"
                        + " or a default: %{NONE:-…}");
        assertThat(parse(with("hostHeader", "%{NONE")).faults())
                .singleElement()
                .asString()
                .contains("placeholder");
    }

    // ---- TLS

    private static Map<String, String> tls(String... namesAndValues) {
        Map<String, String> params = new HashMap<>(Map.of("proxyTo", "https://localhost:3000"));
        for (int i = 0; i < namesAndValues.length; i += 2) {
            params.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return params;
    }

    @Test
    void everyDefaultOfTlsIsTheDocumentedOne() {
        TlsSettings defaults = new TlsSettings(true, null, null, null, null, null, null);
        assertThat(route(tls()).client().tls()).isEqualTo(defaults);
        assertThat(route(Map.of("proxyTo", "wss://localhost")).client().tls()).isEqualTo(defaults);
    }

    @Test
    void everySettingOfTlsIsRead(@TempDir Path files) {
        Authority authority = Authority.create("Test");
        Identity client = authority.issue("client.example");
        Path trust = authority.writeTrustStore(files.resolve("trust.p12"), "one");
        Path chain = client.writeChain(files.resolve("chain.pem"));
        Path key = client.writeKey(files.resolve("key.pem"), "two");
        Map<String, String> params = tls(
                "tlsServerName",
                "Backend.example",
                "tlsTrustStore",
                trust.toString(),
                "tlsTrustStorePassword",
                "one",
                "tlsKeyStore",
                chain.toString(),
                "tlsKey",
                key.toString(),
                "tlsKeyStorePassword",
                "two");
        TlsSettings settings = new TlsSettings(true, "Backend.example", trust, "one", chain, key, "two");
        assertThat(route(params).client().tls()).isEqualTo(settings);
        assertThat(settings)
                .hasToString("TlsSettings[verify=true, serverName=Backend.example, trustStore=" + trust + ", keyStore="
                        + chain + ", key=" + key + "]");
        assertThat(route(tls("tlsVerify", "false")).client().tls())
                .isEqualTo(new TlsSettings(false, null, null, null, null, null, null));
    }

    @Test
    void routesWithEqualTlsShareAClient() {
        ClientSettings one = route(tls("tlsServerName", "a.example")).client();
        assertThat(route(tls("tlsServerName", "a.example", "timeout", "5s")).client())
                .isEqualTo(one)
                .hasSameHashCodeAs(one);
        assertThat(route(tls("tlsServerName", "b.example")).client()).isNotEqualTo(one);
        assertThat(route(tls()).client()).isNotEqualTo(one);
        assertThat(route(MINIMAL).client()).isNotEqualTo(route(tls()).client());
    }

    @Test
    void filesAreRelativeToTheWorkingDirectory() {
        assertThat(parse(tls("tlsTrustStore", "no/such.pem")).faults())
                .singleElement()
                .asString()
                .startsWith("servlet 'chat': 'tlsTrustStore' does not fit: ")
                .contains(Path.of("").toAbsolutePath().resolve("no/such.pem").toString());
    }

    @Test
    void everyFaultOfTlsIsReported(@TempDir Path files) {
        Authority authority = Authority.create("Test");
        Path trust = authority.writeTrustStore(files.resolve("trust.p12"), "secret-1");
        Path key = authority.issue("other.example").writeKey(files.resolve("key.pem"));
        Path chain = authority.issue("client.example").writeChain(files.resolve("chain.pem"));
        assertThat(parse(tls(
                                "tlsTrustStore", trust.toString(),
                                "tlsTrustStorePassword", "secret-2",
                                "tlsKeyStore", chain.toString(),
                                "tlsKey", key.toString()))
                        .faults())
                .hasSize(2)
                .allSatisfy(fault -> assertThat(fault).doesNotContain("secret"))
                .anySatisfy(fault -> assertThat(fault).contains("'tlsTrustStore'", "trust.p12", "password"))
                .anySatisfy(fault -> assertThat(fault).contains("'tlsKeyStore'", "chain.pem", "key.pem"));
        assertThat(parse(tls(
                                "tlsVerify", "no",
                                "tlsServerName", "backend.example:443",
                                "tlsTrustStorePassword", "secret",
                                "tlsKeyStorePassword", "%{secret",
                                "tlsKey", " "))
                        .faults())
                .containsExactlyInAnyOrder(
                        "servlet 'chat': 'tlsVerify' is 'true' or 'false', not 'no'",
                        "servlet 'chat': 'tlsServerName' is the name of a host, without a port, or an IP address; not"
                                + " 'backend.example:443'",
                        "servlet 'chat': 'tlsTrustStorePassword' has no effect without 'tlsTrustStore'",
                        "servlet 'chat': 'tlsKeyStorePassword' has a placeholder that is not %{NAME} or"
                                + " %{NAME:-default}",
                        "servlet 'chat': 'tlsKeyStorePassword' has no effect without 'tlsKeyStore'",
                        "servlet 'chat': 'tlsKey' is a file, not ' '");
    }

    @Test
    void aTrustStoreThatNobodyAsksIsAFault(@TempDir Path files) {
        Path root = Authority.create("Test").writeRoot(files.resolve("root.pem"));
        assertThat(parse(tls("tlsTrustStore", root.toString(), "tlsVerify", "false"))
                        .faults())
                .containsExactly("servlet 'chat': 'tlsTrustStore' has no effect with tlsVerify=false; take one of them"
                        + " away");
    }

    @Test
    void tlsOfARouteWithoutTlsIsAFaultUnlessItIsForAllRoutes() {
        assertThat(parse(with("tlsVerify", "true")).faults())
                .containsExactly("servlet 'chat': 'tlsVerify' has no effect, since 'proxyTo' is not https or wss; take"
                        + " one of them away");
        Map<String, String> context = Map.of("fairlead.tlsVerify", "false");
        assertThat(parse(MINIMAL, context, Map.of()).faults()).isEmpty();
        Route secure = parse(tls(), context, Map.of()).route();
        assertThat(secure).isNotNull();
        assertThat(secure.client().tls()).isNotNull();
        assertThat(secure.client().tls().verify()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"127.0.0.1,127.0.0.1", "::1,::1", "[::1],::1", "a,a", "a.example,a.example"})
    void serverNames(String text, String name) {
        TlsSettings settings = route(tls("tlsServerName", text)).client().tls();
        assertThat(settings).isNotNull();
        assertThat(settings.serverName()).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a.example.", "https://a", "a,b", "[a]:1"})
    void noServerNames(String text) {
        assertThat(parse(tls("tlsServerName", text)).faults())
                .singleElement()
                .asString()
                .contains("'tlsServerName'");
    }
}
