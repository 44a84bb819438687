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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A browser over https, on a connection of HTTP/2 and of HTTP/1.1. It trusts the root only, so Fairlead has to send the
 * intermediate. In the profile {@code full}.
 */
@Tag("full")
class BrowserTest {

    private static @Nullable Node node;
    private static @Nullable Browser browser;
    private static List<String> tls = List.of();

    @BeforeAll
    static void prepare() throws Exception {
        Authority authority = Authority.create("Fairlead's browser test");
        Identity identity = authority.issue("localhost");
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "browser")), "tls");
        Node peers = Node.in(Path.of("target", "node"));
        node = peers;
        browser = Browser.trusting(authority, peers, directory.resolve("home"));
        tls = List.of(
                "--cert",
                identity.writeChain(directory.resolve("chain.pem")).toString(),
                "--key",
                identity.writeKey(directory.resolve("key.pem")).toString());
    }

    private static String browse(SelfRunning fairlead, String mode, String path, String version) throws Exception {
        InetSocketAddress https = fairlead.https();
        if (browser == null || https == null) {
            throw new IllegalStateException("not prepared");
        }
        String origin = "https://localhost:" + https.getPort();
        return version.equals("h2") ? browser.run(mode, origin, path) : browser.run(mode, origin, path, "--http1");
    }

    @ParameterizedTest
    @CsvSource({"h2", "http/1.1"})
    void twoTabsChat(String version) throws Exception {
        try (SelfRunning fairlead = SelfRunning.startWith(tls)) {
            assertThat(browse(fairlead, "chat", "/demo/", version)).contains("page over " + version);
        }
    }

    @ParameterizedTest
    @CsvSource({"h2, 2.0", "http/1.1, 1.1"})
    void theWebSocketComesOverTheConnectionOfThePage(String version, String via) throws Exception {
        if (node == null) {
            throw new IllegalStateException("not prepared");
        }
        try (Node.Running backend = node.serve("ws-server.js");
                SelfRunning fairlead =
                        SelfRunning.startWith(with("--route", "/echo/=http://127.0.0.1:" + backend.port() + "/"))) {
            assertThat(browse(fairlead, "echo", "/echo/", version))
                    .contains("page over " + version)
                    .contains("via " + via + " ")
                    .contains("same true")
                    .contains("protocol chat.v2")
                    .contains("extensions permessage-deflate")
                    .contains("close 4001 enough true");
        }
    }

    private static List<String> with(String... arguments) {
        return Stream.concat(tls.stream(), List.of(arguments).stream()).toList();
    }
}
