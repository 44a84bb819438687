package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Doomed;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Wire;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Peers that are killed while a WebSocket is open: {@code kill -9}, of a process. */
public abstract class KilledTest extends WireTest {

    @Test
    void theClientOfABackendThatIsKilledIsToldSo() throws Exception {
        try (Doomed doomed = Doomed.backend()) {
            Routes.FOREIGN_DOOR.leadTo(doomed.port());
            try (Wire client = webSocketTunnel(Routes.FOREIGN, "/ws")) {
                assertThat(Frame.read(client).text()).isEqualTo("last words");
                doomed.kill();
                assertThat(Correspondent.client(client).listen(false))
                        .isEqualTo(new Closing(1011, "the backend is gone"));
            }
        }
    }

    @Test
    void theBackendOfAClientThatIsKilledIsToldSo() throws Exception {
        CompletableFuture<Closing> backendSaw = new CompletableFuture<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            assertThat(Frame.read(exchange.wire()).text()).isEqualTo("last words");
            backendSaw.complete(Correspondent.backend(exchange.wire()).listen(false));
        });
        try (Doomed doomed = Doomed.client(address(), webSocket(Routes.MAIN, "/ws"))) {
            eventually().until(() -> backend.open() == 1);
            doomed.kill();
            assertThat(Crew.await(backendSaw)).isEqualTo(new Closing(1001, "the client is gone"));
        }
        eventually().until(() -> backend.open() == 0);
    }
}
