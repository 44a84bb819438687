package io.fairlead.deploy.selfrunning;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A name whose addresses come and go is followed without a restart, as that of a headless service of Kubernetes. */
@EnabledOnOs(OS.LINUX) // On others not all of 127.0.0.0/8 is there.
@Timeout(60)
class NamesTest {

    private static final String NAME = "chat.internal";

    private final Path directory;

    NamesTest(@TempDir Path directory) {
        this.directory = directory;
    }

    /** The JVM's own resolver reads it at each look-up. */
    private void resolveTo(String... addresses) throws IOException {
        StringBuilder hosts = new StringBuilder("127.0.0.1 localhost\n");
        for (String address : addresses) {
            hosts.append(address).append(' ').append(NAME).append('\n');
        }
        Path next = Files.writeString(directory.resolve("next"), hosts);
        Files.move(next, hosts(), StandardCopyOption.ATOMIC_MOVE);
    }

    private Path hosts() {
        return directory.resolve("hosts");
    }

    private static Backend named(String address, int port) throws IOException {
        Backend backend = Backend.startAt(address, port);
        backend.on("/who", exchange -> exchange.answer("200 OK", address));
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.text(address).plain());
            exchange.wire().readRest();
        });
        return backend;
    }

    /** Who answers six requests. */
    private static Set<String> whoAnswers(SelfRunning fairlead) throws IOException {
        Set<String> answers = new TreeSet<>();
        try (Wire wire = Wire.connect(fairlead.http(), null, 0)) {
            for (int i = 0; i < 6; i++) {
                wire.send("GET /who HTTP/1.1\r\nHost: " + NAME + "\r\n\r\n");
                Head head = wire.readHead();
                answers.add(head.status() == 200 ? wire.readBodyText(head) : head.startLine());
                if (head.status() != 200) {
                    return answers;
                }
            }
        }
        return answers;
    }

    private static void eventually(SelfRunning fairlead, String... answering) {
        Awaitility.await().atMost(Duration.ofSeconds(15)).untilAsserted(() -> assertThat(whoAnswers(fairlead))
                .containsExactly(answering));
    }

    @Tag("long")
    @Test
    void theAddressesOfANameAreFollowed() throws Exception {
        int port = named("127.0.0.11", 0).port();
        named("127.0.0.12", port);
        named("127.0.0.13", port);
        resolveTo("127.0.0.11", "127.0.0.12");
        try (SelfRunning fairlead = SelfRunning.start(
                List.of("-Djdk.net.hosts.file=" + hosts(), "-Dsun.net.inetaddr.ttl=0"),
                List.of("--route", "/=dns+http://" + NAME + ":" + port + ";resolveInterval=200ms;slowStart=0"))) {
            // From its first request on.
            assertThat(whoAnswers(fairlead)).containsExactly("127.0.0.11", "127.0.0.12");
            try (Wire tunnel = tunnelTo("127.0.0.12", fairlead)) {
                resolveTo("127.0.0.11", "127.0.0.13");
                eventually(fairlead, "127.0.0.11", "127.0.0.13");
                assertThat(fairlead.log())
                        .anyMatch(
                                line -> line.contains("new [127.0.0.13:" + port + "], gone [127.0.0.12:" + port + "]"));
                // What an address that is gone still has, it keeps.
                tunnel.expectSilence(Duration.ofMillis(300));
            }
            // A name that is unknown for a while is no reason to have no backends.
            resolveTo();
            Awaitility.await().untilAsserted(() -> assertThat(fairlead.log())
                    .anyMatch(line -> line.contains(NAME) && line.contains("WARN")));
            assertThat(whoAnswers(fairlead)).containsExactly("127.0.0.11", "127.0.0.13");
            resolveTo("127.0.0.12");
            eventually(fairlead, "127.0.0.12");
        }
    }

    private static Wire tunnelTo(String address, SelfRunning fairlead) throws IOException {
        while (true) {
            Wire wire = Wire.connect(fairlead.http(), null, 0);
            wire.sendLines(
                    "GET /ws HTTP/1.1",
                    "Host: " + NAME,
                    "Connection: Upgrade",
                    "Upgrade: websocket",
                    "Sec-WebSocket-Version: 13",
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                    "");
            assertThat(wire.readHead().status()).isEqualTo(101);
            if (new String(Frame.read(wire).payload(), US_ASCII).equals(address)) {
                return wire;
            }
            wire.close();
        }
    }
}
