package io.fairlead.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.bench.Scenario.Kind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What measures has to be right itself: each reply is looked at, and a wrong one is a failure and no unit. */
@Timeout(60)
class LoadTest {

    private static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @ParameterizedTest
    @CsvSource({
        "WS, 0, 1",
        "WS, 64, 20",
        "WS, 126, 3",
        "WS, 65536, 5",
        "WS, 1048576, 3",
        "HTTP, 100, 20",
        "HTTP, 102400, 5",
        "HANDSHAKE, 0, 1",
        "IDLE, 0, 10"
    })
    void everyUnitIsDoneAndTimed(Kind kind, int bytes, int connections) throws Exception {
        Scenario scenario = new Scenario(kind, bytes, connections, false, 100);
        try (Echo echo = Echo.start();
                Load load = new Load(scenario, local(echo.port()), null)) {
            load.open();
            if (kind != Kind.IDLE) {
                assertThat(load.run(100)).isPositive();
                assertThat(load.latency().getTotalCount()).isEqualTo(100);
                assertThat(load.run(7)).isPositive();
                assertThat(load.latency().getTotalCount()).isEqualTo(7);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"WS, 200", "WS, 131", "HTTP, 200", "HTTP, 9"})
    void aChangedByteIsFound(Kind kind, int at) throws Exception {
        Scenario scenario = new Scenario(kind, 1000, 1, false, 1);
        try (Echo echo = Echo.start();
                ServerSocket relay = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread flipping = new Thread(() -> flip(relay, echo.port(), at));
            flipping.setDaemon(true);
            flipping.start();
            assertThatThrownBy(() -> {
                        try (Load load = new Load(scenario, local(relay.getLocalPort()), null)) {
                            load.open();
                            load.run(1);
                        }
                    })
                    .isInstanceOf(IOException.class)
                    .hasStackTraceContaining(
                            kind == Kind.HTTP && at < 100 ? "not what was asked for" : "not what was sent");
        }
    }

    /** A proxy that changes one byte of all that the backend sends. */
    private static void flip(ServerSocket relay, int backend, int at) {
        try (Socket client = relay.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), backend)) {
            Thread up = new Thread(() -> {
                try {
                    client.getInputStream().transferTo(server.getOutputStream());
                } catch (IOException over) {
                    // The client has seen enough.
                }
            });
            up.setDaemon(true);
            up.start();
            byte[] buffer = new byte[65_536];
            int passed = 0;
            for (int n = server.getInputStream().read(buffer);
                    n > 0;
                    n = server.getInputStream().read(buffer)) {
                if (at >= passed && at < passed + n) {
                    buffer[at - passed] ^= 1;
                }
                passed += n;
                client.getOutputStream().write(buffer, 0, n);
            }
        } catch (IOException over) {
            // The client has seen enough.
        }
    }

    @Test
    void namesTellScenariosApart() {
        assertThat(Scenario.all().stream().map(Scenario::name))
                .doesNotHaveDuplicates()
                .contains("ws-64B-c64", "wss-64KiB-c1000", "http-100KiB-c1", "handshake", "tls-idle");
    }
}
