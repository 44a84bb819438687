package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Routes;
import io.fairlead.suite.WireTest;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** How the process starts, refuses to start, and ends. */
class SelfRunningLifeTest extends WireTest {

    private @Nullable SelfRunning own;

    @Override
    protected Fairlead fairlead() {
        if (own == null) {
            throw new IllegalStateException("not started");
        }
        return own;
    }

    @Tag("long")
    @Test
    void sigtermClosesEveryTunnelAndEndsTheProcess() throws Exception {
        backend.on("/ws", WireTest::webSocketEcho);
        backend.on("/raw", WireTest::rawEcho);
        List<Wire> tunnels = new ArrayList<>();
        try (SelfRunning fairlead = SelfRunning.start(Routes.arguments())) {
            own = fairlead;
            for (int i = 0; i < 50; i++) {
                tunnels.add(webSocketTunnel(Routes.MAIN, "/ws"));
                tunnels.add(rawTunnel(Routes.MAIN, "/raw"));
            }
            for (Wire tunnel : tunnels) {
                assertEchoes(tunnel, Frame.text("alive"));
            }
            long start = System.nanoTime();
            fairlead.terminate();
            for (Wire tunnel : tunnels) {
                drained(tunnel);
            }
            eventually().until(() -> backend.open() == 0);
            fairlead.exitValue();
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
        } finally {
            tunnels.forEach(Wire::close);
        }
    }

    private static void drained(Wire tunnel) throws IOException {
        try {
            tunnel.readRest();
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // Reset: an end as well.
        }
    }

    @Test
    void everyWrongSettingIsNamedAndTheProcessEnds() throws Exception {
        try (SelfRunning fairlead = SelfRunning.launch(List.of(
                "--http-port",
                "0",
                "--route",
                "/a/=not a url",
                "--route",
                "/b/=http://127.0.0.1:9/;timeOut=30s;tunnelIdleTimeout=-5;upgrade=sometimes"))) {
            assertThat(fairlead.exitValue()).isNotZero();
            assertThat(fairlead.output())
                    .contains("not a url")
                    .contains("timeOut")
                    .contains("-5")
                    .contains("sometimes")
                    .doesNotContain("\tat ")
                    .doesNotContain("listening on");
        }
    }

    @Test
    void aPortThatIsTakenIsSaidSo() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                SelfRunning fairlead = SelfRunning.launch(List.of(
                        "--bind",
                        "127.0.0.1",
                        "--http-port",
                        String.valueOf(taken.getLocalPort()),
                        "--route",
                        "/=http://127.0.0.1:9/"))) {
            assertThat(fairlead.exitValue()).isNotZero();
            assertThat(fairlead.output())
                    .contains(String.valueOf(taken.getLocalPort()))
                    .doesNotContain("\tat ");
        }
    }
}
