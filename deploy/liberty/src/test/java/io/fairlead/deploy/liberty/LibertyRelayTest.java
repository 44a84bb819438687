package io.fairlead.deploy.liberty;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Application;
import io.fairlead.suite.Routes;
import io.fairlead.suite.WireTest;
import io.fairlead.suite.onserver.OnServer;
import io.fairlead.suite.peer.Wire;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.Test;

/** A route that can't be relayed here says so, at start and to each handshake; its plain HTTP is as everywhere. */
@OnServer
class LibertyRelayTest extends WireTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.relays();
    }

    @Test
    void aHandshakeToARelayIsNotImplementedAndTheLogHasSaidWhyAtStart() throws Exception {
        backend.on("/ws", exchange -> exchange.answer("200 OK", "plain"));
        try (Wire client = client()) {
            client.send(webSocket(Routes.RELAY, "/ws"));
            assertThat(client.readHead().status()).isEqualTo(501);
        }
        assertThat(backend.requests()).isEmpty();
        assertThat(fairlead().log())
                .anyMatch(line -> line.contains("route 'relay': mode=relay is not carried by this server"));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.RELAY, "/ws")));
            assertThat(client.readBodyText(client.readHead())).isEqualTo("plain");
        }
    }
}
