package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Node;
import io.fairlead.suite.peer.Seat;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * One of three backends, processes of their own, is killed, stopped, restarted and slow while clients come all the time: none of
 * their GETs and handshakes fails. In the profile {@code full}.
 */
@Tag("full")
@EnabledOnOs(OS.LINUX) // On others a Seat is not for sharing.
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(60)
class BackendsUnderLoadTest {

    private static final int GETTERS = 6;
    private static final int OPENERS = 3;
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final Duration FAIL_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration SLOW_START = Duration.ofSeconds(4);
    private static final String ROUTE_TIMEOUTS = ";timeout=1s;handshakeTimeout=1s;connectTimeout=1s";

    /** What a busy machine may add to a time. */
    private static final Duration GRACE = Duration.ofSeconds(2);

    private final List<Server> servers = new ArrayList<>();
    private @Nullable Node node;
    private @Nullable SelfRunning fairlead;
    private @Nullable Load load;

    /** A backend that can come back to its port. */
    private final class Server implements AutoCloseable {

        private static final Pattern COUNTS = Pattern.compile("\\{\"requests\":(\\d+),\"handshakes\":(\\d+)}");

        private final Seat seat = Seat.take();
        private Node.Running running = start();

        Server() throws Exception {}

        private Node.Running start() throws Exception {
            return started(node).serve("counting-server.js", String.valueOf(seat.port()));
        }

        String address() {
            return "127.0.0.1:" + seat.port();
        }

        void kill() throws Exception {
            running.process().destroyForcibly().waitFor();
        }

        void restart() throws Exception {
            kill();
            running = start();
        }

        void slow(int milliseconds) throws IOException {
            control("/-/slow/" + milliseconds);
        }

        /** Requests and handshakes since it was started, as it has counted them itself. */
        int count() throws IOException {
            Matcher counts = COUNTS.matcher(control("/-/counts"));
            assertThat(counts.matches()).isTrue();
            return Integer.parseInt(counts.group(1)) + Integer.parseInt(counts.group(2));
        }

        private String control(String path) throws IOException {
            try (Wire wire = Wire.connect(new InetSocketAddress("127.0.0.1", seat.port()), null, 0)) {
                wire.send("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
                return wire.readBodyText(wire.readHead());
            }
        }

        @Override
        public void close() {
            running.process().destroyForcibly();
            seat.close();
        }
    }

    /** Clients that come all the time, until it is closed. */
    private static final class Load implements AutoCloseable {

        /** A request that was answered. */
        record Done(boolean handshake, long beganNanos, long tookNanos, int by) {}

        private final InetSocketAddress address;
        private final String path;
        private final Queue<Done> done = new ConcurrentLinkedQueue<>();
        private final Queue<String> failures = new ConcurrentLinkedQueue<>();
        private final List<CompletableFuture<Void>> clients = new ArrayList<>();
        private volatile boolean over;

        Load(InetSocketAddress address, String path) {
            this.address = address;
            this.path = path;
            for (int i = 0; i < GETTERS; i++) {
                clients.add(Crew.start(this::get));
            }
            for (int i = 0; i < OPENERS; i++) {
                clients.add(Crew.start(this::open));
            }
        }

        /** GETs, one after the other on a connection. */
        private void get() throws IOException {
            while (!over) {
                try (Wire wire = Wire.connect(address, null, 0)) {
                    for (Head head = null; !over && (head == null || head.status() == 200); ) {
                        long began = System.nanoTime();
                        wire.send("GET " + path + " HTTP/1.1\r\nHost: chat.example\r\n\r\n");
                        head = wire.readHead();
                        String body = wire.readBodyText(head);
                        note(false, began, head, head.status() == 200 && body.equals("well"));
                    }
                } catch (IOException e) {
                    failures.add("GET: " + e);
                }
            }
        }

