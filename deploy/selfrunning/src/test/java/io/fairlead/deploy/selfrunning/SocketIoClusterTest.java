package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Browser;
import io.fairlead.suite.peer.Node;
import io.fairlead.suite.peer.Relay;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Three servers of Socket.IO that know nothing of each other, behind one instance and behind two that know nothing of each
 * other either. In the profile {@code full}.
 */
@Tag("full")
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(120)
class SocketIoClusterTest {

    private static final Pattern LED = Pattern.compile("^(\\d+) led (\\d+)$", Pattern.MULTILINE);

    private final List<Node.Running> servers = new ArrayList<>();
    private final List<SelfRunning> instances = new ArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final Relay balancer = Relay.start();
    private @Nullable Node modern;
    private @Nullable Node old;

    @BeforeAll
    void start() throws Exception {
        modern = Node.in(Path.of("target", "node"));
        old = Node.oldIn(Path.of("target", "old-node"));
        List<String> routes = List.of(
                "--route", "/sio4=" + three(modern, "socket.io", "/sio4/"),
                "--route", "/sio2=" + three(old, "socket.io-2", "/sio2/"));
        instances.add(SelfRunning.start(routes));
        instances.add(SelfRunning.start(routes));
        balancer.leadTo(() -> instances
                .get(connections.getAndIncrement() % instances.size())
                .http()
                .getPort());
    }

    /** Starts three servers and gives their addresses as a route names them. */
    private String three(Node node, String module, String path) throws Exception {
        List<Node.Running> started = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            started.add(node.serve("sio-server.js", module, path, "allowEIO3"));
        }
        servers.addAll(started);
        return started.stream()
                .map(server -> "http://127.0.0.1:" + server.port())
                .collect(Collectors.joining(", "));
    }

    @AfterAll
    void stop() throws Exception {
        servers.forEach(Node.Running::close);
        for (SelfRunning instance : instances) {
            instance.close();
        }
    }

    @AfterEach
    void noneOfThemFailed() {
        for (SelfRunning instance : instances) {
            assertThat(instance.log().stream().filter(line -> line.contains(" WARN ") || line.contains(" ERROR ")))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "socket.io-client, /sio4/, upgrade, 1000",
        "socket.io-client, /sio4/, polling, 100",
        "socket.io-client-2, /sio4/, upgrade, 100",
        "socket.io-client-2, /sio2/, upgrade, 100",
        "socket.io-client-2, /sio2/, polling, 100"
    })
    void behindOneInstance(String client, String path, String mode, int sessions) throws Exception {
        SelfRunning instance = instances.get(0);
        int before = instance.log().size();
        assertSpread(run(client, instance.http().getPort(), path, mode, sessions), sessions);
        assertThat(instance.log().stream().skip(before).filter(line -> line.contains(" attempts=")))
                .as("sessions that were not learnt when they were opened")
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "socket.io-client, /sio4/, upgrade, 1000",
        "socket.io-client, /sio4/, polling, 100",
        "socket.io-client-2, /sio4/, upgrade, 100",
        "socket.io-client-2, /sio2/, upgrade, 100",
        "socket.io-client-2, /sio2/, polling, 100"
    })
    void behindTwoInstancesThatAreAskedInTurns(String client, String path, String mode, int sessions) throws Exception {
        int before = connections.get();
        assertSpread(run(client, balancer.port(), path, mode, sessions), sessions);
        assertThat(connections.get() - before).as("connections").isGreaterThan(4 * sessions);
    }

    private String run(String client, int port, String path, String mode, int sessions) throws Exception {
        Node node = client.equals("socket.io-client") ? modern : old;
        if (node == null) {
            throw new IllegalStateException("not started");
        }
        String origin = "http://127.0.0.1:" + port;
        return node.script("sio-sessions.js", client, origin, path, mode, String.valueOf(sessions), "20");
    }

    /** All sessions were led to three servers, to each its share. */
    private static void assertSpread(String output, int sessions) {
        List<Integer> led = new ArrayList<>();
        for (Matcher matcher = LED.matcher(output); matcher.find(); ) {
            led.add(Integer.parseInt(matcher.group(2)));
        }
        assertThat(led.stream().mapToInt(Integer::intValue).sum()).isEqualTo(sessions);
        assertThat(led).hasSize(3).allSatisfy(share -> assertThat(share).isBetween(sessions / 4, sessions / 2));
    }

    @Test
    void aBrowserBehindTwoInstances() throws Exception {
        if (modern == null) {
            throw new IllegalStateException("not started");
        }
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "browser")), "cluster");
        Browser browser = Browser.trusting(Authority.create("Socket.IO cluster"), modern, directory.resolve("home"));
        int before = connections.get();
        assertSpread(browser.run("sessions", "http://127.0.0.1:" + balancer.port(), "/sio4/"), 24);
        assertThat(connections.get() - before).as("connections").isGreaterThan(24);
    }
}
