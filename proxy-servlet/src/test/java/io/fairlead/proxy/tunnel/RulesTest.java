package io.fairlead.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.tunnel.FramedPeer.Seen;
import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a tunnel is closed for by its route's rules, and what it is not closed for. */
class RulesTest {

    private static final int BUFFER = 512;
    private static final int MEMORY = 64 * 1024;
    private static final Duration CLOSE = Duration.ofSeconds(5);
    private static final Duration PING = Duration.ofSeconds(20);
    private static final Duration PONG = Duration.ofSeconds(10);
    private static final FrameRules FRAMES_OF_300 = new FrameRules(false, 300, 0, 0);
    private static final FrameRules MESSAGES_OF_500 = new FrameRules(false, 0, 500, 0);
    private static final FrameRules LEGAL_ONLY = new FrameRules(true, 0, 0, 0);

    private final AtomicLong clock = new AtomicLong(1_000);
    private final Tunnels tunnels = new Tunnels(1, BUFFER, MEMORY, clock::get);
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

        Pair(Random random, FrameRules rules) {
            this(random, rules, Duration.ZERO, Duration.ZERO, new Object());
        }

        Pair(Random random, FrameRules rules, Duration pingInterval, Duration maxAge, Object owner) {
            this(random, 1 + random.nextInt(2 * BUFFER), rules, pingInterval, maxAge, owner);
        }

        Pair(Random random, int most, FrameRules rules, Duration pingInterval, Duration maxAge, Object owner) {
            client = new FramedPeer(random.nextLong(), most, true);
            backend = new FramedPeer(random.nextLong(), most, false);
            TunnelSettings settings = new TunnelSettings(
                    owner, null, "test", true, CLOSE, Duration.ZERO, CLOSE, pingInterval, PONG, maxAge, rules);
            Tunnel tunnel = tunnels.open(backend.leg, settings, "about", ends::add);
            assertThat(tunnel).isNotNull();
            tunnel.connect(client.leg);
        }

