package io.fairlead.proxy.tunnel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fairlead.proxy.tunnel.TunnelEnd.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The loop on real sockets: what the selector tells, and what it does not. */
class SocketTunnelTest {

    private final Tunnels tunnels = new Tunnels(2, 16 * 1024, 16 << 20);
    private final List<TunnelEnd> ends = new CopyOnWriteArrayList<>();

    @AfterEach
    void close() {
        tunnels.close();
    }

    /** A socket whose other end is a leg. */
    private record End(Socket peer, SocketChannel channel) {

        static End open() throws IOException {
            try (ServerSocketChannel server = ServerSocketChannel.open()) {
                server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                Socket peer = new Socket();
                peer.connect(server.getLocalAddress());
                peer.setSoTimeout(10_000);
                SocketChannel channel = server.accept();
                channel.configureBlocking(false);
                return new End(peer, channel);
            }
        }

        Leg leg(@Nullable ByteBuffer early) {
            return new SocketLeg(channel, early, () -> {
                try {
                    channel.close();
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
        }

        String read(int length) throws IOException {
            return new String(peer.getInputStream().readNBytes(length), ISO_8859_1);
        }

        void write(String text) throws IOException {
            peer.getOutputStream().write(text.getBytes(ISO_8859_1));
        }
    }

    private TunnelSettings settings() {
        return new TunnelSettings(
                this,
                null,
                "test",
                false,
                Duration.ofSeconds(5),
                Duration.ZERO,
                Duration.ofSeconds(5),
                Duration.ZERO,
                Duration.ofSeconds(2),
                Duration.ZERO,
                FrameRules.NONE);
    }

    private void join(Leg client, Leg backend) {
        Tunnel tunnel = tunnels.open(backend, settings(), "about", ends::add);
        assertThat(tunnel).isNotNull();
        tunnel.connect(client);
    }

    @Test
    void earlyBytesOfBothSidesComeFirst() throws Exception {
        End client = End.open();
        End backend = End.open();
        client.write("-then");
        join(
                client.leg(ByteBuffer.wrap("early".getBytes(ISO_8859_1))),
                backend.leg(ByteBuffer.wrap("hello".getBytes(ISO_8859_1))));
        assertThat(client.read(5)).isEqualTo("hello");
        assertThat(backend.read(10)).isEqualTo("early-then");
    }

    @Test
    void earlyBytesLongerThanTheBufferComeWhole() throws Exception {
        End client = End.open();
        End backend = End.open();
        String early = "0123456789".repeat(10_000);
        join(client.leg(ByteBuffer.wrap(early.getBytes(ISO_8859_1))), backend.leg(null));
        assertThat(backend.read(early.length())).isEqualTo(early);
    }

    @Test
    void aResetIsPassedOnAsAReset() throws Exception {
        End client = End.open();
        End backend = End.open();
        join(client.leg(null), backend.leg(null));
        client.write("x");
        assertThat(backend.read(1)).isEqualTo("x");
        client.peer().setSoLinger(true, 0);
        client.peer().close();
        assertThatThrownBy(() -> backend.peer().getInputStream().read()).isInstanceOf(SocketException.class);
        await().until(() -> !ends.isEmpty());
        assertThat(ends.get(0).reason()).isEqualTo(Reason.CLIENT_FAILED);
    }

    @Test
    void aResetThatTheWriterSeesFirstIsNoEndToTheOtherSide() throws Exception {
        End client = End.open();
        End backend = End.open();
        client.channel().setOption(StandardSocketOptions.SO_SNDBUF, 8 * 1024);
        join(client.leg(null), backend.leg(null));
        // More than the client's side holds, so that the tunnel waits to write to it.
        backend.peer().getOutputStream().write(new byte[2 << 20]);
        client.write("half");
        assertThat(backend.read(4)).isEqualTo("half");
        client.peer().setSoLinger(true, 0);
        client.peer().close();
        assertThatThrownBy(() -> backend.peer().getInputStream().read()).isInstanceOf(SocketException.class);
        await().until(() -> !ends.isEmpty());
        assertThat(ends.get(0).reason()).isEqualTo(Reason.CLIENT_FAILED);
    }

    @Test
    void aChannelThatItsServerClosesBelowTheTunnelEndsIt() throws Exception {
        End client = End.open();
        End backend = End.open();
        join(client.leg(null), backend.leg(null));
        client.write("x");
        assertThat(backend.read(1)).isEqualTo("x");
        client.channel().close();
        await().until(() -> !ends.isEmpty());
        assertThat(ends.get(0).reason()).isEqualTo(Reason.CLIENT_FAILED);
        assertThatThrownBy(() -> backend.peer().getInputStream().read()).isInstanceOf(SocketException.class);
    }

    @Test
    void aChannelThatWasClosedBeforeTheTunnelBeganEndsIt() throws Exception {
        End client = End.open();
        End backend = End.open();
        Leg leg = client.leg(null);
        client.channel().close();
        join(leg, backend.leg(null));
        await().until(() -> !ends.isEmpty());
        assertThat(ends.get(0).reason()).isEqualTo(Reason.CLIENT_FAILED);
        assertThat(tunnels.count()).isZero();
    }

    @Test
    void closeSendsFinToBoth() throws Exception {
        End client = End.open();
        End backend = End.open();
        join(client.leg(null), backend.leg(null));
        client.write("x");
        assertThat(backend.read(1)).isEqualTo("x");
        tunnels.close(this, Duration.ofSeconds(5));
        assertThat(client.peer().getInputStream().read()).isEqualTo(-1);
        assertThat(backend.peer().getInputStream().read()).isEqualTo(-1);
    }

    /** As HTTP/2 is on a busy day: there is always more to read, and what is written is gone at once. */
    private static final class BusyLeg extends StubLeg {
        private volatile Runnable listener = () -> {};

        @Override
        public int read(ByteBuffer into) {
            int length = into.remaining();
            into.position(into.limit());
            return length;
        }

        @Override
        public void write(ByteBuffer from) {
            super.write(from);
            listener.run();
        }

        @Override
        public boolean buffersInput() {
            return true;
        }

        @Override
        public void onReady(Runnable enqueue) {
            listener = enqueue;
        }
    }

    @Test
    void aTunnelThatIsAlwaysBusyLeavesOthersTheirTurn() throws Exception {
        Tunnels one = new Tunnels(1, 16 * 1024, 16 << 20);
        try {
            Tunnel busy = one.open(new BusyLeg(), settings(), "busy", ends::add);
            assertThat(busy).isNotNull();
            busy.connect(new BusyLeg());
            End client = End.open();
            End backend = End.open();
            Tunnel quiet = one.open(backend.leg(null), settings(), "quiet", ends::add);
            assertThat(quiet).isNotNull();
            quiet.connect(client.leg(null));
            client.write("ping");
            assertThat(backend.read(4)).isEqualTo("ping");
            backend.write("pong");
            assertThat(client.read(4)).isEqualTo("pong");
            assertThat(ends).isEmpty();
        } finally {
            one.close();
        }
    }
}
