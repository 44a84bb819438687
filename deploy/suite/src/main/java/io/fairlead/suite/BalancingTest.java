package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Vitals;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;

/** Several backends of one route: which of them gets a request, and what becomes of it when that one fails. */
public abstract class BalancingTest extends ManyBackendsTest {

    /** Less than the routes keep. */
    private static final String SMALL = "small ".repeat(150);

    /** More than the routes keep. */
    private static final String LARGE = new String(new Noise(61, 60_000).bytes(), StandardCharsets.ISO_8859_1);

    // ---- who gets it

    @Test
    void requestsAndHandshakesAreSpreadByWeightAndInTurns() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        for (int round = 0; round < 3; round++) {
            List<Integer> by = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                by.add(ask(BalancedRoutes.WEIGHTED, "/spread").by());
                by.add(handshake(BalancedRoutes.WEIGHTED, "/spread").by());
            }
            assertThat(by).containsOnlyOnce(2);
            assertThat(Collections.frequency(by, 1)).as("%s", by).isEqualTo(2);
            assertThat(Collections.indexOfSubList(by, List.of(0, 0, 0)))
                    .as("%s", by)
                    .isNegative();
        }
    }

    @Test
    void aBackupServesWhileAllOthersAreDown() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        assertThat(answerers(BalancedRoutes.WITH_BACKUP, "/", 8)).containsOnly(0, 1);
        backend(0).kill();
        assertThat(answerers(BalancedRoutes.WITH_BACKUP, "/", 6)).containsOnly(1);
        backend(1).kill();
        assertThat(answerers(BalancedRoutes.WITH_BACKUP, "/", 4)).containsOnly(2);
        assertThat(handshake(BalancedRoutes.WITH_BACKUP, "/").by()).isEqualTo(2);
        backend(0).revive();
        eventually().until(() -> ask(BalancedRoutes.WITH_BACKUP, "/").by() == 0);
        assertThat(answerers(BalancedRoutes.WITH_BACKUP, "/", 6)).containsOnly(0);
    }

    @Test
    void openTunnelsAreConnectionsWhereTheLeastCount() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        List<Tunnel> tunnels = new ArrayList<>();
        try {
            tunnels.addAll(nine());
            assertThat(tunnels.stream().map(Tunnel::to)).containsOnly(0, 1, 2);
            for (int i = 0; i < 3; i++) {
                int number = i;
                assertThat(tunnels.stream().filter(tunnel -> tunnel.to() == number))
                        .as("tunnels to %d", number)
                        .hasSize(3);
            }
            tunnels.stream().filter(tunnel -> tunnel.to() == 1).forEach(Tunnel::close);
            // When Fairlead knows of all three ends.
            eventually().until(() -> threeAreLedTo(1));
        } finally {
            tunnels.forEach(Tunnel::close);
        }
    }

    private List<Tunnel> nine() throws IOException {
        List<Tunnel> tunnels = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            tunnels.add(tunnel(BalancedRoutes.LEAST, "/"));
        }
        return tunnels;
    }

    private boolean threeAreLedTo(int number) throws IOException {
        try (Tunnel one = tunnel(BalancedRoutes.LEAST, "/");
                Tunnel two = tunnel(BalancedRoutes.LEAST, "/");
                Tunnel three = tunnel(BalancedRoutes.LEAST, "/")) {
            return one.to() == number && two.to() == number && three.to() == number;
        }
    }

    @Test
    void aBackendThatIsDrainedGetsNothingNewAndItsTunnelsAreClosed() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        Vitals vitals = fairlead().vitals();
        ObjectName route = vitals.mbean(
                "io.fairlead:type=Route,*",
                name -> name.getKeyProperty("name").replace("/", "").equals(BalancedRoutes.DRAINED));
        List<Tunnel> tunnels = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                tunnels.add(tunnel(BalancedRoutes.DRAINED, "/"));
            }
            assertThat(tunnels.stream().map(Tunnel::to)).containsExactlyInAnyOrder(0, 1, 2);
            vitals.invoke(route, "drainBackend", "127.0.0.1:" + backend(1).port(), 0);
            for (Tunnel tunnel : tunnels) {
                if (tunnel.to() == 1) {
                    Closing closing = Correspondent.client(tunnel.client()).listen(false);
                    assertThat(closing.code()).isEqualTo(1012);
                } else {
                    assertFramedEcho(tunnel.client(), new byte[] {1, 2, 3});
                }
            }
            assertThat(answerers(BalancedRoutes.DRAINED, "/", 6)).containsOnly(0, 2);
            assertThat(handshake(BalancedRoutes.DRAINED, "/").by()).isNotEqualTo(1);
            vitals.invoke(route, "resumeBackend", "127.0.0.1:" + backend(1).port());
            assertThat(answerers(BalancedRoutes.DRAINED, "/", 6)).contains(0, 1, 2);
        } finally {
            tunnels.forEach(Tunnel::close);
        }
    }

    // ---- a backend that can't be reached

    @Test
    void nothingIsLostWithABackendThatIsKilled() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        assertThat(answerers(BalancedRoutes.DEFIANT, "/", 6)).contains(0, 1, 2);
        backend(1).kill();
        assertThat(answerers(BalancedRoutes.DEFIANT, "/", 9)).containsOnly(0, 2);
        for (int i = 0; i < 6; i++) {
            assertThat(handshake(BalancedRoutes.DEFIANT, "/").by()).isNotEqualTo(1);
            assertServed(send("POST", BalancedRoutes.DEFIANT, "/", SMALL), SMALL);
            assertServed(sendInChunks("POST", BalancedRoutes.DEFIANT, "/", SMALL, SMALL), SMALL + SMALL);
        }
    }

    private static void assertServed(Answer answer, String body) {
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo(body);
    }

    @Test
    void whatCouldNotBeSentGoesToAnotherBackendWhateverItIs() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        for (int i = 0; i < 4; i++) {
            assertServed(ask(BalancedRoutes.HALF_DEAD, "/"), "");
            assertThat(handshake(BalancedRoutes.HALF_DEAD, "/").status()).isEqualTo(101);
            assertServed(send("POST", BalancedRoutes.HALF_DEAD, "/", SMALL), SMALL);
            assertServed(send("POST", BalancedRoutes.HALF_DEAD, "/", LARGE), LARGE);
            assertServed(sendInChunks("POST", BalancedRoutes.HALF_DEAD, "/", LARGE, SMALL), LARGE + SMALL);
        }
    }

    // ---- a backend that fails in the middle

    @Test
    void aPostThatWasSentIsNotSentAgain() throws Exception {
        for (String body : List.of(SMALL, LARGE)) {
            int seen = seenByAll();
            failingOnce("/once" + body.length());
            Answer answer = send("POST", BalancedRoutes.DEFIANT, "/once" + body.length(), body);
            assertThat(answer.status()).isEqualTo(502);
            assertPlainError(answer.head(), answer.body());
            assertThat(seenByAll() - seen).isEqualTo(1);
        }
    }

    @Test
    void aPutThatWasSentIsSentAgainWithItsBodyIfThatIsSmallEnoughToBeKept() throws Exception {
        failingOnce("/small");
        assertServed(send("PUT", BalancedRoutes.DEFIANT, "/small", SMALL), SMALL);
        assertThat(seenByAll()).isEqualTo(2);
        failingOnce("/chunks");
        assertServed(sendInChunks("PUT", BalancedRoutes.DEFIANT, "/chunks", SMALL, SMALL), SMALL + SMALL);
        assertThat(seenByAll()).isEqualTo(4);
        failingOnce("/large");
        assertThat(send("PUT", BalancedRoutes.DEFIANT, "/large", LARGE).status())
                .isEqualTo(502);
        assertThat(seenByAll()).isEqualTo(5);
    }

    @Test
    void aHandshakeThatGetsNoAnswerIsSentAgain() throws Exception {
        failingOnce("/ws");
        assertThat(handshake(BalancedRoutes.DEFIANT, "/ws").status()).isEqualTo(101);
        assertThat(seenByAll()).isEqualTo(2);
    }

    /** The first backend that is asked takes the request, or so much of it that more was sent than is kept, and hangs up. */
    private static void failingOnce(String path) {
        AtomicInteger asked = new AtomicInteger();
        everywhere(path, (number, exchange) -> {
            if (asked.getAndIncrement() > 0) {
                serve(number, exchange);
            } else if (exchange.head().has("Content-Length")) {
                exchange.wire()
                        .read(Math.min(20_000, Integer.parseInt(exchange.head().value("Content-Length"))));
            } else {
                exchange.readBody();
            }
        });
    }

    // ---- a backend that is silent

    @Test
    void aSilentBackendIsLeftForAnotherUnlessAPostWasSentToIt() throws Exception {
        Silence silence = new Silence(1);
        everywhere("/", silence);
        CompletableFuture<Answer> get = Crew.call(() -> ask(BalancedRoutes.HASTY, "/get"));
        CompletableFuture<Answer> put = Crew.call(() -> send("PUT", BalancedRoutes.HASTY, "/put", SMALL));
        CompletableFuture<Answer> handshake = Crew.call(() -> handshake(BalancedRoutes.HASTY, "/handshake"));
        CompletableFuture<Answer> post = Crew.call(() -> send("POST", BalancedRoutes.HASTY, "/post", SMALL));
        assertServed(Crew.await(get), "");
        assertServed(Crew.await(put), SMALL);
        assertThat(Crew.await(handshake).status()).isEqualTo(101);
        Answer failure = Crew.await(post);
        assertThat(failure.status()).isEqualTo(504);
        assertPlainError(failure.head(), failure.body());
        assertThat(silence.asked("/get")).hasSize(2);
        assertThat(silence.asked("/put")).hasSize(2);
        assertThat(silence.asked("/handshake")).hasSize(2);
        assertThat(silence.asked("/post")).hasSize(1);
        eventually()
                .untilAsserted(() ->
                        assertThat(silence.letGo).as("those who were silent").hasValue(4));
    }

    @Test
    void whereAllAreSilentEachIsAskedOnce() throws Exception {
        Silence silence = new Silence(3);
        everywhere("/", silence);
        CompletableFuture<Answer> get = Crew.call(() -> ask(BalancedRoutes.HASTY, "/get"));
        CompletableFuture<Answer> handshake = Crew.call(() -> handshake(BalancedRoutes.HASTY, "/handshake"));
        assertThat(Crew.await(get).status()).isEqualTo(504);
        assertThat(Crew.await(handshake).status()).isEqualTo(504);
        assertThat(silence.asked("/get")).containsExactlyInAnyOrder(0, 1, 2);
        assertThat(silence.asked("/handshake")).containsExactlyInAnyOrder(0, 1, 2);
    }

    /** The first few backends that are asked for a path say nothing until they are let go. */
    private static final class Silence implements Part {

        private final int silent;
        private final ConcurrentHashMap<String, List<Integer>> asked = new ConcurrentHashMap<>();
        final AtomicInteger letGo = new AtomicInteger();

        Silence(int silent) {
            this.silent = silent;
        }

        /** The numbers of those that were asked for a path. */
        List<Integer> asked(String path) {
            return asked.getOrDefault(path, List.of());
        }

        @Override
        public void play(int number, Exchange exchange) throws Exception {
            List<Integer> all = asked.compute(exchange.head().target(), (path, before) -> {
                List<Integer> more = new ArrayList<>(before == null ? List.of() : before);
                more.add(number);
                return List.copyOf(more);
            });
            if (all.size() > silent) {
                serve(number, exchange);
                return;
            }
            exchange.readBody();
            exchange.wire().ending();
            letGo.incrementAndGet();
        }
    }

    // ---- a backend that is down

    @Test
    void refusalsAreNoFailuresAndOfThoseTwoTakeABackendDown() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        everywhere("/refused", (number, exchange) -> exchange.answer("403 Forbidden", "not you"));
        for (int i = 0; i < 6; i++) {
            assertThat(ask(BalancedRoutes.UNFORGIVING, "/refused").body()).isEqualTo("not you");
            assertThat(handshake(BalancedRoutes.UNFORGIVING, "/refused").body()).isEqualTo("not you");
        }
        assertThat(answerers(BalancedRoutes.UNFORGIVING, "/", 6)).contains(0, 1, 2);
        backend(1).on("/", exchange -> exchange.answer("503 Service Unavailable", "I can't"));
        List<String> failures = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Answer answer = ask(BalancedRoutes.UNFORGIVING, "/");
            if (answer.status() == 503) {
                failures.add(answer.body());
            }
        }
        assertThat(failures).containsExactly("I can't", "I can't");
        for (int i = 0; i < 4; i++) {
            assertThat(handshake(BalancedRoutes.UNFORGIVING, "/").by()).isNotEqualTo(1);
            assertThat(send("POST", BalancedRoutes.UNFORGIVING, "/", SMALL).by())
                    .isNotEqualTo(1);
        }
        assertThat(fairlead().log())
                .anyMatch(line -> line.contains("127.0.0.1:" + backend(1).port()) && line.contains("down"));
    }

    @Test
    void aBackendThatWasDownIsTriedAfterAWhileAndGetsItsShareIfItIsBack() throws Exception {
        everywhere("/", ManyBackendsTest::serve);
        assertThat(answerers(BalancedRoutes.FORGIVING, "/", 3)).containsExactlyInAnyOrder(0, 1, 2);
        backend(1).kill();
        long killed = System.nanoTime();
        // Trials among them, which fail and cost nobody anything.
        eventually().until(() -> {
            assertThat(answerers(BalancedRoutes.FORGIVING, "/", 3)).containsOnly(0, 2);
            assertThat(handshake(BalancedRoutes.FORGIVING, "/").by()).isNotEqualTo(1);
            return System.nanoTime() - killed > Duration.ofMillis(1000).toNanos();
        });
        AtomicLong asked = new AtomicLong();
        int before = seen(1);
        backend(1).on("/", exchange -> {
            asked.compareAndSet(0, System.nanoTime());
            serve(1, exchange);
        });
        backend(1).revive();
        eventually().until(() -> ask(BalancedRoutes.FORGIVING, "/").by() == 1);
        assertThat(seen(1) - before).isEqualTo(1);
        assertThat(Duration.ofNanos(asked.get() - killed)).isGreaterThan(Duration.ofMillis(700));
        assertThat(Collections.frequency(answerers(BalancedRoutes.FORGIVING, "/", 12), 1))
                .isBetween(3, 5);
    }

    // ---- a backend that has enough to do

    @Test
    void whoComesWhenABackendHasEnoughWaitsAndBeyondThoseIsToldToComeBack() throws Exception {
        Held held = new Held();
        try (Tunnel tunnel = tunnel(BalancedRoutes.QUEUED, "/ws")) {
            CompletableFuture<Answer> first = Crew.call(() -> ask(BalancedRoutes.QUEUED, "/hold"));
            Crew.await(held.begun);
            assertFramedEcho(tunnel.client(), new byte[] {1});
            CompletableFuture<Answer> post = Crew.call(() -> send("POST", BalancedRoutes.QUEUED, "/next", SMALL));
            CompletableFuture<Answer> handshake = Crew.call(() -> handshake(BalancedRoutes.QUEUED, "/next"));
            assertRefused(Crew.await(post.applyToEither(handshake, either -> either)));
            assertThat(post.isDone() && handshake.isDone())
                    .as("both are refused")
                    .isFalse();
            held.over.complete(null);
            assertThat(Crew.await(first).status()).isEqualTo(200);
            assertThat(List.of(Crew.await(post).status(), Crew.await(handshake).status()))
                    .containsAnyOf(200, 101)
                    .contains(503);
            assertThat(send("POST", BalancedRoutes.QUEUED, "/next", SMALL).body())
                    .isEqualTo(SMALL);
        }
    }

    @Test
    void whateverWaitsIsServedWhenTheRequestBeforeItEnds() throws Exception {
        for (Callable<Answer> next : List.<Callable<Answer>>of(
                () -> ask(BalancedRoutes.QUEUED, "/next"),
                () -> handshake(BalancedRoutes.QUEUED, "/next"),
                () -> send("POST", BalancedRoutes.QUEUED, "/next", SMALL),
                () -> send("POST", BalancedRoutes.QUEUED, "/next", LARGE))) {
            Held held = new Held();
            CompletableFuture<Answer> first = Crew.call(() -> ask(BalancedRoutes.QUEUED, "/hold"));
            Crew.await(held.begun);
            CompletableFuture<Answer> second = Crew.call(next);
            held.over.complete(null);
            assertThat(Crew.await(first).status()).isEqualTo(200);
            assertThat(Crew.await(second).status()).isIn(200, 101);
        }
    }

    @Test
    void nobodyWaitsForLongerThanHeMay() throws Exception {
        Held held = new Held();
        CompletableFuture<Answer> first = Crew.call(() -> ask(BalancedRoutes.QUEUED_BRIEFLY, "/hold"));
        Crew.await(held.begun);
        long start = System.nanoTime();
        List<CompletableFuture<Answer>> waiting = List.of(
                Crew.call(() -> ask(BalancedRoutes.QUEUED_BRIEFLY, "/next")),
                Crew.call(() -> handshake(BalancedRoutes.QUEUED_BRIEFLY, "/next")),
                Crew.call(() -> send("POST", BalancedRoutes.QUEUED_BRIEFLY, "/next", SMALL)));
        for (CompletableFuture<Answer> one : waiting) {
            assertRefused(Crew.await(one));
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(290));
        assertThat(seen(0)).isEqualTo(1);
        held.over.complete(null);
        assertThat(Crew.await(first).status()).isEqualTo(200);
        eventually().until(() -> ask(BalancedRoutes.QUEUED_BRIEFLY, "/next").status() == 200);
    }

    private void assertRefused(Answer answer) {
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.head().value("Retry-After")).matches("[1-9][0-9]*");
        assertPlainError(answer.head(), answer.body());
    }

    /** A request at the path {@code /hold} of the first backend; one that comes to {@code /next} meanwhile is a fault. */
    private static final class Held {

        final CompletableFuture<Void> begun = new CompletableFuture<>();
        final CompletableFuture<Void> over = new CompletableFuture<>();

        Held() {
            backend(0).on("/ws", exchange -> serve(0, exchange));
            backend(0).on("/hold", exchange -> {
                begun.complete(null);
                Crew.await(over);
                serve(0, exchange);
            });
            backend(0).on("/next", exchange -> {
                assertThat(over.isDone())
                        .as("the request before this one is over")
                        .isTrue();
                serve(0, exchange);
            });
        }
    }
}
