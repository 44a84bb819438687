package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Node;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients and servers of the Node world on both sides of Fairlead. In the profile {@code full}. */
@Tag("full")
public abstract class ForeignPeersTest extends WireTest {

    @Test
    @FromTheField({Trouble.C1, Trouble.F2})
    void wsWithCompressionAndSubprotocol() throws Exception {
        Node node = Node.in(Path.of("target", "node"));
        try (Node.Running server = node.serve("ws-server.js")) {
            Routes.FOREIGN_DOOR.leadTo(server.port());
            String url = "ws://127.0.0.1:" + address().getPort() + path(Routes.FOREIGN, "/chat?room=1");
            assertThat(node.script("ws-client.js", url)).contains("ok");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"polling", "websocket", "upgrade"})
    @FromTheField({Trouble.B2, Trouble.C1})
    void socketIo(String transport) throws Exception {
        Node node = Node.in(Path.of("target", "node"));
        try (Node.Running server = node.serve("sio-server.js", "socket.io", "/socket.io/")) {
            Routes.FOREIGN_DOOR.leadTo(server.port());
            String origin = "http://127.0.0.1:" + address().getPort();
            String path = path(Routes.FOREIGN, "/socket.io/");
            assertThat(node.script("sio-client.js", "socket.io-client", origin, path, transport))
                    .contains("ok");
        }
    }
}