        /** Handshakes, each of which is followed by a message and an end. */
        private void open() throws IOException {
            while (!over) {
                try (Wire wire = Wire.connect(address, null, 0)) {
                    long began = System.nanoTime();
                    wire.send("GET " + path + " HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\n"
                            + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
                    Head head = wire.readHead();
                    note(true, began, head, head.status() == 101);
                    if (head.status() == 101) {
                        talk(wire);
                    }
                } catch (IOException e) {
                    failures.add("handshake: " + e);
                }
            }
        }

        /** Those that are in a tunnel when its backend is killed can't be saved. */
        private static void talk(Wire wire) {
            try {
                wire.send(Frame.text("hello").masked());
                Frame.read(wire);
                wire.send(Frame.close(1000, "").masked());
                Frame.read(wire);
            } catch (IOException cut) {
                // With its backend.
            }
        }

        private void note(boolean handshake, long began, Head head, boolean good) {
            if (good) {
                done.add(new Done(
                        handshake, began, System.nanoTime() - began, Integer.parseInt(head.value("X-Backend"))));
            } else {
                failures.add((handshake ? "handshake: " : "GET: ") + head.startLine());
            }
        }

        /** How many of both kinds were answered by now. */
        int answered() {
            return done.size();
        }

        /** Those that began after a moment and took longer than a backend has. */
        List<Done> lateSince(long nanos) {
            return done.stream()
                    .filter(one -> one.beganNanos() - nanos > 0 && one.tookNanos() >= TIMEOUT.toNanos())
                    .toList();
        }

        boolean isServedBy(Server server, long sinceNanos) {
            return done.stream().anyMatch(one -> one.by() == server.seat.port() && one.beganNanos() - sinceNanos > 0);
        }

        @Override
        public void close() throws Exception {
            over = true;
            for (CompletableFuture<Void> client : clients) {
                Crew.await(client);
            }
        }
    }

    @BeforeAll
    void start() throws Exception {
        node = Node.in(Path.of("target", "node"));
        for (int i = 0; i < 3; i++) {
            servers.add(new Server());
        }
        String three =
                servers.stream().map(server -> "http://" + server.address()).collect(Collectors.joining(", "));
        String passive = ROUTE_TIMEOUTS + ";maxFails=3;failTimeout=1s";
        String active = ";healthCheck=http;healthCheckPath=/-/counts;healthCheckInterval=300ms"
                + ";healthCheckTimeout=300ms;healthCheckFall=2;healthCheckRise=2";
        fairlead = SelfRunning.start(List.of(
                "--route", "/killed=" + three + passive + ";slowStart=4s",
                "--route", "/stopped=" + three + passive + ";slowStart=0",
                "--route", "/probed=" + three + ROUTE_TIMEOUTS + ";slowStart=0" + active,
                "--route", "/slow=" + three + ";balance=leastconn"));
    }

    @AfterAll
    void stop() throws Exception {
        servers.forEach(Server::close);
        if (fairlead != null) {
            fairlead.close();
        }
    }

    /** The one that suffers. */
    private Server victim() {
        return servers.get(1);
    }

    @BeforeEach
    void allAreWell() throws Exception {
        victim().restart();
    }

    @AfterEach
    void noLoad() throws Exception {
        if (load != null) {
            load.close();
        }
    }

    private static <T> T started(@Nullable T one) {
        if (one == null) {
            throw new IllegalStateException("not started");
        }
        return one;
    }

    private static ConditionFactory within(Duration time) {
        return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(time.plus(GRACE));
    }

    /** Lets time pass in which nothing may fail. */
    private static void pass(Load load, Duration time) {
        long start = System.nanoTime();
        within(time).until(() -> System.nanoTime() - start > time.toNanos());
        assertThat(load.failures).isEmpty();
    }

