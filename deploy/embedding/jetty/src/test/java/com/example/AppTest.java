package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.EmbeddingTest;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Http2Gate;
import io.fairlead.suite.peer.Wire;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The application as it is in {@code src/main}, on free ports. */
class AppTest extends EmbeddingTest {

    private static final Authority AUTHORITY = Authority.create("Example");

    private @Nullable InetSocketAddress https;

    @Override
    protected Running start(String proxyTo) throws Exception {
        Path keyStore = Files.createDirectories(Path.of("target", "tls")).resolve("server.p12");
        AUTHORITY.issue("app.example").writeKeyStore(keyStore, "changeit");
        Server server = App.server(0, 0, keyStore, "changeit", proxyTo);
        server.start();
        https = address(server, 1);
        return new Running() {
            @Override
            public InetSocketAddress http() {
                return address(server, 0);
            }

            @Override
            public void stop() throws Exception {
                server.stop();
            }
        };
    }

    private InetSocketAddress https() {
        return Objects.requireNonNull(https);
    }

    @Test
    void aWebSocketOverTlsIsToldOfTheStop() throws Exception {
        assertEndsCleanly(() -> opened(Wire.connect(https(), AUTHORITY.trust(), 0)));
    }

    /** As browsers do, which have one connection for all (RFC 8441). */
    @Test
    void aWebSocketOnAnHttp2ConnectionIsToldOfTheStop() throws Exception {
        Http2Gate browser = Http2Gate.start(this::https, AUTHORITY.trust(), 100);
        try {
            assertEndsCleanly(() -> opened(Wire.connect(browser.address(), null, 0)));
        } finally {
            browser.disconnect();
        }
    }

    private static Wire opened(Wire client) throws Exception {
        assertThat(client.send(handshake("/live/ws")).readHead().status()).isEqualTo(101);
        return client;
    }

    private static InetSocketAddress address(Server server, int connector) {
        int port = ((ServerConnector) server.getConnectors()[connector]).getLocalPort();
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }
}
