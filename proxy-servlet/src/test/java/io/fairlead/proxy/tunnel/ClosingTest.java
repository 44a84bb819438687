package io.fairlead.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.tunnel.FramedPeer.Seen;
import io.fairlead.proxy.tunnel.TunnelAccount.RoundTrip;
import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the peers of a WebSocket tunnel get when it ends: whole frames, then a Close frame, then nothing. */
class ClosingTest {

    private static final int BUFFER = 512;
    private static final Duration IDLE = Duration.ofMinutes(1);
    private static final Duration CLOSE = Duration.ofSeconds(5);
    private static final Duration PING = Duration.ofSeconds(20);
    private static final Duration PONG = Duration.ofSeconds(10);
    private static final Duration TRIP = Duration.ofMillis(8);

    private final AtomicLong clock = new AtomicLong(1_000);
    private final Tunnels tunnels = new Tunnels(1, BUFFER, 1 << 20, clock::get);
    private final List<TunnelEnd> ends = new CopyOnWriteArrayList<>();

    private static ConditionFactory await() {
        return Awaitility.await().pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(1));
    }

    @AfterEach
    void everythingIsClosedAtTheEnd() {
        tunnels.close();
        assertThat(tunnels.count()).isZero();
    }

    private final class Pair {
        private final FramedPeer client;
        private final FramedPeer backend;
        private final Object owner = new Object();

        Pair(Random random, Duration pingInterval) {
            int most = 1 + random.nextInt(2 * BUFFER);
            client = new FramedPeer(random.nextLong(), most, true);
            backend = new FramedPeer(random.nextLong(), most, false);
            open(pingInterval).connect(client.leg);
        }

        /** Whose client has not come yet. */
        Pair() {
            client = new FramedPeer(1, BUFFER, true);
            backend = new FramedPeer(2, BUFFER, false);
        }

        Tunnel open(Duration pingInterval) {
            TunnelSettings settings = new TunnelSettings(
                    owner, null, "test", true, CLOSE, IDLE, CLOSE, pingInterval, PONG, Duration.ZERO, FrameRules.NONE);
            Tunnel tunnel = tunnels.open(backend.leg, settings, "about", ends::add);
            assertThat(tunnel).isNotNull();
            return tunnel;
        }

        void answerClose(FramedPeer peer) {
            await().until(() -> peer.gotClose() != null);
            peer.close(1000);
        }
    }

    private static void joined(Pair pair) {
        pair.client.sendMessages(1);
        await().until(() -> pair.backend.got().size() == pair.client.sent.size());
    }

    private TunnelEnd end() {
        await().until(() -> !ends.isEmpty());
        assertThat(ends).hasSize(1);
        return ends.remove(0);
    }

    private void tick(Duration later) {
        clock.addAndGet(later.toNanos());
        // Wakes the loop.
        tunnels.stay(new Object());
    }

    private enum Absence {
        ABANDONED,
        LATE,
        SHUTDOWN
    }

    @ParameterizedTest
    @EnumSource
    void aBackendWhoseClientNeverComesGetsAClose(Absence absence) {
        Pair pair = new Pair();
        Tunnel tunnel = pair.open(Duration.ZERO);
        CompletableFuture<Boolean> closed = CompletableFuture.completedFuture(true);
        switch (absence) {
            case ABANDONED -> tunnel.abandon();
            case LATE -> tick(CLOSE);
            case SHUTDOWN ->
                closed = CompletableFuture.supplyAsync(() -> tunnels.close(pair.owner, Duration.ofSeconds(20)));
        }
        await().until(() -> pair.backend.gotClose() != null);
        assertThat(pair.backend.close().code()).isEqualTo(1001);
        assertThat(pair.backend.close().reason()).isEqualTo("the client is gone");
        assertThat(ends).isEmpty();
        tunnel.connect(pair.client.leg);
        assertThat(pair.client.leg.wasReset()).isTrue();
        pair.backend.close(1001);
        assertThat(end().reason()).isEqualTo(absence == Absence.SHUTDOWN ? Reason.SHUTDOWN : Reason.NOT_CONNECTED);
        assertThat(closed.join()).isTrue();
        assertThat(pair.backend.leg.isClosed()).isTrue();
        assertThat(pair.backend.leg.wasReset()).isFalse();
    }

    @Test
    void aBackendWhoseClientNeverComesAndThatSaysNothingIsLetGo() {
        Pair pair = new Pair();
        pair.open(Duration.ZERO).abandon();
        await().until(() -> pair.backend.gotClose() != null);
        tick(CLOSE);
        assertThat(end().reason()).isEqualTo(Reason.NOT_CONNECTED);
        assertThat(pair.backend.leg.isClosed()).isTrue();
    }

    private enum Cause {
        SHUTDOWN,
        IDLE,
        BACKEND_RESET,
        CLIENT_RESET
    }

    @ParameterizedTest
    @EnumSource
    void bothPeersGetWholeFramesAndAClose(Cause cause) {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            Pair pair = new Pair(random, Duration.ZERO);
            pair.client.sendMessages(random.nextInt(6));
            pair.backend.sendMessages(random.nextInt(6));
            CompletableFuture<Boolean> closed = CompletableFuture.completedFuture(true);
            switch (cause) {
                case SHUTDOWN ->
                    closed = CompletableFuture.supplyAsync(() -> tunnels.close(pair.owner, Duration.ofSeconds(20)));
                case IDLE -> {
                    await().until(() -> pair.client.leg.unread() == 0 && pair.backend.leg.unread() == 0);
                    tick(IDLE);
                }
                case BACKEND_RESET -> pair.backend.leg.failReads(new SocketException("Connection reset"));
                case CLIENT_RESET -> pair.client.leg.failReads(new SocketException("Connection reset"));
            }
            if (cause != Cause.CLIENT_RESET) {
                pair.answerClose(pair.client);
            }
            if (cause != Cause.BACKEND_RESET) {
                pair.answerClose(pair.backend);
            }
            TunnelEnd end = end();
            assertThat(closed.join()).as("seed %d", seed).isTrue();
            if (cause != Cause.CLIENT_RESET) {
                pair.client.assertLegal(pair.backend);
                assertThat(pair.client.close().code())
                        .isEqualTo(
                                switch (cause) {
                                    case SHUTDOWN -> 1012;
                                    case IDLE -> 1001;
                                    default -> 1011;
                                });
            }
            if (cause != Cause.BACKEND_RESET) {
                pair.backend.assertLegal(pair.client);
                assertThat(pair.backend.close().code()).isEqualTo(cause == Cause.SHUTDOWN ? 1012 : 1001);
            }
            assertThat(end.reason())
                    .isEqualTo(
                            switch (cause) {
                                case SHUTDOWN -> Reason.SHUTDOWN;
                                case IDLE -> Reason.IDLE;
                                case BACKEND_RESET -> Reason.BACKEND_FAILED;
                                case CLIENT_RESET -> Reason.CLIENT_FAILED;
                            });
            assertThat(pair.client.leg.isClosed() && pair.backend.leg.isClosed())
                    .isTrue();
            assertThat(pair.client.leg.wasReset() || pair.backend.leg.wasReset())
                    .isFalse();
            assertThat(pair.client.leg.misuses() + pair.backend.leg.misuses()).isZero();
        }
    }

    @Test
    void aPeerThatDoesNotAnswerTheCloseHasCloseTimeout() {
        Pair pair = new Pair(new Random(1), Duration.ZERO);
        joined(pair);
        tick(IDLE);
        pair.answerClose(pair.client);
        await().until(() -> pair.backend.gotClose() != null);
        assertThat(ends).isEmpty();
        tick(CLOSE);
        assertThat(end().reason()).isEqualTo(Reason.IDLE);
    }

    @Test
    void theClientsConnectionIsClosedFirstAndTheBackendClosesItsOwn() {
        Pair pair = new Pair(new Random(8), Duration.ZERO);
        joined(pair);
        tick(IDLE);
        pair.answerClose(pair.client);
        await().until(() -> pair.client.leg.isClosed());
        await().until(() -> pair.backend.gotClose() != null);
        pair.backend.send(new Seen(8, true, new byte[] {3, (byte) 0xe8}));
        await().until(() -> pair.backend.leg.unread() == 0);
        assertThat(pair.backend.leg.isClosed()).isFalse();
        assertThat(ends).isEmpty();
        pair.backend.leg.end();
        assertThat(end().reason()).isEqualTo(Reason.IDLE);
        assertThat(pair.backend.leg.isClosed()).isTrue();
    }

    @Test
    void withinAFrameNobodyIsTold() {
        Pair pair = new Pair(new Random(2), Duration.ZERO);
        byte[] frame = pair.backend.bytes(new Seen(2, true, new byte[100]));
        pair.backend.leg.send(java.util.Arrays.copyOf(frame, 50));
        await().until(() -> pair.client.leg.received().length == 50);
        pair.backend.leg.failReads(new SocketException("Connection reset"));
        assertThat(end().reason()).isEqualTo(Reason.BACKEND_FAILED);
        assertThat(pair.client.leg.received()).hasSize(50);
        assertThat(pair.client.leg.isClosed()).isTrue();
    }

    @Test
    void aFrameThatIsUnderWayIsFinishedBeforeTheClose() {
        Pair pair = new Pair(new Random(3), Duration.ZERO);
        Seen frame = new Seen(2, true, new byte[300]);
        byte[] bytes = pair.backend.bytes(frame);
        pair.backend.sent.add(frame);
        pair.backend.leg.send(java.util.Arrays.copyOf(bytes, 50));
        await().until(() -> pair.client.leg.received().length == 50);
        tick(IDLE);
        await().until(() -> pair.backend.gotClose() != null);
        assertThat(pair.client.gotClose()).isNull();
        pair.backend.leg.send(java.util.Arrays.copyOfRange(bytes, 50, bytes.length));
        pair.backend.sendMessages(3);
        pair.backend.close(1001);
        pair.answerClose(pair.client);
        end();
        pair.client.assertLegal(pair.backend);
        assertThat(pair.client.got()).hasSize(2);
    }

    @Test
    void aBackendThatEndsWithoutACloseIsReported() {
        Pair pair = new Pair(new Random(4), Duration.ZERO);
        pair.backend.sendMessages(2);
        pair.backend.leg.end();
        pair.answerClose(pair.client);
        pair.client.leg.end();
        TunnelEnd end = end();
        assertThat(end.reason()).isEqualTo(Reason.BACKEND_CLOSED);
        assertThat(end.account().closedBy())
                .as("the client's Close answers the proxy's")
                .isNull();
        pair.client.assertLegal(pair.backend);
        assertThat(pair.client.close().code()).isEqualTo(1011);
        assertThat(pair.client.close().reason()).isEqualTo("the backend is gone");
    }

    @Test
    void theClosesOfThePeersThemselvesAreTheirs() {
        Pair pair = new Pair(new Random(5), Duration.ZERO);
        pair.client.close(4711);
        await().until(() -> pair.backend.gotClose() != null);
        pair.backend.close(4712);
        pair.backend.leg.end();
        await().until(() -> pair.client.leg.sawEnd());
        pair.client.leg.end();
        TunnelEnd end = end();
        assertThat(end.reason()).isEqualTo(Reason.BACKEND_CLOSED);
        assertThat(end.toBackend().closeCode()).isEqualTo(4711);
        assertThat(end.toClient().closeCode()).isEqualTo(4712);
        assertThat(end.account().closedBy()).as("whoever's stream ended first").isEqualTo(TunnelAccount.Peer.CLIENT);
        assertThat(pair.client.got()).hasSize(1);
        assertThat(pair.backend.got()).hasSize(1);
    }

    @Test
    void aBackendsCloseIsItsOwnWhateverTheClientDoesThen() {
        Pair pair = new Pair(new Random(8), Duration.ZERO);
        pair.backend.close(4001);
        pair.answerClose(pair.client);
        await().until(() -> pair.backend.gotClose() != null);
        pair.client.leg.failReads(new SocketException("Connection reset"));
        TunnelEnd end = end();
        assertThat(end.reason()).isEqualTo(Reason.CLIENT_FAILED);
        assertThat(end.account().closedBy()).isEqualTo(TunnelAccount.Peer.BACKEND);
    }

    @Test
    void nothingPassesBehindAPeersOwnClose() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            Pair pair = new Pair(random, Duration.ZERO);
            pair.client.sendMessages(random.nextInt(3));
            pair.client.close(1000);
            int legal = pair.client.sent.size();
            pair.client.sendMessages(2);
            await().until(() -> pair.backend.gotClose() != null && pair.client.leg.unread() == 0);
            pair.backend.close(1000);
            await().until(() -> pair.client.leg.sawEnd());
            pair.client.leg.end();
            assertThat(end().reason()).as("seed %d", seed).isEqualTo(Reason.BACKEND_CLOSED);
            assertThat(pair.backend.got()).hasSize(legal);
            pair.backend.assertLegal(pair.client);
        }
    }

    @Test
    void aPeersCloseThatIsNotAnsweredHasCloseTimeout() {
        Pair pair = new Pair(new Random(9), Duration.ZERO);
        pair.client.close(1000);
        await().until(() -> pair.backend.gotClose() != null);
        tick(CLOSE);
        assertThat(end().reason()).isEqualTo(Reason.CLIENT_CLOSED);
    }

    @Test
    void aBackendThatTakesNoMoreIsToldToTheClient() {
        Pair pair = new Pair(new Random(10), Duration.ZERO);
        joined(pair);
        pair.backend.leg.failWrites(new SocketException("Broken pipe"));
        pair.backend.leg.end();
        pair.client.sendMessages(1);
        await().until(() -> pair.client.gotClose() != null);
        assertThat(pair.client.close().code()).isEqualTo(1011);
        pair.client.leg.end();
        assertThat(end().reason()).isIn(Reason.BACKEND_FAILED, Reason.BACKEND_CLOSED);
    }

    @Test
    void aSideThatFailsWhileItIsToldLeavesTheOtherItsClose() {
        Pair pair = new Pair(new Random(11), Duration.ZERO);
        joined(pair);
        tick(IDLE);
        await().until(() -> pair.client.gotClose() != null && pair.backend.gotClose() != null);
        pair.backend.leg.failReads(new SocketException("Connection reset"));
        await().until(() -> pair.backend.leg.isClosed());
        assertThat(ends).isEmpty();
        pair.client.close(1001);
        assertThat(end().reason()).isEqualTo(Reason.IDLE);
        assertThat(pair.client.leg.misuses() + pair.backend.leg.misuses()).isZero();
    }

    // ---- pings

    private static void awaitPing(FramedPeer peer, int count) {
        await().until(() ->
                peer.got().stream().filter(frame -> frame.opcode() == 9).count() == count);
    }

    @Test
    void bothPeersArePingedAndAPongIsASignOfLife() {
        Pair pair = new Pair(new Random(6), PING);
        joined(pair);
        for (int i = 1; i <= 2; i++) {
            tick(PING);
            awaitPing(pair.client, i);
            awaitPing(pair.backend, i);
            for (FramedPeer peer : List.of(pair.client, pair.backend)) {
                List<Seen> got = peer.got();
                Seen ping = got.stream()
                        .filter(frame -> frame.opcode() == 9)
                        .reduce((a, b) -> b)
                        .orElseThrow();
                tick(i == 1 ? TRIP : TRIP.multipliedBy(9));
                peer.leg.send(peer.bytes(new Seen(10, true, ping.payload())));
                await().until(() -> peer.leg.unread() == 0);
            }
        }
        TunnelAccount account = tunnels.list(pair.owner, Duration.ofSeconds(10)).get(0);
        assertThat(account.clientRoundTrip())
                .usingRecursiveComparison()
                .isEqualTo(new RoundTrip(TRIP.multipliedBy(9), TRIP.multipliedBy(2)));
        assertThat(account.backendRoundTrip())
                .as("answered after the client's")
                .usingRecursiveComparison()
                .isEqualTo(new RoundTrip(TRIP.multipliedBy(18), TRIP.multipliedBy(4)));
        assertThat(account.toClient().pongs()).isEqualTo(2);
        // A minute has gone. Answers are no use of the tunnel.
        tick(PING);
        await().until(() -> pair.client.gotClose() != null);
        assertThat(pair.client.close().reason()).contains("tunnelIdleTimeout");
        tick(CLOSE);
        assertThat(end().reason()).isEqualTo(Reason.IDLE);
    }

    /** A client's leg that another thread writes to: what it has taken is out only when the loop has had its turn. */
    private static final class RelayedLeg extends StubLeg {
        private Runnable ready = () -> {};
        private boolean underWay;

        @Override
        public void onReady(Runnable enqueue) {
            ready = enqueue;
        }

        @Override
        public void write(ByteBuffer from) {
            underWay |= from.hasRemaining();
            super.write(from);
        }

        @Override
        public boolean flush() {
            if (underWay) {
                underWay = false;
                ready.run();
                return false;
            }
            return true;
        }
    }

    @Test
    void theClientsPingThatIsUnderWayHindersNotTheBackends() {
        Pair pair = new Pair();
        pair.open(PING).connect(new RelayedLeg());
        await().until(() -> tunnels.list(pair.owner, Duration.ofSeconds(10)).size() == 1);
        tick(PING);
        awaitPing(pair.backend, 1);
    }

    @Test
    void aPeerThatAnswersNothingIsDead() {
        Pair pair = new Pair(new Random(7), PING);
        joined(pair);
        tick(PING);
        awaitPing(pair.client, 1);
        awaitPing(pair.backend, 1);
        pair.client.sendMessages(1);
        await().until(() -> pair.client.leg.unread() == 0);
        tick(PONG);
        pair.answerClose(pair.client);
        TunnelEnd end = end();
        assertThat(end.reason()).isEqualTo(Reason.BACKEND_FAILED);
        assertThat(end.cause()).isInstanceOf(SocketTimeoutException.class).hasMessageContaining("pongTimeout");
        assertThat(pair.client.close().code()).isEqualTo(1011);
    }
}
