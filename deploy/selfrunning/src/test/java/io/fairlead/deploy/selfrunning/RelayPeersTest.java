package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Browser;
import io.fairlead.suite.peer.Identity;
import io.fairlead.suite.peer.Node;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peers of the Node world and a browser, with messages relayed between them. In the profile {@code full}. */
@Tag("full")
class RelayPeersTest {

    private static Node node() throws Exception {
        return Node.in(Path.of("target", "node"));
    }

    private static SelfRunning relayTo(Node.Running server) throws Exception {
        return SelfRunning.start(
                List.of("--route", "/relay/=http://127.0.0.1:" + server.port() + "/;mode=relay;filters=audit"));
    }

    @Test
    void wsWithCompressionOnBothSidesAndSubprotocol() throws Exception {
        Node node = node();
        try (Node.Running server = node.serve("ws-server.js");
                SelfRunning fairlead = relayTo(server)) {
            String url = "ws://127.0.0.1:" + fairlead.http().getPort() + "/relay/chat?room=1";
            assertThat(node.script("ws-client.js", url)).contains("ok");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"polling", "websocket", "upgrade"})
    void socketIo(String transport) throws Exception {
        Node node = node();
        try (Node.Running server = node.serve("sio-server.js", "socket.io", "/socket.io/");
                SelfRunning fairlead = relayTo(server)) {
            String origin = "http://127.0.0.1:" + fairlead.http().getPort();
            assertThat(node.script("sio-client.js", "socket.io-client", origin, "/relay/socket.io/", transport))
                    .contains("ok");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"h2", "http/1.1"})
    void aBrowser(String version) throws Exception {
        Node node = node();
        Authority authority = Authority.create("Fairlead's relay test");
        Identity identity = authority.issue("localhost");
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "browser")), "relay");
        Browser browser = Browser.trusting(authority, node, directory.resolve("home"));
        try (Node.Running server = node.serve("ws-server.js");
                SelfRunning fairlead = SelfRunning.startWith(List.of(
                        "--cert",
                        identity.writeChain(directory.resolve("chain.pem")).toString(),
                        "--key",
                        identity.writeKey(directory.resolve("key.pem")).toString(),
                        "--route",
                        "/echo/=http://127.0.0.1:" + server.port() + "/;mode=relay"))) {
            InetSocketAddress https = Objects.requireNonNull(fairlead.https());
            String origin = "https://localhost:" + https.getPort();
            String seen = version.equals("h2")
                    ? browser.run("echo", origin, "/echo/")
                    : browser.run("echo", origin, "/echo/", "--http1");
            assertThat(seen)
                    .contains("page over " + version)
                    .contains("same true")
                    .contains("protocol chat.v2")
                    .contains("extensions permessage-deflate")
                    .contains("close 4001 enough true");
        }
    }
}
