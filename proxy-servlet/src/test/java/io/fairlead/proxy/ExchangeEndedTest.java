package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fairlead.proxy.Outcome.Kind;
import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a subclass of the servlet is told, in an embedded Jetty. */
@Timeout(60)
class ExchangeEndedTest {

    private static final Backend BACKEND = Backend.start();
    private static final List<Outcome> TOLD = new CopyOnWriteArrayList<>();

    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);

    /** Keeps what it is told, and fails. */
    public static final class Telling extends UpgradeProxyServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void exchangeEnded(Outcome outcome) {
            TOLD.add(outcome);
            throw new IllegalStateException("a listener that fails");
        }
    }

    private void start() throws Exception {
        TOLD.clear();
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/app");
        ServletHolder holder = new ServletHolder("chat", Telling.class);
        holder.setInitParameter("proxyTo", "http://127.0.0.1:" + BACKEND.port());
        holder.setAsyncSupported(true);
        holder.setInitOrder(1);
        context.addServlet(holder, "/*");
        server.setHandler(context);
        server.start();
    }

    @AfterEach
    void stop() throws Exception {
        server.stop();
        BACKEND.reset();
    }

    private Wire client() throws IOException {
        return Wire.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort()), null, 0);
    }

    private static Outcome only() {
        await().until(() -> !TOLD.isEmpty());
        assertThat(TOLD).hasSize(1);
        return TOLD.remove(0);
    }

    @Test
    void aSubclassIsToldOfEveryRequestAndTunnelOnceAndItsFailuresAreItsOwn() throws Exception {
        start();
        BACKEND.on("/post", exchange -> {
            exchange.readBody();
            exchange.answer("201 Created", "twelve bytes");
        });
        BACKEND.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.echo();
        });
        try (Wire client = client()) {
            client.send("POST /app/post?secret HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                    + "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n12345");
            assertThat(client.readBodyText(client.readHead())).isEqualTo("twelve bytes");
            Outcome posted = only();
            assertThat(posted.kind()).isEqualTo(Kind.HTTP);
            assertThat(posted.route()).isEqualTo("chat");
            assertThat(posted.method()).isEqualTo("POST");
            assertThat(posted.path()).isEqualTo("/app/post");
            assertThat(posted.client()).isEqualTo("127.0.0.1");
            assertThat(posted.backend()).isEqualTo("127.0.0.1:" + BACKEND.port());
            assertThat(posted.status()).isEqualTo(201);
            assertThat(posted.toBackend().bytes()).isEqualTo(5);
            assertThat(posted.toClient().bytes()).isEqualTo(12);
            assertThat(posted.endedBy()).isEqualTo(EndedBy.COMPLETE);
            assertThat(posted.cause()).isNull();
            assertThat(posted.traceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
            assertThat(posted.requestId()).isNull();
            assertThat(posted.untilHead()).isNotNull().isLessThanOrEqualTo(posted.duration());
        }
        try (Wire client = client()) {
            client.send("TRACE /app/x HTTP/1.1\r\nHost: x\r\n\r\n");
            String answer = client.readBodyText(client.readHead());
            Outcome refused = only();
            assertThat(refused.status()).isEqualTo(405);
            assertThat(refused.endedBy()).isEqualTo(EndedBy.REFUSED);
            assertThat(answer).contains("Request id: " + refused.requestId());
        }
        try (Wire client = client()) {
            client.send("GET /app/ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
            assertThat(client.readHead().status()).isEqualTo(101);
            byte[] message = Frame.text("hello").masked();
            client.send(message);
            client.read(message.length);
            assertThat(TOLD).isEmpty();
        }
        Outcome tunnel = only();
        assertThat(tunnel.kind()).isEqualTo(Kind.TUNNEL);
        assertThat(tunnel.status()).isEqualTo(101);
        assertThat(tunnel.framed()).isTrue();
        assertThat(tunnel.toBackend().messages()).isEqualTo(1);
        assertThat(tunnel.endedBy()).isEqualTo(EndedBy.CLIENT);
    }
}
