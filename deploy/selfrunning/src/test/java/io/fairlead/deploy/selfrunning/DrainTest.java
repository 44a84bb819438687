package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Routes;
import io.fairlead.suite.WireTest;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Relay;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A process that is told to end empties itself first, and its clients go elsewhere. */
class DrainTest extends WireTest {

    private static final int CLIENTS = 60;

    private @Nullable SelfRunning one;

    @Override
    protected Fairlead fairlead() {
        if (one == null) {
            throw new IllegalStateException("not started");
        }
        return one;
    }

    private static SelfRunning start() throws Exception {
        List<String> arguments = new ArrayList<>(Routes.arguments());
        arguments.addAll(List.of("--drain", "3"));
        return SelfRunning.start(arguments);
    }

    private static int ready(InetSocketAddress instance) throws IOException {
        try (Wire probe = Wire.connect(instance, null, 0)) {
            return probe.send("GET /-/ready HTTP/1.1\r\nHost: probe\r\nConnection: close\r\n\r\n")
                    .readHead()
                    .status();
        }
    }

    private static boolean isReady(InetSocketAddress instance) {
        try {
            return ready(instance) == 200;
        } catch (IOException gone) {
            return false;
        }
    }

    /** A client that lives through anything: when it is closed it comes back, by the same address. */
    private void live(InetSocketAddress balancer, CountDownLatch over, Queue<Closing> closings, AtomicInteger open)
            throws Exception {
        while (true) {
            try (Wire wire = Wire.connect(balancer, null, 0)) {
                switched(wire, webSocket(Routes.MAIN, "/ws"));
                wire.send(Frame.last(Frame.BINARY, new byte[] {7}).masked());
                assertThat(Frame.read(wire).payload()).containsExactly(7);
                open.incrementAndGet();
                Correspondent client = Correspondent.client(wire);
                CompletableFuture<Closing> closing = Crew.call(() -> client.listen(false));
                CompletableFuture.anyOf(closing, Crew.start(over::await)).get();
                if (over.getCount() == 0) {
                    return;
                }
                closings.add(closing.get());
                open.decrementAndGet();
            }
        }
    }

    @Tag("long")
    @Test
    void ofTwoInstancesBehindABalancerOneIsDrainedAndNoClientSeesMoreThanAClose() throws Exception {
        backend.on("/ws", WireTest::framedEcho);
        try (SelfRunning first = start();
                SelfRunning second = start()) {
            one = first;
            List<InetSocketAddress> instances = List.of(first.http(), second.http());
            AtomicInteger turn = new AtomicInteger();
            List<AtomicInteger> sent = List.of(new AtomicInteger(), new AtomicInteger());
            Relay balancer = Relay.start();
            balancer.leadTo(() -> {
                int next = turn.getAndIncrement() % 2;
                if (!isReady(instances.get(next))) {
                    next = 1 - next;
                }
                sent.get(next).incrementAndGet();
                return instances.get(next).getPort();
            });
            CountDownLatch over = new CountDownLatch(1);
            Queue<Closing> closings = new ConcurrentLinkedQueue<>();
            AtomicInteger open = new AtomicInteger();
            List<CompletableFuture<Void>> clients = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(Crew.start(() -> live(balancer.address(), over, closings, open)));
            }
            try {
                eventually().until(() -> open.get() == CLIENTS || anyFailed(clients));
                int ofFirst = sent.get(0).get();
                assertThat(ofFirst).isBetween(1, CLIENTS - 1);
                long start = System.nanoTime();
                first.terminate();
                eventually().until(() -> ready(first.http()) == 503);
                assertThat(handshake(first.http()).status()).isEqualTo(503);
                assertThat(handshake(first.http()).value("Retry-After")).isNotNull();
                assertThat(plain(first.http())).as("HTTP while it drains").isEqualTo(200);
                assertThat(first.exitValue()).isEqualTo(143);
                assertThat(Duration.ofNanos(System.nanoTime() - start))
                        .as("spread over --drain 3")
                        .isGreaterThan(Duration.ofSeconds(2));
                assertThat(first.log().stream().filter(line -> line.contains("endedBy=drain")))
                        .as("a line for each tunnel")
                        .hasSize(ofFirst);
                eventually().until(() -> open.get() == CLIENTS || anyFailed(clients));
                assertThat(closings).hasSize(ofFirst).containsOnly(new Closing(1012, "the proxy stops"));
                assertThat(sent.get(1)).hasValue(CLIENTS);
            } finally {
                over.countDown();
            }
            for (CompletableFuture<Void> client : clients) {
                Crew.await(client);
            }
        }
    }

    private static boolean anyFailed(List<CompletableFuture<Void>> clients) {
        return clients.stream().anyMatch(CompletableFuture::isCompletedExceptionally);
    }

    private Head handshake(InetSocketAddress instance) throws IOException {
        try (Wire wire = Wire.connect(instance, null, 0)) {
            return wire.send(webSocket(Routes.MAIN, "/ws")).readHead();
        }
    }

    private int plain(InetSocketAddress instance) throws IOException {
        backend.on("/plain", exchange -> exchange.answer("200 OK", "as ever"));
        try (Wire wire = Wire.connect(instance, null, 0)) {
            return wire.send(request("GET", path(Routes.MAIN, "/plain")))
                    .readHead()
                    .status();
        }
    }

    @Tag("long")
    @Test
    void aPeerThatDoesNotAnswerHoldsTheProcessUpForItsCloseTimeoutOnly() throws Exception {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().readRest();
        });
        try (SelfRunning fairlead = start()) {
            one = fairlead;
            try (Wire client = webSocketTunnel(Routes.MAIN, "/ws")) {
                long start = System.nanoTime();
                fairlead.terminate();
                byte[] close = Frame.close(1012, "the proxy stops").plain();
                assertThat(client.read(close.length)).isEqualTo(close);
                assertThat(client.ending()).isEqualTo(Wire.Ending.FIN);
                assertThat(fairlead.exitValue()).isEqualTo(143);
                assertThat(Duration.ofNanos(System.nanoTime() - start))
                        .isBetween(Duration.ofSeconds(4), Duration.ofSeconds(15));
            }
        }
    }
}
