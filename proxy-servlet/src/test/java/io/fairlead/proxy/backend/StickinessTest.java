package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.backend.Bond.Kind;
import io.fairlead.proxy.backend.Stickiness.Rule;
import io.fairlead.proxy.backend.Stickiness.Source;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StickinessTest {

    private static final Rule ENGINEIO = new Rule(Source.ENGINEIO, "");
    private static final Rule SOCKJS = new Rule(Source.SOCKJS, "");
    private static final Rule COOKIE = new Rule(Source.COOKIE, "");
    private static final Rule ADDRESS = new Rule(Source.ADDRESS, "");

    private static final String POLL = "EIO=4&transport=polling";

    private long now;
    private final Backends backends = new Backends("r", Balance.ROUNDROBIN, Some.PASSIVE, 10, 10, () -> now);

    private static final class Facts implements RequestFacts {

        private final String path;
        private final @Nullable String query;
        private final Map<String, String> cookies = new HashMap<>();
        private final Map<String, String> headers = new HashMap<>();

        Facts(String path, @Nullable String query) {
            this.path = path;
            this.query = query;
        }

        Facts with(Map<String, String> named, String name, String value) {
            named.put(name, value);
            return this;
        }

        Facts withCookie(String name, String value) {
            return with(cookies, name, value);
        }

        Facts withHeader(String name, String value) {
            return with(headers, name, value);
        }

        @Override
        public String path() {
            return path;
        }

        @Override
        public @Nullable String query() {
            return query;
        }

        @Override
        public @Nullable String cookie(String name) {
            return cookies.get(name);
        }

        @Override
        public @Nullable String header(String name) {
            return headers.get(name);
        }

        @Override
        public String address() {
            return "192.0.2.7";
        }
    }

    private boolean several = true;

    private Stickiness sticky(Balance balance, Rule... chain) {
        if (backends.all().isEmpty()) {
            backends.update("settings", List.of(Some.target("a"), Some.target("b"), Some.target("c")));
        }
        return new Stickiness(
                several, Arrays.asList(chain), "FAIRLEAD", balance, backends, 1000, Duration.ofHours(1), () -> now);
    }

    private Stickiness sticky(Rule... chain) {
        return sticky(Balance.ROUNDROBIN, chain);
    }

    private Backend b() {
        Backend found = backends.find("b:80");
        assertThat(found).isNotNull();
        return found;
    }

    private static Facts query(@Nullable String query) {
        return new Facts("/app/", query);
    }

    // ---- engineio

    @Test
    void anUnknownSidHasToBeAskedForInTheOrderOfItsKey() {
        Bond bond = sticky(ENGINEIO).bond(query(POLL + "&sid=abc"));
        assertThat(bond.kind()).isEqualTo(Kind.ASKING);
        assertThat(bond.pinned()).isNull();
        assertThat(bond.session()).isEqualTo("abc");
        assertThat(bond.key()).isEqualTo(Rendezvous.hash("abc"));
    }

    @Test
    void aKnownSidIsItsBackends() {
        Stickiness sticky = sticky(ENGINEIO);
        sticky.learn("abc", b());
        assertThat(sticky.sessions()).isOne();
        assertThat(b().sessions()).isOne();
        for (String query : List.of(POLL + "&t=x&sid=abc", "sid=abc&EIO=3&transport=websocket")) {
            Bond bond = sticky.bond(query(query));
            assertThat(bond.kind()).isEqualTo(Kind.SESSION);
            assertThat(bond.pinned()).isSameAs(b());
        }
        now = Duration.ofHours(2).toNanos();
        assertThat(sticky.bond(query(POLL + "&sid=abc")).kind()).as("forgotten").isEqualTo(Kind.ASKING);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "sid=abc", "EIO=4&sid=abc", "transport=polling&sid=abc", POLL, POLL + "&sid=", POLL + "&sid"
            })
    void whatHasNoSidOrIsNoEngineIoIsFree(String query) {
        Stickiness sticky = sticky(ENGINEIO);
        sticky.learn("abc", b());
        assertThat(sticky.bond(query(query)).kind()).isEqualTo(Kind.NONE);
        assertThat(sticky.bond(query(null)).kind()).isEqualTo(Kind.NONE);
    }

    @Test
    void sidsThatAreTooLongAreNobodysAndNotLearnt() {
        Stickiness sticky = sticky(ENGINEIO);
        sticky.learn("x".repeat(129), b());
        sticky.learn("", b());
        assertThat(sticky.sessions()).isZero();
        assertThat(sticky.bond(query(POLL + "&sid=" + "x".repeat(129))).kind()).isEqualTo(Kind.NONE);
        sticky.learn("x".repeat(128), b());
        assertThat(sticky.bond(query(POLL + "&sid=" + "x".repeat(128))).pinned())
                .isSameAs(b());
    }

    @Test
    void theFirstPollBeginsASession() {
        assertThat(sticky(COOKIE, ENGINEIO).beginsEngineIo(query(POLL))).isTrue();
        assertThat(sticky(ENGINEIO).beginsEngineIo(query(POLL + "&sid=abc"))).isFalse();
        assertThat(sticky(ENGINEIO).beginsEngineIo(query("a=b"))).isFalse();
        assertThat(sticky(COOKIE).beginsEngineIo(query(POLL))).isFalse();
    }

    // ---- sockjs

    @ParameterizedTest
    @CsvSource({
        "/echo/000/abc/websocket, abc",
        "/a/b/echo/000/abc/xhr, abc",
        "/echo/000/abc/xhr_send, abc",
        "/echo/000/abc/xhr_streaming, abc",
        "/echo/000/abc/eventsource, abc",
        "/echo/000/abc/htmlfile, abc",
        "/echo/000/abc/jsonp, abc",
        "/echo/000/abc/jsonp_send, abc",
        "/echo/000/abc/websocket/, abc",
        "/000/abc/xhr, abc",
        "/echo/info,",
        "/echo/websocket,",
        "/api/v4/websocket,",
        "/app/ws/websocket,",
        "/echo/0.0/abc/xhr,",
        "/echo/000/a.b/xhr,",
        "/echo/000/abc/other,",
        "/echo/000/abc/xhr/more,",
        "/,",
        "'',"
    })
    void theSessionIsInThePath(String path, @Nullable String session) {
        Bond bond = sticky(SOCKJS).bond(new Facts(path, null));
        assertThat(bond.session()).isEqualTo(session);
        assertThat(bond.kind()).isEqualTo(session == null ? Kind.NONE : Kind.SESSION);
        assertThat(bond.key()).isEqualTo(session == null ? 0 : Rendezvous.hash(session));
    }

    @Test
    void aSockJsSessionIsFoundAgain() {
        Stickiness sticky = sticky(SOCKJS);
        assertThat(sticky.bond(new Facts("/echo/000/abc/xhr", null)).pinned()).isNull();
        sticky.learn("abc", b());
        assertThat(sticky.bond(new Facts("/echo/999/abc/xhr_send", null)).pinned())
                .isSameAs(b());
    }

    // ---- the cookie

    @Test
    void theCookieNamesTheBackend() {
        Stickiness sticky = sticky(COOKIE);
        Bond bond = sticky.bond(query(null).withCookie("FAIRLEAD", b().id()));
        assertThat(bond.kind()).isEqualTo(Kind.PREFERRED);
        assertThat(bond.pinned()).isSameAs(b());
        assertThat(bond.cookieNeeded()).isFalse();
    }

    @Test
    void whoHasNoCookieOrAWrongOneGetsOne() {
        Stickiness sticky = sticky(COOKIE);
        for (Facts facts : List.of(query(null), query(null).withCookie("FAIRLEAD", "other"))) {
            Bond bond = sticky.bond(facts);
            assertThat(bond.kind()).isEqualTo(Kind.NONE);
            assertThat(bond.cookieNeeded()).isTrue();
        }
        assertThat(sticky(ENGINEIO).bond(query(null)).cookieNeeded()).isFalse();
    }

    @Test
    void theCookieOfABackendThatIsDrainedLeadsToAnother() {
        Stickiness sticky = sticky(COOKIE);
        backends.drain(b(), null);
        Bond bond = sticky.bond(query(null).withCookie("FAIRLEAD", b().id()));
        assertThat(bond.kind()).isEqualTo(Kind.PREFERRED);
        assertThat(bond.pinned()).isSameAs(b());
        try (Lease lease = (Lease) backends.lease(Some.wish(bond))) {
            assertThat(lease.backend()).isNotSameAs(b());
        }
    }

    @Test
    void whereMoreMayComeTheOnlyBackendsSessionsAreKnown() {
        backends.update("settings", List.of(Some.target("b")));
        Stickiness sticky = sticky(SOCKJS);
        sticky.learn("abc", b());
        assertThat(sticky.bond(new Facts("/echo/000/abc/xhr", null)).pinned()).isSameAs(b());
        sticky.forget("abc");
        assertThat(sticky.bond(new Facts("/echo/000/abc/xhr", null)).pinned()).isNull();
        assertThat(b().sessions()).isZero();
    }

    // ---- hashes

    @Test
    void valuesOfCookiesFieldsParametersAndAddressesAreHashed() {
        Facts facts = query("x=1&room=blue").withCookie("JSESSIONID", "j1").withHeader("X-Tenant", "t1");
        Map<Rule, String> expected = Map.of(
                new Rule(Source.COOKIE_HASH, "JSESSIONID"),
                "j1",
                new Rule(Source.HEADER, "X-Tenant"),
                "t1",
                new Rule(Source.QUERY, "room"),
                "blue",
                ADDRESS,
                "192.0.2.7");
        for (Map.Entry<Rule, String> rule : expected.entrySet()) {
            Bond bond = sticky(rule.getKey()).bond(facts);
            assertThat(bond.kind()).isEqualTo(Kind.HASHED);
            assertThat(bond.key()).as("%s", rule).isEqualTo(Rendezvous.hash(rule.getValue()));
            assertThat(bond.session()).isNull();
        }
    }

    @Test
    void whatIsNotThereOrEmptyDecidesNothing() {
        Facts facts = query("room=").withCookie("JSESSIONID", "").withHeader("X-Tenant", "");
        Stickiness sticky = sticky(
                new Rule(Source.COOKIE_HASH, "JSESSIONID"),
                new Rule(Source.HEADER, "X-Tenant"),
                new Rule(Source.QUERY, "room"));
        assertThat(sticky.bond(facts).kind()).isEqualTo(Kind.NONE);
        assertThat(sticky.bond(query(null)).kind()).isEqualTo(Kind.NONE);
    }

    // ---- the chain

    @Test
    void theFirstRuleThatSaysSomethingDecides() {
        Stickiness sticky = sticky(ENGINEIO, SOCKJS, COOKIE, ADDRESS);
        Facts all = new Facts("/echo/000/sockjs1/xhr", POLL + "&sid=engine1").withCookie("FAIRLEAD", b().id());
        assertThat(sticky.bond(all).session()).isEqualTo("engine1");
        assertThat(sticky(SOCKJS, ENGINEIO).bond(all).session()).isEqualTo("sockjs1");
        assertThat(sticky(COOKIE, SOCKJS).bond(all).kind()).isEqualTo(Kind.PREFERRED);
        assertThat(sticky(ADDRESS, COOKIE).bond(all).kind()).isEqualTo(Kind.HASHED);
        Bond address = sticky.bond(query(null));
        assertThat(address.kind()).isEqualTo(Kind.HASHED);
        assertThat(address.cookieNeeded()).as("the cookie's rule came before").isTrue();
    }

    @Test
    void withoutABondTheBalancingMayHash() {
        Facts facts = query("a=b");
        assertThat(sticky(Balance.SOURCE).bond(facts).key()).isEqualTo(Rendezvous.hash("192.0.2.7"));
        assertThat(sticky(Balance.URI).bond(facts).key()).isEqualTo(Rendezvous.hash("/app/"));
        assertThat(sticky(Balance.LEASTCONN).bond(facts).key()).isZero();
    }

    @Test
    void oneBackendNeedsNoBondButPerhapsACookie() {
        several = false;
        backends.update("settings", List.of(Some.target("b")));
        Stickiness sticky = sticky(ENGINEIO, COOKIE);
        Bond bond = sticky.bond(query(POLL + "&sid=abc"));
        assertThat(bond.kind()).isEqualTo(Kind.NONE);
        assertThat(bond.cookieNeeded()).isTrue();
        assertThat(sticky.bond(query(null).withCookie("FAIRLEAD", b().id())).cookieNeeded())
                .isFalse();
        assertThat(sticky(ENGINEIO).bond(query(null)).cookieNeeded()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "sid=1, 1",
        "a=b&sid=1, 1",
        "a=b&sid=1&c=d, 1",
        "sid=1&sid=2, 1",
        "xsid=9&sid=1, 1",
        "sidx=9&sid=1, 1",
        "sid&sid=1, 1",
        "sid=a=b, a=b",
        "sid=%20, %20",
        "&&sid=1&&, 1",
        "sid=, ''",
        "sid,",
        "xsid=1,",
        "SID=1,",
        "'',"
    })
    void parametersAsTheyStandThere(String query, @Nullable String value) {
        assertThat(Stickiness.parameter(query, "sid")).isEqualTo(value);
    }
}
