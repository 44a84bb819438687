package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.EngineIo;
import io.fairlead.suite.peer.EngineIo.Framing;
import io.fairlead.suite.peer.Head;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What belongs together meets at one of several backends. */
public abstract class StickinessTest extends ManyBackendsTest {

    private static final Pattern SID = Pattern.compile("\\\\?\"sid\\\\?\":\\\\?\"([^\"\\\\]+)");

    // ---- by a cookie of Fairlead's

    @Test
    void theCookieTiesItsClientToTheBackendThatAnsweredFirst() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        Set<String> values = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            Answer first = ask(BalancedRoutes.COOKIE, "/");
            String value = cookie(first.head(), "LEAD", "path=/app", "secure", "samesite=strict");
            values.add(value);
            for (int j = 0; j < 4; j++) {
                Answer next = ask(BalancedRoutes.COOKIE, "/", "Cookie: other=1; LEAD=" + value);
                assertThat(next.by()).isEqualTo(first.by());
                assertThat(next.head().has("Set-Cookie")).isFalse();
                assertThat(handshake(BalancedRoutes.COOKIE, "/", "Cookie: LEAD=" + value)
                                .by())
                        .isEqualTo(first.by());
            }
        }
        assertThat(values).as("one for each backend").hasSize(3);
    }

    @Test
    void theCookieComesWithA101AndWithRefusalsAndBesideThoseOfTheBackend() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        everywhere(
                "/login",
                (number, exchange) -> exchange.answer(
                        "401 Unauthorized", "who?", "X-Backend: " + number, "Set-Cookie: a=1", "Set-Cookie: b=2"));
        Answer accepted = handshake(BalancedRoutes.PLAIN_COOKIE, "/");
        assertThat(accepted.status()).isEqualTo(101);
        String value = cookie(accepted.head(), "FAIRLEAD", plainAttributes(BalancedRoutes.PLAIN_COOKIE));
        assertThat(answerers(BalancedRoutes.PLAIN_COOKIE, "/", 4, "Cookie: FAIRLEAD=" + value))
                .containsOnly(accepted.by());
        Answer refused = handshake(BalancedRoutes.PLAIN_COOKIE, "/login");
        assertThat(refused.body()).isEqualTo("who?");
        assertThat(refused.head().values("Set-Cookie")).contains("a=1", "b=2").hasSize(3);
        String another = cookie(refused.head(), "FAIRLEAD", plainAttributes(BalancedRoutes.PLAIN_COOKIE));
        assertThat(answerers(BalancedRoutes.PLAIN_COOKIE, "/", 4, "Cookie: FAIRLEAD=" + another))
                .containsOnly(refused.by());
    }

    @Test
    void aCookieThatNamesNobodyIsReplaced() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        Set<Integer> by = new HashSet<>();
        for (String value : List.of("nobody", "", "127.0.0.1:" + backend(1).port())) {
            Answer answer = ask(BalancedRoutes.PLAIN_COOKIE, "/", "Cookie: FAIRLEAD=" + value);
            assertThat(answer.status()).isEqualTo(200);
            cookie(answer.head(), "FAIRLEAD", plainAttributes(BalancedRoutes.PLAIN_COOKIE));
            by.add(answer.by());
        }
        assertThat(by).as("spread as those without a cookie").hasSize(3);
    }

    @Test
    void whoseBackendIsDownIsTiedToAnother() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        Answer first = ask(BalancedRoutes.COOKIE_LOST, "/");
        String tied =
                "Cookie: FAIRLEAD=" + cookie(first.head(), "FAIRLEAD", plainAttributes(BalancedRoutes.COOKIE_LOST));
        backend(first.by()).kill();
        Answer moved = ask(BalancedRoutes.COOKIE_LOST, "/", tied);
        assertThat(moved.status()).isEqualTo(200);
        assertThat(moved.by()).isNotEqualTo(first.by());
        Answer again = ask(BalancedRoutes.COOKIE_LOST, "/", tied);
        String tiedAgain =
                "Cookie: FAIRLEAD=" + cookie(again.head(), "FAIRLEAD", plainAttributes(BalancedRoutes.COOKIE_LOST));
        assertThat(answerers(BalancedRoutes.COOKIE_LOST, "/", 4, tiedAgain)).containsOnly(again.by());
        backend(first.by()).revive();
        eventually().until(() -> ask(BalancedRoutes.COOKIE_LOST, "/").by() == first.by());
        assertThat(answerers(BalancedRoutes.COOKIE_LOST, "/", 4, tied)).containsOnly(first.by());
    }

    private String[] plainAttributes(String route) {
        String path = "path=" + path(route, "");
        return entrance().scheme().equals("https")
                ? new String[] {path, "httponly", "samesite=lax", "secure"}
                : new String[] {path, "httponly", "samesite=lax"};
    }

    /** The value of a cookie that is set once, with these attributes in lower case and no others. */
    private static String cookie(Head head, String name, String... attributes) {
        List<String> set = head.values("Set-Cookie").stream()
                .filter(value -> value.startsWith(name + "="))
                .toList();
        assertThat(set).as("%s", head).hasSize(1);
        String[] parts = set.get(0).split(";", -1);
        Set<String> found = new TreeSet<>();
        for (int i = 1; i < parts.length; i++) {
            found.add(parts[i].strip().toLowerCase(Locale.ROOT));
        }
        assertThat(found).isEqualTo(new TreeSet<>(List.of(attributes)));
        String value = parts[0].substring(name.length() + 1);
        assertThat(value).matches("[A-Za-z0-9_-]{8,64}");
        return value;
    }

    // ---- by what a request carries

    static Stream<String[]> carriers() {
        return Stream.of(
                new String[] {"/", "X-Room: %s"},
                new String[] {"/?a=b&room=%s", "X-Other: 1"},
                new String[] {"/?room=", "Cookie: a=b; ROOM=%s"},
                // The first that says something decides.
                new String[] {"/?room=garden", "X-Room: %s"});
    }

    @ParameterizedTest
    @MethodSource("carriers")
    void requestsThatCarryTheSameMeetAtOneBackend(String target, String header) throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        Set<Integer> all = new HashSet<>();
        for (int room = 0; room < 20; room++) {
            String value = "room-" + room;
            Set<Integer> by = new HashSet<>(
                    answerers(BalancedRoutes.HASHED, target.formatted(value), 3, header.formatted(value)));
            by.add(handshake(BalancedRoutes.HASHED, target.formatted(value), header.formatted(value))
                    .by());
            assertThat(by).as(value).hasSize(1);
            all.addAll(by);
        }
        assertThat(all).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void requestsThatCarryNothingAreSpread() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        assertThat(answerers(BalancedRoutes.HASHED, "/?rooms=3", 3, "X-Room:")).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void clientsOfOneAddressMeetAtOneBackend() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        Set<Integer> all = new HashSet<>();
        for (int client = 1; client <= 20; client++) {
            List<Integer> by = answerers(BalancedRoutes.BY_ADDRESS, "/", 3, "X-Forwarded-For: 192.0.2." + client);
            assertThat(Set.copyOf(by)).hasSize(1);
            all.addAll(by);
        }
        assertThat(all).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void whereNothingTiesASessionIsSpreadAsAnythingElse() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        assertThat(answerers(BalancedRoutes.NOT_STICKY, "/socket.io/?EIO=4&transport=polling&sid=abc", 6))
                .contains(0, 1, 2);
    }

    // ---- by the session of Engine.IO

    static Stream<Arguments> framings() {
        return Stream.of(Framing.values())
                .flatMap(framing -> Stream.of(Arguments.of(framing, false), Arguments.of(framing, true)));
    }

    @ParameterizedTest
    @MethodSource("framings")
    void aSessionIsLearntFromTheAnswerToItsFirstPoll(Framing framing, boolean inPieces) throws Exception {
        List<EngineIo> servers = servers(framing, inPieces);
        List<String> sessions = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            Answer opened = ask(BalancedRoutes.SESSIONS, "/socket.io/" + framing.query());
            assertThat(opened.status()).isEqualTo(200);
            Matcher sid = SID.matcher(opened.body());
            assertThat(sid.find()).as(opened.body()).isTrue();
            sessions.add(sid.group(1));
        }
        assertThat(servers).allSatisfy(server -> assertThat(server.opened()).isEqualTo(3));
        for (String sid : sessions) {
            String target = "/socket.io/" + framing.query() + "&sid=" + sid;
            String webSocket = target.replace("polling", "websocket");
            assertThat(send("POST", BalancedRoutes.SESSIONS, target, "4hello").body())
                    .isEqualTo("ok 4hello");
            assertThat(ask(BalancedRoutes.SESSIONS, target).body()).isEqualTo("6");
            assertThat(handshake(BalancedRoutes.SESSIONS, webSocket).status()).isEqualTo(101);
            assertThat(ask(BalancedRoutes.SESSIONS, target).body()).isEqualTo("6");
        }
        assertThat(servers)
                .as("nobody was asked for a stranger's session")
                .allSatisfy(server -> assertThat(server.askedForStrangers()).isZero());
    }

    private static List<EngineIo> servers(Framing framing, boolean inPieces) {
        List<EngineIo> servers = IntStream.range(0, 3)
                .mapToObj(number -> new EngineIo(String.valueOf(number), framing, inPieces))
                .toList();
        for (int i = 0; i < servers.size(); i++) {
            backend(i).on("/socket.io/", servers.get(i));
        }
        return servers;
    }

    private static String target(String sid, String transport) {
        return "/socket.io/?EIO=4&transport=" + transport + "&t=PkT1mEr&sid=" + sid;
    }

    /** What asks for a session that another instance has opened. */
    enum Question {
        POLL {
            @Override
            Answer ask(ManyBackendsTest test, String sid) throws IOException {
                return test.ask(BalancedRoutes.SESSIONS, target(sid, "polling"));
            }
        },
        POST {
            @Override
            Answer ask(ManyBackendsTest test, String sid) throws IOException {
                return test.send("POST", BalancedRoutes.SESSIONS, target(sid, "polling"), "4small enough");
            }
        },
        POST_IN_CHUNKS {
            @Override
            Answer ask(ManyBackendsTest test, String sid) throws IOException {
                return test.sendInChunks("POST", BalancedRoutes.SESSIONS, target(sid, "polling"), "4small", " enough");
            }
        },
        HANDSHAKE {
            @Override
            Answer ask(ManyBackendsTest test, String sid) throws IOException {
                return test.handshake(BalancedRoutes.SESSIONS, target(sid, "websocket"));
            }
        };

        abstract Answer ask(ManyBackendsTest test, String sid) throws IOException;
    }

    @ParameterizedTest
    @EnumSource
    void aSessionThatIsNotKnownIsFoundByAskingAndThenKnown(Question question) throws Exception {
        List<EngineIo> servers = servers(Framing.EIO4, false);
        for (int i = 0; i < 9; i++) {
            int owner = i % 3;
            String sid = servers.get(owner).open();
            Answer found = question.ask(this, sid);
            assertThat(found.status()).as("%s", found).isIn(200, 101);
            assertThat(found.by()).isEqualTo(owner);
            if (found.status() == 200 && question != Question.POLL) {
                assertThat(found.body()).isEqualTo("ok 4small enough");
            }
            int strangers = askedForStrangers(servers);
            assertThat(ask(BalancedRoutes.SESSIONS, target(sid, "polling")).by())
                    .isEqualTo(owner);
            assertThat(handshake(BalancedRoutes.SESSIONS, target(sid, "websocket"))
                            .by())
                    .isEqualTo(owner);
            assertThat(askedForStrangers(servers)).isEqualTo(strangers);
        }
        assertThat(askedForStrangers(servers)).as("so it was not luck").isPositive();
    }

    private static int askedForStrangers(List<EngineIo> servers) {
        return servers.stream().mapToInt(EngineIo::askedForStrangers).sum();
    }

    @Test
    void whatAnyBackendAnswersToAPreflightTeachesNothing() throws Exception {
        List<EngineIo> servers = servers(Framing.EIO4, false);
        for (int owner = 0; owner < 3; owner++) {
            String sid = servers.get(owner).open();
            Answer preflight = answerTo("OPTIONS", BalancedRoutes.SESSIONS, target(sid, "polling"));
            assertThat(preflight.status()).isEqualTo(200);
            assertThat(ask(BalancedRoutes.SESSIONS, target(sid, "polling")).by())
                    .isEqualTo(owner);
        }
    }

    @Test
    void aSessionThatIsNoLongerWhereItWasIsAskedFor() throws Exception {
        List<EngineIo> servers = servers(Framing.EIO4, false);
        String sid = servers.get(0).open();
        String target = target(sid, "polling");
        assertThat(ask(BalancedRoutes.SESSIONS, target).by()).isZero();
        servers.get(2).adopt(sid, servers.get(0));
        assertThat(ask(BalancedRoutes.SESSIONS, target).by()).isEqualTo(2);
        int strangers = askedForStrangers(servers);
        assertThat(ask(BalancedRoutes.SESSIONS, target).by()).isEqualTo(2);
        assertThat(askedForStrangers(servers)).isEqualTo(strangers);
    }

    @Test
    void aSessionWhoseBackendIsFullIsWaitedForAndNotRefused() throws Exception {
        List<EngineIo> servers = servers(Framing.EIO4, false);
        CountDownLatch polled = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        backend(1).on("/socket.io/", exchange -> {
            if (exchange.head().target().contains("hold")) {
                polled.countDown();
                release.await();
            }
            servers.get(1).play(exchange);
        });
        String one = target(servers.get(1).open(), "polling");
        String other = target(servers.get(1).open(), "polling");
        CompletableFuture<Answer> poll = Crew.call(() -> ask(BalancedRoutes.SESSIONS_FULL, one + "&hold"));
        assertThat(polled.await(20, TimeUnit.SECONDS)).isTrue();
        // Both strangers are asked and refuse before it waits for the one that is left.
        int before = askedForStrangers(servers);
        CompletableFuture<Answer> waiting = Crew.call(() -> ask(BalancedRoutes.SESSIONS_FULL, other));
        eventually().until(() -> askedForStrangers(servers) == before + 2);
        release.countDown();
        assertThat(Crew.await(poll).by()).isEqualTo(1);
        assertThat(Crew.await(waiting).by()).isEqualTo(1);
    }

    @Test
    void aPageThatIsNoWebSocketIsNoFailureOfItsBackend() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        everywhere("/page", (number, exchange) -> exchange.answer("200 OK", "page", "X-Backend: " + number));
        for (int i = 0; i < 6; i++) {
            // Over HTTP/2 a 200 would mean a tunnel.
            assertThat(handshake(BalancedRoutes.ONE_STRIKE, "/page").status()).isIn(200, 502);
        }
        assertThat(answerers(BalancedRoutes.ONE_STRIKE, "/", 6)).contains(0, 1, 2);
        assertThat(IntStream.range(0, 3).map(ManyBackendsTest::seen).sum())
                .as("none was sent twice")
                .isEqualTo(12);
    }

    @ParameterizedTest
    @EnumSource
    void aSessionThatNobodyKnowsIsRefusedAsTheBackendDoes(Question question) throws Exception {
        List<EngineIo> servers = servers(Framing.EIO4, false);
        String sid = "never-seen-by-anybody-" + question;
        Answer refused = question.ask(this, sid);
        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body())
                .isEqualTo(
                        question == Question.HANDSHAKE
                                ? "Session ID unknown"
                                : "{\"code\":1,\"message\":\"Session ID unknown\"}");
        assertThat(servers)
                .allSatisfy(server -> assertThat(server.askedFor(sid)).isEqualTo(1));
    }

    @Test
    void aBodyThatIsTooLargeToBeKeptIsSentToOneBackendOnly() throws Exception {
        List<EngineIo> servers = servers(Framing.EIO4, false);
        String body = "4" + "large ".repeat(10_000);
        int found = 0;
        for (int i = 0; i < 9; i++) {
            String sid = servers.get(i % 3).open();
            Answer answer = send("POST", BalancedRoutes.SESSIONS, target(sid, "polling"), body);
            assertThat(answer.status()).isIn(200, 400);
            found += answer.status() == 200 ? 1 : 0;
            int asked = servers.stream()
                    .mapToInt(server -> server.askedFor(sid) + server.uses(sid))
                    .sum();
            assertThat(asked).isEqualTo(1);
        }
        assertThat(found).isLessThan(9);
    }

    @Test
    void anyOtherRefusalIsTheAnswer() throws Exception {
        List<String> refusals = List.of("{\"code\":3,\"message\":\"Bad request\"}", "no such thing");
        for (String refusal : refusals) {
            int seen = seenByAll();
            everywhere("/socket.io/", (number, exchange) -> exchange.answer("400 Bad Request", refusal));
            Answer answer = ask(BalancedRoutes.SESSIONS, target("a-sid-" + refusal.length(), "polling"));
            assertThat(answer.status()).isEqualTo(400);
            assertThat(answer.body()).isEqualTo(refusal);
            assertThat(seenByAll() - seen).isEqualTo(1);
        }
    }

    @Test
    void theSessionsOfABackendThatIsDownAreToldSoByTheOthers() throws Exception {
        List<EngineIo> servers = servers(Framing.EIO4, false);
        List<String> lost = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Answer opened = ask(BalancedRoutes.SESSIONS_LOST, "/socket.io/" + Framing.EIO4.query());
            if (opened.by() == 1) {
                Matcher sid = SID.matcher(opened.body());
                assertThat(sid.find()).isTrue();
                lost.add(sid.group(1));
            }
        }
        assertThat(lost).hasSize(2);
        backend(1).kill();
        for (String sid : lost) {
            // So that its client opens a new one.
            assertThat(ask(BalancedRoutes.SESSIONS_LOST, target(sid, "polling")).body())
                    .contains("\"code\":1");
            assertThat(handshake(BalancedRoutes.SESSIONS_LOST, target(sid, "websocket"))
                            .status())
                    .isEqualTo(400);
        }
        assertThat(servers.get(0).askedFor(lost.get(0)) + servers.get(2).askedFor(lost.get(0)))
                .isPositive();
        assertThat(fairlead().log())
                .anyMatch(line -> line.contains("127.0.0.1:" + backend(1).port())
                        && line.contains("down")
                        && line.contains("2 sessions"));
        backend(1).revive();
        String open = "/socket.io/" + Framing.EIO4.query();
        eventually().until(() -> ask(BalancedRoutes.SESSIONS_LOST, open).by() == 1);
    }

    // ---- by the session of SockJS

    @Test
    void theRequestsOfASockJsSessionMeetAtOneBackend() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        Map<Integer, Integer> sessions = new ConcurrentHashMap<>();
        for (int i = 0; i < 20; i++) {
            String base = "/chat/" + (100 + i) + "/session" + i;
            Set<Integer> by = new HashSet<>();
            for (String transport : List.of("/xhr", "/xhr_streaming", "/eventsource", "/htmlfile?c=call")) {
                by.add(ask(BalancedRoutes.SESSIONS, base + transport).by());
            }
            by.add(send("POST", BalancedRoutes.SESSIONS, base + "/xhr_send", "[\"hello\"]")
                    .by());
            by.add(handshake(BalancedRoutes.SESSIONS, base + "/websocket").by());
            assertThat(by).as(base).hasSize(1);
            sessions.merge(by.iterator().next(), 1, Integer::sum);
        }
        assertThat(sessions.keySet()).containsExactlyInAnyOrder(0, 1, 2);
        assertThat(answerers(BalancedRoutes.SESSIONS, "/chat/info", 3)).containsExactlyInAnyOrder(0, 1, 2);
    }
}
