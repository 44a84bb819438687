package io.fairlead.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.bench.Scenario.Kind;
import io.fairlead.suite.peer.Authority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import javax.net.ServerSocketFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What measures has to be right itself: each reply is looked at, and a wrong one is a failure and no unit. */
@Timeout(60)
class LoadTest {

    @TempDir
    private Path directory = Path.of("");

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
            assertThat(load.run(100)).isPositive();
            assertThat(load.latency().getTotalCount()).isEqualTo(100);
            assertThat(load.run(7)).isPositive();
            assertThat(load.latency().getTotalCount()).isEqualTo(7);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "WS, 64, 20",
        "WS, 65536, 3",
        "WS, 1048576, 2",
        "HTTP, 100, 20",
        "HTTP, 102400, 3",
        "HANDSHAKE, 0, 1",
        "IDLE, 0, 10"
    })
    void everyUnitIsDoneOverTls(Kind kind, int bytes, int connections) throws Exception {
        Authority authority = Authority.create("Test");
        Path keyStore = authority.issue("localhost", "127.0.0.1").writeKeyStore(directory.resolve("tls.p12"), "secret");
        ServerSocketFactory sockets = OwnTls.context(keyStore, "secret").getServerSocketFactory();
        Scenario scenario = new Scenario(kind, bytes, connections, true, 30);
        try (Echo echo = Echo.start();
                Relay relay = new Relay(sockets, echo.port(), -1);
                Load load = new Load(scenario, relay.address(), authority.trust())) {
            load.open();
            assertThat(load.run(30)).isPositive();
            assertThat(load.latency().getTotalCount()).isEqualTo(30);
        }
    }

    @Test
    void asManyMessagesAreSentAsAreAskedFor() throws Exception {
        long frame = 2 + 4 + 64;
        try (Echo echo = Echo.start();
                Relay relay = new Relay(ServerSocketFactory.getDefault(), echo.port(), -1);
                Load load = new Load(new Scenario(Kind.WS, 64, 3, false, 100), relay.address(), null)) {
            load.open();
            long handshakes = relay.sent();
            load.run(100);
            assertThat(relay.sent() - handshakes).isEqualTo(100 * frame);
            load.run(7);
            assertThat(relay.sent() - handshakes).isEqualTo(107 * frame);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "WS, 200, not what was sent",
        "WS, 131, not what was sent",
        "WS, 9, no WebSocket",
        "HTTP, 200, not what was sent",
        "HTTP, 9, not what was asked for"
    })
    void aChangedByteIsFound(Kind kind, int at, String complaint) throws Exception {
        try (Echo echo = Echo.start();
                Relay relay = new Relay(ServerSocketFactory.getDefault(), echo.port(), at);
                Load load = new Load(new Scenario(kind, 1000, 1, false, 1), relay.address(), null)) {
            assertThatThrownBy(() -> {
                        load.open();
                        load.run(1);
                    })
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(complaint);
        }
    }

    @Test
    void aConnectionThatEndsIsAFailure() throws Exception {
        try (ServerSocket door = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Load load = new Load(new Scenario(Kind.HTTP, 100, 1, false, 1), local(door.getLocalPort()), null)) {
            load.open();
            door.accept().close();
            assertThatThrownBy(() -> load.run(1)).isInstanceOf(IOException.class);
        }
    }
}
