package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.BackendSettings.CheckKind;
import io.fairlead.proxy.BackendSettings.SameSite;
import io.fairlead.proxy.RouteSettings.Parsed;
import io.fairlead.proxy.backend.Balance;
import io.fairlead.proxy.backend.Stickiness.Rule;
import io.fairlead.proxy.backend.Stickiness.Source;
import io.fairlead.proxy.backend.Target;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BackendSettingsTest {

    private static Parsed parse(String... namesAndValues) {
        Map<String, String> params = new HashMap<>();
        params.put("proxyTo", "http://a:1, http://b:2");
        for (int i = 0; i < namesAndValues.length; i += 2) {
            params.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return RouteSettings.parse("chat", "/app", params.keySet(), params::get, List.of(), name -> null);
    }

    private static BackendSettings settings(String... namesAndValues) {
        Parsed parsed = parse(namesAndValues);
        assertThat(parsed.faults()).isEmpty();
        assertThat(parsed.route()).isNotNull();
        return parsed.route().backends();
    }

    @Test
    void severalBackendsAreNamedByLinesOrCommas() {
        BackendSettings settings = settings("proxyTo", """

                http://A.example:3000/x weight=3,
                ws://a.example/x/   backup
                http://[::1]:3000/x weight=1000 backup,""");
        assertThat(settings.scheme()).isEqualTo("http");
        assertThat(settings.path()).isEqualTo("/x");
        assertThat(settings.targets())
                .containsExactly(
                        new Target("a.example", 3000, 3, false),
                        new Target("a.example", 80, 1, true),
                        new Target("::1", 3000, 1000, true));
        assertThat(settings.shown())
                .isEqualTo("http://a.example:3000/x weight=3, http://a.example:80/x backup, http://[::1]:3000/x"
                        + " weight=1000 backup");
    }

    @Test
    void namesAreToBeLookedUp() {
        BackendSettings settings = settings("proxyTo", "dns+http://chat.internal:3000 weight=2, http://last:1 backup");
        assertThat(settings.names()).singleElement().satisfies(name -> {
            assertThat(name.source()).isEqualTo("dns");
            assertThat(name.target()).isEqualTo(new Target("chat.internal", 3000, 2, false));
        });
        assertThat(settings.targets()).hasSize(1);
        assertThat(settings.shown()).isEqualTo("http://last:1 backup, dns+http://chat.internal:3000 weight=2");
    }

    @Test
    void theCertificatesOfNamesAreForTheName() {
        Route route = parse("proxyTo", "dns+https://chat.internal").route();
        assertThat(route).isNotNull();
        assertThat(route.client().tls()).isNotNull();
        assertThat(route.client().tls().serverName()).isEqualTo("chat.internal");
        assertThat(parse("proxyTo", "dns+https://chat.internal, https://other").faults())
                .singleElement()
                .asString()
                .contains("'tlsServerName' is required");
        assertThat(parse("proxyTo", "dns+https://chat.internal, https://other", "tlsServerName", "x.example")
                        .faults())
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "http://a:1, https://b:2       | different schemes or paths",
                "http://a:1/x, http://b:2/y    | different schemes or paths",
                "http://a:1, http://A:1/       | names 'a:1' twice",
                "http://a:1 weight=0           | weight=0",
                "http://a:1 weight=1001        | weight=1001",
                "http://a:1 down               | 'down'",
                "http://a:1, nonsense          | must be a http",
                "zoo+http://a:1                | asks 'zoo' for backends, which nobody is; there are consul, dns",
            })
    void whatIsNoListOfBackends(String list, String fault) {
        assertThat(parse("proxyTo", list).faults())
                .singleElement()
                .asString()
                .contains("'proxyTo'")
                .contains(fault);
    }

    @Test
    void theChainIsInTheOrderGiven() {
        assertThat(settings("sticky", "cookie, header(X-User),\n query(room) , cookie(JSESSIONID),address")
                        .sticky()
                        .chain())
                .containsExactly(
                        new Rule(Source.COOKIE, ""),
                        new Rule(Source.HEADER, "X-User"),
                        new Rule(Source.QUERY, "room"),
                        new Rule(Source.COOKIE_HASH, "JSESSIONID"),
                        new Rule(Source.ADDRESS, ""));
        assertThat(settings("sticky", "off").sticky().chain()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"cookies", "header", "query()", "address(x)", "engineio sockjs", "off, cookie"})
    void whatIsNoChain(String chain) {
        assertThat(parse("sticky", chain).faults()).singleElement().asString().contains("'sticky' is 'off', or a list");
    }

    @Test
    void aCookieForOtherSitesIsSecure() {
        assertThat(settings("stickyCookieSameSite", "none").sticky().cookieSameSite())
                .isEqualTo(SameSite.NONE);
        assertThat(parse("stickyCookieSameSite", "none", "stickyCookieSecure", "false")
                        .faults())
                .singleElement()
                .asString()
                .contains("'stickyCookieSecure'");
    }

    @Test
    void theRest() {
        BackendSettings settings = settings(
                "balance",
                "leastconn",
                "healthCheck",
                "websocket",
                "healthCheckPath",
                "/ws?probe=1",
                "healthCheckInterval",
                "2s",
                "healthCheckRise",
                "4",
                "maxFails",
                "0",
                "retries",
                "0",
                "retryBuffer",
                "0",
                "queueTimeout",
                "2s");
        assertThat(settings.balance()).isEqualTo(Balance.LEASTCONN);
        assertThat(settings.check().kind()).isEqualTo(CheckKind.WEBSOCKET);
        assertThat(settings.check().path()).isEqualTo("/ws?probe=1");
        assertThat(settings.check().interval()).isEqualTo(Duration.ofSeconds(2));
        assertThat(settings.health().probed()).isTrue();
        assertThat(settings.health().rise()).isEqualTo(4);
        assertThat(settings.health().maxFails()).isZero();
        assertThat(settings.retries()).isZero();
        assertThat(settings.retryBuffer()).isZero();
        assertThat(settings.queueTimeout()).isEqualTo(Duration.ofSeconds(2));
    }

    @Test
    void aCheckEndsBeforeTheNext() {
        assertThat(parse("healthCheck", "tcp", "healthCheckTimeout", "6s").faults())
                .containsExactly("servlet 'chat': 'healthCheckTimeout' must not be longer than healthCheckInterval");
    }

    @ParameterizedTest
    @CsvSource({"balance,fastest", "healthCheck,icmp", "healthCheckPath,health", "retries,-1", "retryBudget,101"})
    void wrongValues(String setting, String value) {
        assertThat(parse(setting, value).faults()).singleElement().asString().contains("'" + setting + "'");
    }
}
