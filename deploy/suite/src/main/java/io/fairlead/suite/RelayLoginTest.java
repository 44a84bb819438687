package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;

/** A relay behind the server's own login: nobody else comes to the backend, and filters know who it is. */
public abstract class RelayLoginTest extends WireTest {

    /** The field by which a client logs in. */
    protected static String credentials(String password) {
        byte[] both = (Application.USER + ":" + password).getBytes(StandardCharsets.UTF_8);
        return "Authorization: Basic " + Base64.getEncoder().encodeToString(both);
    }

    @Test
    void whoIsNotLoggedInIsAskedToAndNoBackendHearsOfIt() throws Exception {
        try (Wire client = client()) {
            Head head = client.send(webSocket(Routes.RELAY, "/ws")).readHead();
            assertThat(head.status()).isEqualTo(401);
            assertThat(head.value("WWW-Authenticate")).contains(Application.REALM);
        }
        try (Wire client = client()) {
            Head head = client.send(webSocket(Routes.RELAY, "/ws", credentials("wrong")))
                    .readHead();
            assertThat(head.status()).isEqualTo(401);
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    void filtersKnowWhoIsLoggedIn() throws Exception {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            Correspondent.backend(exchange.wire()).echo();
        });
        try (Wire client = switched(client(), webSocket(Routes.RELAY, "/ws", credentials(Application.PASSWORD)))) {
            client.send(Frame.text("hello").masked());
            assertThat(Frame.read(client).text()).isEqualTo(heard("hello"));
        }
        String path = path(Routes.RELAY, "/ws");
        eventually().untilAsserted(() -> assertThat(fairlead().log())
                .anyMatch(line -> line.contains(
                        "path=\"" + path + "\" principal=\"" + Application.USER + "\" direction=toBackend")));
    }

    /** What a client hears of its own text from a backend that echoes. */
    protected String heard(String said) {
        return said;
    }
}
