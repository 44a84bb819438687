package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Routes;
import io.fairlead.suite.peer.Vitals;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Thousands of tunnels that say nothing, in a process with 256 MB of heap. */
@Timeout(180)
class IdleTunnelsTest {

    private static final int TUNNELS = 5_000;

    /** Two sockets a tunnel, in the process under test and in this one, and what a JVM has open besides. */
    private static final int DESCRIPTORS = 2 * TUNNELS + 500;

    @Tag("long")
    @Test
    void fiveThousandIdleTunnelsStillEcho() throws Exception {
        enoughDescriptors("the tests", Vitals.here());
        List<SocketChannel> tunnels = new ArrayList<>();
        try (SelfRunning fairlead = SelfRunning.start(Routes.arguments())) {
            Vitals vitals = fairlead.vitals();
            enoughDescriptors("fairlead.war", vitals);
            try {
                int threads = 0;
                while (tunnels.size() < TUNNELS) {
                    tunnels.add(open(fairlead));
                    if (tunnels.size() == 100) {
                        threads = vitals.threads().size();
                    }
                }
                assertThat(vitals.threads()).hasSizeLessThan(threads + 15);
                assertThat(Routes.CROWD_BACKEND.open()).isEqualTo(TUNNELS);
                for (SocketChannel tunnel : tunnels) {
                    tunnel.write(ByteBuffer.wrap("still there?".getBytes(StandardCharsets.US_ASCII)));
                }
                for (SocketChannel tunnel : tunnels) {
                    assertThat(read(tunnel, 12)).isEqualTo("still there?");
                }
                assertThat(vitals.heapBytes()).as("the heap in use").isLessThan(200L << 20);
            } finally {
                for (SocketChannel tunnel : tunnels) {
                    tunnel.close();
                }
            }
            Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> Routes.CROWD_BACKEND.open() == 0);
        }
    }

    private static void enoughDescriptors(String who, Vitals vitals) {
        assertThat(vitals.maxDescriptors())
                .as("%d idle tunnels need `ulimit -n` of at least %d for %s", TUNNELS, DESCRIPTORS, who)
                .isGreaterThanOrEqualTo(DESCRIPTORS);
    }

    private static SocketChannel open(SelfRunning fairlead) throws IOException {
        SocketChannel tunnel = SocketChannel.open(fairlead.http());
        String head = "GET " + fairlead.path(Routes.CROWD, "/") + " HTTP/1.1\r\nHost: localhost\r\n"
                + "Upgrade: line-noise\r\nConnection: Upgrade\r\n\r\n";
        tunnel.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf("\r\n\r\n") < 0) {
            answer.append(read(tunnel, 1));
        }
        assertThat(answer.toString()).startsWith("HTTP/1.1 101 ");
        return tunnel;
    }

    private static String read(SocketChannel tunnel, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (tunnel.read(bytes) < 0) {
                throw new IOException("the tunnel ended");
            }
        }
        return new String(bytes.array(), StandardCharsets.US_ASCII);
    }
}
