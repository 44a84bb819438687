package io.fairlead.deploy.tomcat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fairlead.suite.Application;
import io.fairlead.suite.Routes;
import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.catalina.Context;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.ContextConfig;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.util.ContextName;
import org.jboss.shrinkwrap.api.exporter.ZipExporter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two versions of an application at one path, as Tomcat's parallel deployment has it: the old one is drained, then it goes. */
class TomcatParallelDeploymentTest {

    private static final int CLIENTS = 20;

    private final MBeanServer jmx = ManagementFactory.getPlatformMBeanServer();
    private final Backend backend = Backend.start();
    private final Tomcat tomcat = new Tomcat();
    private final Connector connector = new Connector();
    private final Path directory;

    TomcatParallelDeploymentTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeEach
    void start() throws Exception {
        Files.createDirectories(directory.resolve("webapps"));
        tomcat.setBaseDir(directory.toString());
        connector.setPort(0);
        connector.setProperty("address", InetAddress.getLoopbackAddress().getHostAddress());
        tomcat.setConnector(connector);
        tomcat.start();
    }

    @AfterEach
    void stop() throws Exception {
        tomcat.stop();
        tomcat.destroy();
    }

    /** Its backend's part lies below {@code /VERSION}. */
    private Context deploy(String version) {
        Path war = directory.resolve("app-" + version + ".war");
        String target = "http://127.0.0.1:" + backend.port() + "/" + version;
        String webXml = Routes.webXmlOf(Map.of("chat", Map.of("proxyTo", target)));
        Application.war(webXml).as(ZipExporter.class).exportTo(war.toFile());
        ContextName name = new ContextName("/app", version);
        StandardContext context = new StandardContext();
        context.setName(name.getName());
        context.setPath(name.getPath());
        context.setWebappVersion(name.getVersion());
        context.setDocBase(war.toString());
        ContextConfig config = new ContextConfig();
        config.setDefaultWebXml(tomcat.noDefaultWebXmlPath());
        context.addLifecycleListener(config);
        tomcat.getHost().addChild(context);
        assertThat(context.getState().isAvailable()).isTrue();
        return context;
    }

    private Wire connect() throws IOException {
        Wire wire = Wire.connect(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort()), null, 0);
        String handshake = "GET /app/chat/ws HTTP/1.1\r\nHost: app\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        assertThat(wire.send(handshake).readHead().status()).isEqualTo(101);
        return wire;
    }

    /** Which version the client's tunnel leads through. */
    private static String version(Wire wire) throws IOException {
        wire.send(Frame.text("which?").masked());
        return Frame.read(wire).text();
    }

    private void serve(String version) {
        backend.on("/" + version + "/ws", exchange -> {
            exchange.acceptWebSocket();
            Frame.read(exchange.wire());
            Correspondent peer = Correspondent.backend(exchange.wire());
            peer.send(Frame.text(version));
            peer.listen(false);
        });
    }

    @Tag("long")
    @Test
    void theOldVersionsClientsComeBackToTheNewOne() throws Exception {
        serve("1");
        serve("2");
        Context old = deploy("1");
        List<Wire> wires = new ArrayList<>();
        try {
            List<CompletableFuture<Closing>> closings = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Wire wire = connect();
                wires.add(wire);
                assertThat(version(wire)).isEqualTo("1");
                closings.add(Crew.call(() -> Correspondent.client(wire).listen(false)));
            }
            deploy("2");
            wires.add(connect());
            assertThat(version(wires.get(CLIENTS))).isEqualTo("2");
            assertThat(closings).noneMatch(CompletableFuture::isDone);
            ObjectName route = new ObjectName("io.fairlead:type=Route,context=/app,name=chat");
            assertThat(jmx.getAttribute(route, "OpenTunnels")).isEqualTo((long) CLIENTS);
            jmx.invoke(route, "drain", new Object[] {1}, new String[] {"int"});
            for (CompletableFuture<Closing> closing : closings) {
                assertThat(Crew.await(closing)).isEqualTo(new Closing(1012, "the proxy stops"));
                Wire again = connect();
                wires.add(again);
                assertThat(version(again)).isEqualTo("2");
            }
            await().atMost(10, TimeUnit.SECONDS).untilAsserted(() -> assertThat(jmx.getAttribute(route, "OpenTunnels"))
                    .isEqualTo(0L));
            tomcat.getHost().removeChild(old);
            assertThat(jmx.isRegistered(route)).isFalse();
            ObjectName newRoute = new ObjectName("io.fairlead:type=Route,context=/app,name=chat,instance=2");
            assertThat(jmx.getAttribute(newRoute, "OpenTunnels")).isEqualTo(1L + CLIENTS);
        } finally {
            wires.forEach(Wire::close);
        }
    }
}
