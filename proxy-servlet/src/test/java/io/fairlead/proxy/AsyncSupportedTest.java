package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AsyncSupportedTest {

    private final Server server = new Server();

    @AfterEach
    void stop() throws Exception {
        server.stop();
    }

    @Test
    void aServletThatIsNotAsyncSupportedSaysSoInTheLog() throws Exception {
        ServerConnector connector = new ServerConnector(server);
        connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler("/");
        ServletHolder holder = new ServletHolder("chat", UpgradeProxyServlet.class);
        holder.setInitParameter("proxyTo", "http://127.0.0.1:1");
        holder.setAsyncSupported(false);
        context.addServlet(holder, "/*");
        server.setHandler(context);
        server.start();
        try (Wire client = Wire.connect(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort()), null, 0)) {
            client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(500);
            assertThat(client.readBodyText(head)).contains("The proxy is not set up to answer.");
        }
    }
}
