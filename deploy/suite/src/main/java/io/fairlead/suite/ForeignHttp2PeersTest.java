package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Node;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** An HTTP/2 client that is not of the Java world: Node's. In the profile {@code full}. */
@Tag("full")
public abstract class ForeignHttp2PeersTest extends Http2WireTest {

    @Test
    void nodeCarriesManyWebSocketsAndBodiesInOneConnection() throws Exception {
        backend.on(
                "/post",
                exchange -> exchange.answer("200 OK", new String(exchange.readBody(), StandardCharsets.ISO_8859_1)));
        Node node = Node.in(Path.of("target", "node"));
        try (Node.Running server = node.serve("ws-server.js")) {
            Routes.FOREIGN_DOOR.leadTo(server.port());
            String origin = "https://localhost:" + address().getPort();
            assertThat(node.script(
                            "http2-client.js",
                            origin,
                            path(Routes.FOREIGN, "/chat?room=1"),
                            path(Routes.MAIN, "/post")))
                    .contains("ok");
        }
    }
}
