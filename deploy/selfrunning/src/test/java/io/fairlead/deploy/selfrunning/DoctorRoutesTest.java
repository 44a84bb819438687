package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Door;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Middlebox;
import io.fairlead.suite.peer.Middlebox.Fault;
import io.fairlead.suite.peer.Seat;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The leg from the server to each route's backend. */
@Timeout(120)
class DoctorRoutesTest {

    private static final Pattern NONCE = Pattern.compile("\"nonce\":\"([^\"]+)\"");
    private static final String FACTS = "{\"url\":\"http://127.0.0.1\",\"steps\":{\"get\":{\"result\":\"ok\"}}}";

    private final HttpClient client = HttpClient.newHttpClient();

    private static void answersPings(Wire wire) throws IOException {
        Head head = wire.readHead();
        wire.sendLines(
                "HTTP/1.1 101 Switching Protocols",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Accept: " + Frame.accept(head.value("Sec-WebSocket-Key")),
                "");
        while (true) {
            Frame frame = Frame.read(wire);
            if (frame.opcode() == Frame.PING) {
                wire.send(Frame.last(Frame.PONG, frame.payload()).plain());
            }
        }
    }

    private static void answers(Wire wire, String status) throws IOException {
        wire.readHead();
        wire.sendLines("HTTP/1.1 " + status, "Content-Length: 0", "Connection: close", "");
    }

    private static String to(Door door) {
        return "http://127.0.0.1:" + door.port();
    }

    private String ask(URI server, String path, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.resolve(path))
                .POST(BodyPublishers.ofString(body))
                .build();
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    private String begin(URI server) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(server.resolve("/-/doctor/begin")).build();
        Matcher nonce =
                NONCE.matcher(client.send(request, BodyHandlers.ofString()).body());
        assertThat(nonce.find()).isTrue();
        return nonce.group(1);
    }

    @Tag("long")
    @Test
    void eachLegIsNamedWithItsFault() throws Exception {
        Door well = Door.open(DoctorRoutesTest::answersPings);
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), well.port());
        try (Seat nobody = Seat.take();
                Middlebox untrusted = Middlebox.start(
                        Fault.NONE,
                        address,
                        null,
                        Authority.selfSigned("localhost").server(null));
                Middlebox swallows = Middlebox.start(Fault.SWALLOW_DOWN, address, null, null);
                SelfRunning fairlead = SelfRunning.start(List.of(
                        "--doctor",
                        "loopback",
                        "--route",
                        "/well=" + to(well),
                        "--route",
                        "/down=http://127.0.0.1:" + nobody.port(),
                        "--route",
                        "/tls=https://localhost:" + untrusted.port(),
                        "--route",
                        "/page=" + to(Door.open(wire -> answers(wire, "200 OK"))),
                        "--route",
                        "/login=" + to(Door.open(wire -> answers(wire, "403 Forbidden"))),
                        "--route",
                        "/deaf=http://127.0.0.1:" + swallows.port(),
                        "--route",
                        "/mute=" + to(Door.open(Wire::readRest))))) {
            URI server = URI.create("http://127.0.0.1:" + fairlead.http().getPort());
            String answer = ask(server, "/-/doctor/verdict?n=" + begin(server) + "&routes=1", FACTS);
            assertThat(answer)
                    .contains("{\"route\":\"/well\",\"backend\":\"127.0.0.1:" + well.port()
                            + "\",\"path\":\"/well/\",\"reached\":\"pong\",\"status\":101,\"reason\":\"\"}");
            assertThat(found(answer, "route-down")).isEqualTo("/down");
            assertThat(found(answer, "route-tls")).isEqualTo("/tls");
            assertThat(found(answer, "route-no-websocket")).isEqualTo("/page");
            assertThat(found(answer, "route-refuses")).isEqualTo("/login");
            assertThat(found(answer, "route-silent")).isEqualTo("/deaf");
            assertThat(found(answer, "route-no-answer")).isEqualTo("/mute");
            assertThat(ask(server, "/-/doctor/verdict?n=" + begin(server), FACTS))
                    .contains("\"routes\":[]");
        }
    }

    private static String found(String answer, String code) {
        Matcher finding = Pattern.compile("\"code\":\"" + code + "\"[^}]*\"parameters\":\\{\"route\":\"([^\"]+)\"")
                .matcher(answer);
        assertThat(finding.find()).as("%s in %s", code, answer).isTrue();
        return finding.group(1);
    }
}