        private FramedPeer peer(boolean ofClient) {
            return ofClient ? client : backend;
        }
    }

    private static Seen frame(int opcode, boolean fin, int length) {
        return new Seen(opcode, fin, new byte[length]);
    }

    private static void answerClose(FramedPeer peer) {
        await().until(() -> peer.gotClose() != null);
        peer.close(1000);
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

    /** What may pass has passed before the Close, and nothing of what may not. */
    private void assertClosedBoth(Pair pair, boolean byClient, int legalFrames, int code, String reason) {
        FramedPeer offender = pair.peer(byClient);
        FramedPeer other = pair.peer(!byClient);
        answerClose(other);
        answerClose(offender);
        for (FramedPeer peer : List.of(offender, other)) {
            assertThat(peer.close().code()).isEqualTo(code);
            assertThat(peer.close().reason()).contains(reason);
        }
        TunnelEnd end = end();
        assertThat(end.reason()).isEqualTo(code == 1002 ? Reason.PROTOCOL : Reason.LIMIT);
        assertThat(end.cause()).hasMessageContaining(reason);
        other.assertLegal(offender);
        assertThat(other.got()).as("frames before the Close, and that").hasSize(legalFrames + 1);
        assertThat(offender.leg.misuses() + other.leg.misuses()).isZero();
    }

    @Test
    void aFrameThatIsTooLargeClosesBothByItsHead() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            Pair pair = new Pair(random, FRAMES_OF_300);
            boolean byClient = random.nextBoolean();
            FramedPeer offender = pair.peer(byClient);
            int before = random.nextInt(5);
            for (int i = 0; i < before; i++) {
                offender.send(frame(2, true, random.nextInt(301)));
            }
            // Its head and a byte only: nobody waits for the rest.
            byte[] tooLarge = offender.bytes(frame(2, true, 301));
            offender.leg.send(Arrays.copyOf(tooLarge, byClient ? 9 : 5));
            FramedPeer other = pair.peer(!byClient);
            await().until(() -> other.gotClose() != null && offender.gotClose() != null);
            offender.leg.send(Arrays.copyOfRange(tooLarge, byClient ? 9 : 5, tooLarge.length));
            assertClosedBoth(pair, byClient, before, 1009, "maxFrameSize");
        }
    }

    @Test
    void aMessageThatIsTooLargeClosesBothAtTheFrameThatCrossesTheLimit() {
        Random random = new Random(1);
        for (int round = 0; round < 100; round++) {
            Pair pair = new Pair(random, MESSAGES_OF_500);
            FramedPeer client = pair.client;
            client.send(frame(1, true, 500));
            client.send(frame(1, false, 300));
            client.send(frame(9, true, 100));
            client.send(frame(0, false, 200));
            client.leg.send(client.bytes(frame(0, true, 1)));
            assertClosedBoth(pair, true, 4, 1009, "maxMessageSize");
        }
    }

    @Test
    void aBreachWithTheSendersOwnCloseBehindItIsStillTold() {
        Random random = new Random(12);
        for (int round = 0; round < 50; round++) {
            Pair pair = new Pair(random, FRAMES_OF_300);
            byte[] tooLarge = pair.backend.bytes(frame(2, true, 301));
            pair.backend.leg.send(tooLarge);
            pair.backend.close(1000);
            answerClose(pair.client);
            assertThat(end().reason()).isEqualTo(Reason.LIMIT);
            assertThat(pair.client.close().code()).isEqualTo(1009);
            assertThat(pair.client.got()).hasSize(1);
        }
    }

    @Test
    void aCloseNeverGetsIntoAFrameThatLostBytesForWantOfMemory() {
        Random random = new Random(13);
        Object owner = new Object();
        Pair closing = new Pair(random, 1000 * BUFFER, FrameRules.NONE, Duration.ZERO, Duration.ZERO, owner);
        byte[] frame = closing.backend.bytes(frame(2, true, 5_000));
        closing.backend.leg.send(Arrays.copyOf(frame, 10));
        await().until(() -> closing.client.leg.received().length == 10);
        tunnels.drain(owner, Duration.ZERO, () -> {});
        tick(Duration.ofMillis(TunnelLoop.TICK_MILLIS));
        await().until(() -> closing.backend.gotClose() != null);
        while (ends.isEmpty()) {
            Pair slow = new Pair(random, 1000 * BUFFER, FrameRules.NONE, Duration.ZERO, Duration.ZERO, this);
            slow.client.leg.take(false);
            slow.backend.send(frame(2, true, 400));
            await().until(() -> slow.backend.leg.unread() == 0);
            turn();
            if (slow.client.leg.isClosed()) {
                answerClose(slow.backend);
                await().until(() -> !ends.isEmpty());
            }
        }
        ends.clear();
        closing.client.leg.take(false);
        closing.backend.leg.send(Arrays.copyOfRange(frame, 10, 510));
        await().until(() -> closing.client.leg.isClosed());
        closing.backend.leg.send(Arrays.copyOfRange(frame, 510, frame.length));
        closing.backend.close(1000);
        assertThat(end().reason()).isEqualTo(Reason.DRAINED);
        assertThat(closing.client.leg.received()).hasSize(10);
    }

    @Test
    void aStreamThatIsNoFramesIsClosedIfTheRouteWantsIt() {
        Random random = new Random(2);
        byte[][] faults = {
            {(byte) 0x83, (byte) 0x80, 0, 0, 0, 0}, // a reserved opcode
            {(byte) 0x82, 0x01, 7}, // a client's frame without a mask
            {0x00, (byte) 0x80, 0, 0, 0, 0}, // a continuation of nothing
            {(byte) 0x89, (byte) 0xfe, 0, 126, 0, 0, 0, 0}, // a long ping
            {(byte) 0x82, (byte) 0xfe, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5}, // a length in more bytes than it needs
        };
        for (byte[] fault : faults) {
            for (int round = 0; round < 20; round++) {
                Pair pair = new Pair(random, LEGAL_ONLY);
                pair.client.sendMessages(2);
                int legal = pair.client.sent.size();
                pair.client.leg.send(fault);
                FramedPeer backend = pair.backend;
                answerClose(backend);
                await().until(() -> pair.client.gotClose() != null);
                // It is not followed any further, so its own Close is not seen, but its end is.
                pair.client.leg.end();
                assertThat(end().reason()).isEqualTo(Reason.PROTOCOL);
                assertThat(backend.close().code()).isEqualTo(1002);
                assertThat(pair.client.close().code()).isEqualTo(1002);
                backend.assertLegal(pair.client);
                assertThat(backend.got()).hasSize(legal + 1);
            }
        }
    }

    @Test
    void whatKeepsTheRulesPassesAsItIs() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            Pair pair = new Pair(random, new FrameRules(true, 400, 800, 0));
            pair.client.sendMessages(random.nextInt(8));
            pair.backend.sendMessages(random.nextInt(8));
            await().until(() -> pair.client.got().size() == pair.backend.sent.size()
                    && pair.backend.got().size() == pair.client.sent.size());
            pair.client.assertLegal(pair.backend);
            pair.backend.assertLegal(pair.client);
            pair.client.close(1000);
            await().until(() -> pair.backend.gotClose() != null);
            pair.backend.close(1000);
            pair.backend.leg.end();
            await().until(() -> pair.client.leg.sawEnd());
            pair.client.leg.end();
            assertThat(end().reason()).as("seed %d", seed).isEqualTo(Reason.BACKEND_CLOSED);
        }
    }

    @Test
    void tooManyMessagesInASecondCloseBoth() {
        Pair pair = new Pair(new Random(3), new FrameRules(false, 0, 0, 10));
        for (int second = 0; second < 3; second++) {
            for (int i = 0; i < 10; i++) {
                pair.client.send(frame(1, true, 5));
            }
            int sent = pair.client.sent.size();
            await().until(() -> pair.backend.got().size() == sent);
            tick(Duration.ofSeconds(1));
        }
        // A backend may send what it likes.
        for (int i = 0; i < 50; i++) {
            pair.backend.send(frame(1, true, 5));
        }
        await().until(() -> pair.client.got().size() == 50);
        for (int i = 0; i < 21; i++) {
            pair.client.send(frame(1, true, 5));
        }
        answerClose(pair.backend);
        answerClose(pair.client);
        assertThat(end().reason()).isEqualTo(Reason.LIMIT);
        assertThat(pair.backend.close().code()).isEqualTo(1008);
        assertThat(pair.client.close().reason()).contains("maxMessageRate");
    }

    @Test
    void whatABackendsSlownessHeldUpWasSentInTime() {
        Pair pair = new Pair(
                new Random(4), 1000 * BUFFER, new FrameRules(false, 0, 0, 10), Duration.ZERO, Duration.ZERO, this);
        pair.backend.leg.take(false);
        pair.client.send(frame(1, true, 5));
        await().until(() -> pair.client.leg.unread() == 0);
        for (int i = 0; i < 60; i++) {
            tick(Duration.ofMillis(100));
            pair.client.send(frame(1, true, 5));
        }
        pair.backend.leg.take(true);
        await().until(() -> pair.backend.got().size() == 61);
        assertThat(pair.backend.gotClose()).isNull();
        assertThat(ends).isEmpty();
    }

    @Test
    void aTunnelForWhichThereIsNoMemoryEndsAndItsSenderIsToldToTryLater() {
        Random random = new Random(5);
        List<Pair> pairs = new ArrayList<>();
        while (ends.isEmpty()) {
            assertThat(pairs.size()).as("tunnels that hold a buffer").isLessThan(MEMORY / 50);
            Pair pair = new Pair(random, 1000 * BUFFER, FrameRules.NONE, Duration.ZERO, Duration.ZERO, this);
            pairs.add(pair);
            pair.client.leg.take(false);
            pair.backend.send(frame(2, true, 400));
            await().until(() -> pair.backend.leg.unread() == 0);
            turn();
            if (pair.client.leg.isClosed()) {
                answerClose(pair.backend);
                await().until(() -> !ends.isEmpty());
                assertThat(pair.backend.close().code()).isEqualTo(1013);
                assertThat(pair.backend.close().reason()).contains("tunnelMemory");
            }
        }
        assertThat(ends.remove(0).reason()).isEqualTo(Reason.LIMIT);
        // The others go on, and what is freed may be used again.
        for (Pair pair : pairs.subList(0, pairs.size() - 1)) {
            pair.client.leg.take(true);
            await().until(() -> pair.client.got().size() == 1);
        }
        assertThat(ends).isEmpty();
    }

    @Test
    void anOldTunnelIsClosedAndNoTwoAtOnce() {
        Duration age = Duration.ofHours(1);
        List<Pair> pairs = IntStream.range(0, 50)
                .mapToObj(i -> new Pair(new Random(i), 1000 * BUFFER, FrameRules.NONE, Duration.ZERO, age, this))
                .toList();
        pairs.forEach(pair -> pair.client.sendMessages(1));
        pairs.forEach(pair -> await().until(() -> pair.backend.got().size() == pair.client.sent.size()));
        tick(Duration.ofMinutes(54).minusSeconds(1));
        awaitTick();
        assertThat(pairs).noneMatch(pair -> pair.client.gotClose() != null);
        tick(Duration.ofMinutes(3));
        awaitTick();
        // Some legs take the Close in several turns.
        IntStream.range(0, 50).forEach(i -> turn());
        assertThat(pairs).anyMatch(pair -> pair.client.gotClose() != null);
        assertThat(pairs).anyMatch(pair -> pair.client.gotClose() == null);
        tick(Duration.ofMinutes(3).plusSeconds(1));
        for (Pair pair : pairs) {
            await().until(() -> pair.client.gotClose() != null);
            assertThat(pair.client.close().code()).isEqualTo(1001);
            assertThat(pair.client.close().reason()).contains("maxTunnelAge");
        }
        tick(CLOSE);
        await().until(() -> ends.size() == pairs.size());
        assertThat(ends).allMatch(end -> end.reason() == Reason.AGE);
    }

    /** Until the loop has done what it has to do now. */
    private void turn() {
        CountDownLatch turn = new CountDownLatch(1);
        // It passes through the loop's thread.
        tunnels.drain(new Object(), Duration.ZERO, turn::countDown);
        await().until(() -> turn.getCount() == 0);
    }

    /** Until all tunnels were looked at after the last tick. */
    private void awaitTick() {
        // The loop may be in a turn of before the tick, and looks at the tunnels behind what passes.
        turn();
        turn();
        turn();
    }

    @Test
    void aDrainSpreadsTheEndsEvenly() {
        Object owner = new Object();
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            pairs.add(new Pair(new Random(i), FrameRules.NONE, Duration.ZERO, Duration.ZERO, owner));
        }
        Pair stranger = new Pair(new Random(7), FrameRules.NONE);
        pairs.forEach(pair -> pair.client.sendMessages(1));
        pairs.forEach(pair -> await().until(() -> pair.backend.got().size() == pair.client.sent.size()));
        CountDownLatch drained = new CountDownLatch(1);
        tunnels.drain(owner, Duration.ofSeconds(100), drained::countDown);
        for (int second = 1; second <= 100; second++) {
            int due = second;
            tick(Duration.ofSeconds(1));
            await().until(() -> pairs.stream()
                            .filter(pair -> pair.client.gotClose() != null)
                            .count()
                    >= Math.min(due, 100));
            for (Pair pair : pairs) {
                if (pair.client.gotClose() != null && !pair.client.leg.isClosed()) {
                    assertThat(pair.client.close().code()).isEqualTo(1012);
                    pair.client.close(1012);
                    answerClose(pair.backend);
                    await().until(() -> pair.client.leg.isClosed());
                }
            }
            assertThat(ends.size()).isLessThanOrEqualTo(due + 1);
        }
        await().until(() -> drained.getCount() == 0);
        assertThat(ends).hasSize(100).allMatch(end -> end.reason() == Reason.DRAINED);
        assertThat(stranger.client.gotClose()).isNull();
    }

    @Test
    void aDrainCanBeTakenBack() {
        Object owner = new Object();
        Pair first = new Pair(new Random(1), FrameRules.NONE, Duration.ZERO, Duration.ZERO, owner);
        Pair second = new Pair(new Random(2), FrameRules.NONE, Duration.ZERO, Duration.ZERO, owner);
        for (Pair pair : List.of(first, second)) {
            pair.client.sendMessages(1);
            await().until(() -> pair.backend.got().size() == pair.client.sent.size());
        }
        tunnels.drain(owner, Duration.ofSeconds(100), () -> {});
        tick(Duration.ofSeconds(1));
        await().until(() -> first.client.gotClose() != null || second.client.gotClose() != null);
        tunnels.stay(owner);
        tick(Duration.ofSeconds(200));
        await().until(() -> ends.size() == 1);
        awaitTick();
        assertThat(ends).hasSize(1);
        assertThat(tunnels.count()).isEqualTo(1);
    }

    @Test
    void aPeerThatTakesNothingAndSaysNothingIsDead() {
        Pair pair = new Pair(new Random(6), FrameRules.NONE, PING, Duration.ZERO, this);
        pair.client.leg.take(false);
        pair.backend.send(frame(2, true, 400));
        pair.backend.send(frame(2, true, 400));
        pair.backend.send(frame(2, true, 400));
        await().until(() -> pair.backend.leg.unread() < 3 * 404);
        tick(PING.plus(PONG).minusSeconds(1));
        awaitTick();
        assertThat(ends).isEmpty();
        tick(Duration.ofSeconds(1));
        await().until(() -> pair.client.leg.isClosed());
        tick(CLOSE);
        TunnelEnd end = end();
        assertThat(end.reason()).isEqualTo(Reason.CLIENT_FAILED);
        assertThat(end.cause()).isInstanceOf(SocketTimeoutException.class);
    }

    @Test
    void aClientWhoseBackendIsSlowIsNotDead() {
        Pair pair = new Pair(new Random(8), FrameRules.NONE, PING, Duration.ZERO, this);
        pair.backend.leg.take(false);
        for (int i = 0; i < 10; i++) {
            pair.client.send(frame(2, true, 400));
        }
        // Nobody reads what the client sends, its pongs neither; the backend sends, so it lives.
        for (int i = 0; i < 10; i++) {
            tick(PONG);
            pair.backend.send(frame(2, true, 10));
            int sent = pair.backend.sent.size();
            await().until(() -> pair.client.got().stream()
                            .filter(frame -> frame.opcode() == 2)
                            .count()
                    == sent);
        }
        awaitTick();
        assertThat(ends).isEmpty();
        assertThat(pair.client.gotClose()).isNull();
    }
}
