package io.fairlead.proxy.tunnel;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import java.io.IOException;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TunnelTest {

    private static final int BUFFER = 512;

    private final AtomicLong clock = new AtomicLong(1_000);
    private final Tunnels tunnels = new Tunnels(1, BUFFER, 1 << 20, () -> clock.get());
    private final List<TunnelEnd> ends = new CopyOnWriteArrayList<>();
    private final Object owner = new Object();

    @AfterEach
    void everythingIsClosedAtTheEnd() {
        tunnels.close();
        assertThat(tunnels.count()).isZero();
    }

    private TunnelSettings settings(boolean framed) {
        return new TunnelSettings(
                owner,
                null,
                "test",
                framed,
                Duration.ofSeconds(5),
                Duration.ofMinutes(1),
                Duration.ofSeconds(5),
                Duration.ZERO,
                Duration.ofSeconds(2),
                Duration.ZERO,
                FrameRules.NONE);
    }

    private record Pair(PipeLeg client, PipeLeg backend, Tunnel tunnel) {}

    private Pair open(long seed, int most, boolean framed) {
        PipeLeg client = new PipeLeg(seed, most);
        PipeLeg backend = new PipeLeg(seed + 1, most);
        Tunnel tunnel = tunnels.open(backend, settings(framed), "about", ends::add);
        assertThat(tunnel).isNotNull();
        return new Pair(client, backend, tunnel);
    }

    private Pair connected() {
        Pair pair = open(1, BUFFER, false);
        pair.tunnel().connect(pair.client());
        return pair;
    }

    private TunnelEnd end() {
        await().until(() -> !ends.isEmpty());
        assertThat(ends).hasSize(1);
        assertThat(tunnels.count()).isZero();
        return ends.get(0);
    }

    private void tick(Duration later) {
        clock.addAndGet(later.toNanos());
    }

    private static byte[] bytes(Random random, int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Bytes that are no frames, from the first on, so that nothing in them can be taken for a Close. */
    private static byte[] noFrames(Random random) {
        byte[] bytes = bytes(random, 1 + random.nextInt(20_000));
        bytes[0] = (byte) 0xff;
        return bytes;
    }

    @Test
    void bytesPassBothWaysInAnyPieces() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int round = 0; round < 40; round++) {
            ends.clear();
            byte[] up = noFrames(random);
            byte[] down = noFrames(random);
            Pair pair = open(random.nextLong(), 1 + random.nextInt(2 * BUFFER), random.nextBoolean());
            pair.backend().send(down);
            pair.tunnel().connect(pair.client());
            pair.client().send(up);
            pair.client().end();
            pair.backend().end();
            TunnelEnd end = end();
            assertThat(pair.backend().received())
                    .as("up, seed %s round %s", seed, round)
                    .isEqualTo(up);
            assertThat(pair.client().received())
                    .as("down, seed %s round %s", seed, round)
                    .isEqualTo(down);
            assertThat(end.reason()).isIn(Reason.CLIENT_CLOSED, Reason.BACKEND_CLOSED);
            assertThat(end.toBackend().bytes()).isEqualTo(up.length);
            assertThat(end.toClient().bytes()).isEqualTo(down.length);
            assertThat(pair.client().misuses() + pair.backend().misuses()).isZero();
            assertThat(pair.client().wasReset() || pair.backend().wasReset()).isFalse();
        }
    }

    private record Promise(PipeLeg client, Tunnel tunnel, List<byte[]> taken, AtomicLong closes) {}

    private Promise promised() {
        List<byte[]> taken = new CopyOnWriteArrayList<>();
        AtomicLong closes = new AtomicLong();
        Tunnel tunnel = tunnels.open(
                new PromisedLeg(8, taken::add, closes::incrementAndGet), settings(false), "about", ends::add);
        assertThat(tunnel).isNotNull();
        return new Promise(new PipeLeg(7, 3), tunnel, taken, closes);
    }

    @Test
    void aBackendThatWaitsForBytesGetsExactlyTheseBeforeItsLegIsThere() {
        Promise promise = promised();
        promise.tunnel().connect(promise.client());
        promise.client().send("1234567".getBytes(US_ASCII));
        await().until(() -> promise.client().unread() == 0);
        assertThat(promise.taken()).isEmpty();
        promise.client().send("8 and more".getBytes(US_ASCII));
        promise.client().end();
        await().until(() -> !promise.taken().isEmpty());
        PipeLeg backend = new PipeLeg(8, 3);
        backend.send("answer".getBytes(US_ASCII));
        promise.tunnel().fulfil(backend);
        await().until(backend::sawEnd);
        backend.end();
        assertThat(end().reason()).isEqualTo(Reason.CLIENT_CLOSED);
        assertThat(promise.taken()).containsExactly("12345678".getBytes(US_ASCII));
        assertThat(backend.received()).asString(US_ASCII).isEqualTo(" and more");
        assertThat(promise.client().received()).asString(US_ASCII).isEqualTo("answer");
        assertThat(promise.closes()).hasValue(0);
        assertThat(promise.client().misuses() + backend.misuses()).isZero();
    }

    @Test
    void aLegThatComesBeforeTheClientsIsTheBackends() {
        Promise promise = promised();
        PipeLeg backend = new PipeLeg(8, 3);
        promise.tunnel().fulfil(backend);
        promise.tunnel().connect(promise.client());
        promise.client().send("12345678".getBytes(US_ASCII));
        await().until(() -> backend.received().length == 8);
        assertThat(promise.taken()).isEmpty();
    }

    @Test
    void aBrokenPromiseEndsTheClientsSideToo() {
        Promise promise = promised();
        promise.tunnel().connect(promise.client());
        promise.client().send("12345678".getBytes(US_ASCII));
        await().until(() -> !promise.taken().isEmpty());
        promise.tunnel().breakPromise(new IOException("refused"));
        assertThat(end().reason()).isEqualTo(Reason.BACKEND_FAILED);
        assertThat(promise.client().wasReset()).isTrue();
        assertThat(promise.closes()).hasValue(1);
    }

    @Test
    void aLegThatComesAfterTheEndIsReset() {
        Promise promise = promised();
        promise.tunnel().connect(promise.client());
        promise.client().failReads(new SocketException("reset"));
        assertThat(end().reason()).isEqualTo(Reason.CLIENT_FAILED);
        assertThat(promise.closes()).hasValue(1);
        PipeLeg backend = new PipeLeg(8, 3);
        promise.tunnel().fulfil(backend);
        await().until(backend::wasReset);
    }

    @Test
    void aSlowReaderStopsTheReadingOfItsSource() {
        Pair pair = connected();
        pair.client().take(false);
        pair.backend().send(new byte[10 * BUFFER]);
        await().until(() -> pair.backend().unread() < 10 * BUFFER);
        // The other direction goes on, and by the time its byte is here the first one had its turns.
        pair.client().send(new byte[] {1});
        await().until(() -> pair.backend().received().length == 1);
        assertThat(pair.backend().unread()).isGreaterThanOrEqualTo(8 * BUFFER);
        pair.client().take(true);
        await().until(() -> pair.client().received().length == 10 * BUFFER);
    }

    @Test
    void lastBytesArriveAfterTheOtherSideHasEndedItsStream() {
        Pair pair = connected();
        pair.client().send(new byte[] {1, 2, 3});
        pair.client().end();
        await().until(() -> pair.backend().sawEnd());
        assertThat(pair.backend().received()).containsExactly(1, 2, 3);
        pair.backend().send(new byte[] {4, 5});
        pair.backend().end();
        assertThat(end().reason()).isEqualTo(Reason.CLIENT_CLOSED);
        assertThat(pair.client().received()).containsExactly(4, 5);
    }

    @Test
    void aBackendThatEndsFirstIsNamed() {
        Pair pair = connected();
        pair.backend().end();
        await().until(() -> pair.client().sawEnd());
        pair.client().end();
        assertThat(end().reason()).isEqualTo(Reason.BACKEND_CLOSED);
    }

    @Test
    void aFailureOfARawSideResetsTheOther() {
        Pair pair = connected();
        IOException failure = new SocketException("Connection reset");
        pair.client().failReads(failure);
        TunnelEnd end = end();
        assertThat(end.reason()).isEqualTo(Reason.CLIENT_FAILED);
        assertThat(end.cause()).isSameAs(failure);
        assertThat(pair.backend().wasReset()).isTrue();
        assertThat(pair.client().isClosed()).isTrue();
    }

    @Test
    void whatASideSentBeforeItTookNoMoreIsDelivered() {
        Pair pair = connected();
        pair.client().take(false);
        byte[] goodbye = bytes(new Random(7), 5 * BUFFER);
        pair.backend().send(goodbye);
        await().until(() -> pair.backend().unread() < goodbye.length);
        pair.backend().failWrites(new IOException("Broken pipe"));
        pair.client().send(new byte[] {1});
        await().until(() -> pair.client().unread() == 0);
        pair.client().take(true);
        await().until(() -> pair.client().received().length == goodbye.length);
        assertThat(ends).isEmpty();
        pair.backend().end();
        TunnelEnd end = end();
        assertThat(end.reason()).isEqualTo(Reason.BACKEND_FAILED);
        assertThat(end.cause()).hasMessage("Broken pipe");
        assertThat(pair.client().received()).isEqualTo(goodbye);
    }

    @Test
    void silenceEndsTheTunnelAndAnyByteProlongsIt() {
        Pair pair = connected();
        pair.client().send(new byte[] {1});
        await().until(() -> pair.backend().received().length == 1);
        tick(Duration.ofSeconds(50));
        pair.backend().send(new byte[] {2});
        await().until(() -> pair.client().received().length == 1);
        tick(Duration.ofSeconds(50));
        pair.client().send(new byte[] {3});
        await().until(() -> pair.backend().received().length == 2);
        assertThat(ends).isEmpty();
        tick(Duration.ofSeconds(61));
        assertThat(end().reason()).isEqualTo(Reason.IDLE);
        assertThat(pair.client().isClosed() && pair.backend().isClosed()).isTrue();
        assertThat(pair.client().wasReset() || pair.backend().wasReset()).isFalse();
    }

    @Test
    void aHalfClosedTunnelIsNotKeptInSilence() {
        Pair pair = connected();
        pair.client().end();
        await().until(() -> pair.backend().sawEnd());
        tick(Duration.ofSeconds(4));
        pair.backend().send(new byte[] {1});
        await().until(() -> pair.client().received().length == 1);
        assertThat(ends).isEmpty();
        tick(Duration.ofSeconds(6));
        assertThat(end().reason()).isEqualTo(Reason.IDLE);
    }

    @Test
    void aBackendWhoseClientNeverComesIsLetGo() {
        Pair pair = open(1, BUFFER, false);
        await().until(() -> tunnels.count() == 1);
        tick(Duration.ofSeconds(6));
        assertThat(end().reason()).isEqualTo(Reason.NOT_CONNECTED);
        assertThat(pair.backend().isClosed()).isTrue();
        pair.tunnel().connect(pair.client());
        assertThat(pair.client().isClosed()).isTrue();
    }

    @Test
    void abandonLetsTheBackendGo() {
        Pair pair = open(1, BUFFER, false);
        pair.tunnel().abandon();
        assertThat(end().reason()).isEqualTo(Reason.NOT_CONNECTED);
        assertThat(pair.backend().wasReset()).isTrue();
    }

    @Test
    void abandonAfterConnectHasNoEffect() {
        Pair pair = connected();
        pair.tunnel().abandon();
        pair.client().send(new byte[] {1});
        await().until(() -> pair.backend().received().length == 1);
        assertThat(ends).isEmpty();
    }

    @Test
    void anOwnersTunnelsAreClosedBeforeCloseReturns() {
        Pair pair = connected();
        PipeLeg strangersBackend = new PipeLeg(5, BUFFER);
        TunnelSettings strangers = new TunnelSettings(
                new Object(),
                null,
                "other",
                false,
                Duration.ofSeconds(5),
                Duration.ZERO,
                Duration.ofSeconds(5),
                Duration.ZERO,
                Duration.ofSeconds(2),
                Duration.ZERO,
                FrameRules.NONE);
        Tunnel stranger = tunnels.open(strangersBackend, strangers, "about", end -> {});
        assertThat(stranger).isNotNull();
        assertThat(tunnels.close(owner, Duration.ofSeconds(5))).isTrue();
        assertThat(pair.client().isClosed() && pair.backend().isClosed()).isTrue();
        assertThat(ends).extracting(TunnelEnd::reason).containsExactly(Reason.SHUTDOWN);
        assertThat(strangersBackend.isClosed()).isFalse();
    }

    @Test
    void aClientThatComesAfterTheShutdownIsClosed() {
        Pair pair = open(1, BUFFER, false);
        tunnels.close(owner, Duration.ofSeconds(5));
        pair.tunnel().connect(pair.client());
        assertThat(pair.client().isClosed()).isTrue();
    }

    @Test
    void afterCloseNothingIsOpenedAndNoThreadIsLeft() {
        tunnels.close();
        PipeLeg backend = new PipeLeg(1, BUFFER);
        assertThat(tunnels.open(backend, settings(false), "about", ends::add)).isNull();
        assertThat(backend.isClosed()).isTrue();
        assertThat(ends).isEmpty();
    }

    @Test
    void theListTellsOfAnOwnersOpenTunnelsWhatTheyHaveCarried() {
        Pair pair = connected();
        Pair waiting = open(3, BUFFER, false);
        pair.client().send(new byte[] {1, 2, 3});
        pair.backend().send(new byte[] {4, 5});
        await().until(() ->
                pair.client().received().length == 2 && pair.backend().received().length == 3);
        tick(Duration.ofSeconds(3));
        assertThat(tunnels.list(owner, Duration.ofSeconds(10)))
                .hasSize(2)
                .allSatisfy(account -> {
                    assertThat(account.about()).isEqualTo("about");
                    assertThat(account.duration()).isEqualTo(Duration.ofSeconds(3));
                    assertThat(account.clientRoundTrip()).isNull();
                    assertThat(account.closedBy()).isNull();
                })
                .anySatisfy(account -> {
                    assertThat(account.toBackend().bytes()).isEqualTo(3);
                    assertThat(account.toClient().bytes()).isEqualTo(2);
                })
                .anySatisfy(account -> assertThat(account.toBackend().bytes()).isZero());
        assertThat(tunnels.list(new Object(), Duration.ofSeconds(10))).isEmpty();
        waiting.tunnel().abandon();
        pair.client().failReads(new SocketException("gone"));
        await().until(() -> tunnels.list(owner, Duration.ofSeconds(10)).isEmpty());
    }

    @Test
    void theListIsBounded() {
        for (int i = 0; i <= Tunnels.MOST_LISTED; i++) {
            open(i, BUFFER, false);
        }
        await().until(() -> tunnels.count() == Tunnels.MOST_LISTED + 1);
        assertThat(tunnels.list(owner, Duration.ofSeconds(10))).hasSize(Tunnels.MOST_LISTED);
    }

    /** What a leg may do when its server takes it away in the middle of a call. */
    private enum Surprise {
        ON_READ,
        ON_WRITE
    }

    @ParameterizedTest
    @EnumSource
    void aLegThatThrowsWhatItShouldNotEndsItsTunnelOnly(Surprise surprise) {
        Leg broken = new BrokenLeg(surprise);
        PipeLeg backend = new PipeLeg(1, BUFFER);
        backend.send(new byte[] {1});
        Tunnel tunnel = tunnels.open(backend, settings(false), "about", ends::add);
        assertThat(tunnel).isNotNull();
        Pair other = open(1, BUFFER, false);
        other.tunnel().connect(other.client());
        tunnel.connect(broken);
        await().until(() -> !ends.isEmpty());
        assertThat(ends.get(0).reason()).isEqualTo(Reason.CLIENT_FAILED);
        other.client().send(new byte[] {9});
        await().until(() -> other.backend().received().length == 1);
    }

    private static final class BrokenLeg extends StubLeg {
        private final Surprise surprise;

        BrokenLeg(Surprise surprise) {
            this.surprise = surprise;
        }

        @Override
        public int read(ByteBuffer into) {
            if (surprise == Surprise.ON_READ) {
                throw new IllegalStateException("taken away");
            }
            return super.read(into);
        }

        @Override
        public void write(ByteBuffer from) {
            if (surprise == Surprise.ON_WRITE) {
                throw new NullPointerException("taken away");
            }
            super.write(from);
        }
    }

    @Test
    void aTunnelThatEndsAsItsFirstSideIsToldLeavesTheOtherAlone() {
        Pair pair = open(1, BUFFER, false);
        pair.tunnel().connect(pair.client());
        pair.client().send(new byte[] {1});
        await().until(() -> pair.backend().received().length == 1);
        pair.client().failWrites(new SocketException("Broken pipe"));
        assertThat(tunnels.close(owner, Duration.ofSeconds(5))).isTrue();
        assertThat(end().reason()).isEqualTo(Reason.SHUTDOWN);
        assertThat(pair.client().misuses() + pair.backend().misuses()).isZero();
    }
}