    /** Load on a route that all backends have their share of. */
    private Load load(String route) {
        Load started = new Load(started(fairlead).http(), route + "/x");
        load = started;
        long start = System.nanoTime();
        within(Duration.ofSeconds(3))
                .until(() -> started.answered() > 300
                        && servers.stream().allMatch(server -> started.isServedBy(server, start)));
        assertThat(started.failures).isEmpty();
        return started;
    }

    /** Waits until it is said that a backend is down; gives when that was seen. */
    private long downWithin(Duration time, String route, Server server, int alreadyLogged) {
        within(time).until(() -> started(fairlead).log().stream()
                .skip(alreadyLogged)
                .anyMatch(line -> line.contains(route) && line.contains(server.address() + " is down")));
        return System.nanoTime();
    }

    private int logged() {
        return started(fairlead).log().size();
    }

    @Test
    void nothingFailsWhileABackendIsKilledAndItsShareGrowsWhenItIsBack() throws Exception {
        Load clients = load("/killed");
        Server victim = victim();
        int logged = logged();
        victim.kill();
        downWithin(Duration.ofSeconds(1), "/killed", victim, logged);
        pass(clients, Duration.ofSeconds(2));
        victim.restart();
        within(FAIL_TIMEOUT).until(() -> victim.count() > 0);
        double early = shareOf(victim, clients, Duration.ofSeconds(1));
        assertThat(early).as("share in the first second").isBetween(0.01, 0.6);
        pass(clients, SLOW_START.minusSeconds(1));
        double late = shareOf(victim, clients, Duration.ofSeconds(1));
        assertThat(late).as("share after all").isBetween(0.8, 1.25);
    }

    /** What a backend gets in a time, as a part of what one of the others gets: by their own counts. */
    private double shareOf(Server one, Load clients, Duration time) throws IOException {
        double[] before = {one.count(), countOfOthers(one)};
        pass(clients, time);
        return (one.count() - before[0]) * (servers.size() - 1) / (countOfOthers(one) - before[1]);
    }

    private int countOfOthers(Server one) throws IOException {
        int count = 0;
        for (Server server : servers) {
            count += server == one ? 0 : server.count();
        }
        return count;
    }

    @Test
    void aBackendThatIsStoppedIsLeftAndOneRequestASecondFindsOutWhetherItIsBack() throws Exception {
        Load clients = load("/stopped");
        Server victim = victim();
        int logged = logged();
        victim.running.signal("STOP");
        long down = downWithin(TIMEOUT, "/stopped", victim, logged);
        pass(clients, Duration.ofSeconds(2));
        // A trial lasts for as long as the backend has to answer, and the next one comes after failTimeout.
        assertThat(clients.lateSince(down)).hasSizeLessThanOrEqualTo(2);
        long back = System.nanoTime();
        victim.running.signal("CONT");
        within(TIMEOUT.plus(FAIL_TIMEOUT)).until(() -> clients.isServedBy(victim, back));
        pass(clients, Duration.ofMillis(500));
    }

    @Test
    void whereBackendsAreProbedNoRequestFindsOutWhetherAStoppedOneIsBack() throws Exception {
        Load clients = load("/probed");
        Server victim = victim();
        int logged = logged();
        victim.running.signal("STOP");
        long down = downWithin(Duration.ofMillis(1200), "/probed", victim, logged);
        pass(clients, Duration.ofSeconds(2));
        assertThat(clients.lateSince(down)).isEmpty();
        long back = System.nanoTime();
        victim.running.signal("CONT");
        within(Duration.ofMillis(900)).until(() -> clients.isServedBy(victim, back));
        pass(clients, Duration.ofMillis(500));
    }

    @Test
    void aSlowBackendGetsLessWhereTheLeastConnectionsCount() throws Exception {
        Load clients = load("/slow");
        Server victim = victim();
        victim.slow(300);
        pass(clients, Duration.ofMillis(500));
        assertThat(shareOf(victim, clients, Duration.ofSeconds(2))).isBetween(0.001, 0.3);
    }
}
