package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Backend.Script;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A backend that is not well gets no work before any request has found out, and gets it again when it is. */
@EnabledOnOs(OS.LINUX) // On others a Seat is not for sharing.
@Timeout(60)
class HealthCheckTest {

    private static final String TIMES =
            ";healthCheckInterval=300ms;healthCheckTimeout=300ms;healthCheckRise=2;healthCheckFall=2;slowStart=0";

    private final Backend one = Backend.start();
    private final Backend other = Backend.start();

    @BeforeEach
    void scripts() {
        one.on("/who", exchange -> exchange.answer("200 OK", "one"));
        other.on("/who", exchange -> exchange.answer("200 OK", "other"));
    }

    @AfterEach
    void forget() throws IOException {
        one.revive();
        one.reset();
        other.reset();
    }

    private SelfRunning start(String check) throws Exception {
        return SelfRunning.start(List.of(
                "--route",
                "/=http://127.0.0.1:" + one.port() + ",http://127.0.0.1:" + other.port() + ";healthCheck=" + check
                        + TIMES));
    }

    /** Who answers four requests one after the other, of which none may fail. */
    private static List<String> whoAnswers(SelfRunning fairlead) throws IOException {
        List<String> answers = new ArrayList<>();
        try (Wire wire = Wire.connect(fairlead.http(), null, 0)) {
            for (int i = 0; i < 4; i++) {
                Head head = wire.send("GET /who HTTP/1.1\r\nHost: who\r\n\r\n").readHead();
                assertThat(head.status()).isEqualTo(200);
                answers.add(wire.readBodyText(head));
            }
        }
        return answers;
    }

    private void eventuallyOnlyTheOther(SelfRunning fairlead, String because) {
        eventually(() -> assertThat(fairlead.log())
                .anyMatch(line ->
                        line.contains("backend 127.0.0.1:" + one.port() + " is down") && line.contains(because)));
        eventually(() -> assertThat(whoAnswers(fairlead)).containsOnly("other"));
    }

    private void eventuallyBoth(SelfRunning fairlead) {
        eventually(() -> assertThat(whoAnswers(fairlead)).contains("one", "other"));
    }

    private static void eventually(org.awaitility.core.ThrowingRunnable assertion) {
        Awaitility.await().atMost(Duration.ofSeconds(15)).untilAsserted(assertion);
    }

    private void well(Script script) {
        one.on("/health", script);
        other.on("/health", script);
    }

    @Test
    void byTheStatusOfAnAnswer() throws Exception {
        well(exchange -> exchange.answer("204 No Content", ""));
        try (SelfRunning fairlead = start("http;healthCheckPath=/health?deep")) {
            eventuallyBoth(fairlead);
            assertThat(one.requests()).anySatisfy(probe -> {
                assertThat(probe.target()).isEqualTo("/health?deep");
                assertThat(probe.value("Host")).isEqualTo("127.0.0.1:" + one.port());
            });
            one.on("/health", exchange -> exchange.answer("503 Service Unavailable", "closing"));
            eventuallyOnlyTheOther(fairlead, "503");
            well(exchange -> exchange.answer("302 Found", ""));
            eventuallyBoth(fairlead);
        }
    }

    @Test
    void byAConnection() throws Exception {
        try (SelfRunning fairlead = start("tcp")) {
            eventuallyBoth(fairlead);
            one.kill();
            eventuallyOnlyTheOther(fairlead, "its health checks fail");
            one.revive();
            eventuallyBoth(fairlead);
        }
    }

    @Test
    void byAPingOfAWebSocket() throws Exception {
        Script answers = exchange -> {
            exchange.acceptWebSocket();
            for (Frame frame = Frame.read(exchange.wire()); ; frame = Frame.read(exchange.wire())) {
                if (frame.opcode() == Frame.PING) {
                    exchange.wire().send(Frame.last(Frame.PONG, frame.payload()).plain());
                } else if (frame.opcode() == Frame.CLOSE) {
                    exchange.wire().send(frame.plain());
                    return;
                }
            }
        };
        well(answers);
        try (SelfRunning fairlead = start("websocket;healthCheckPath=/health")) {
            eventuallyBoth(fairlead);
            one.on("/health", exchange -> {
                // The handshake passes and data does not.
                exchange.acceptWebSocket();
                exchange.wire().readRest();
            });
            eventuallyOnlyTheOther(fairlead, "there was no pong");
            well(answers);
            eventuallyBoth(fairlead);
            one.on("/health", exchange -> exchange.answer("400 Bad Request", "no"));
            eventuallyOnlyTheOther(fairlead, "400");
        }
    }
}
