package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Stream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The doctor's probes beside each other in one HTTP/2 connection, as a browser makes them. */
public abstract class DoctorOverHttp2Test extends Http2WireTest {

    private static final Pattern NONCE = Pattern.compile("\"nonce\":\"([A-Za-z0-9_-]{22})\"");
    private static final int SMALL_WINDOW = 65_535;
    private static final int SMALLEST_WINDOW = 64;
    private static final int MEGABYTE = 1 << 20;

    private String below(String path) {
        String route = fairlead().path(Routes.MAIN, "");
        return route.substring(0, route.length() - Routes.MAIN.length() - 1) + path;
    }

    private Http2Stream get(Http2 connection, String path) throws IOException {
        return connection.open(connection.fields("GET", HOST, below(path)), true);
    }

    private String begin(Http2 connection) throws IOException {
        Http2Stream stream = get(connection, "/-/doctor/begin");
        assertThat(stream.readHead().status()).isEqualTo(200);
        String begun = stream.readRestText();
        Matcher nonce = NONCE.matcher(begun);
        assertThat(nonce.find()).as(begun).isTrue();
        return nonce.group(1);
    }

    /** Where the server has no WebSocket of its own, there is nothing to be held. */
    private void assumeWebSocket() {
        assumeThat(fairlead().server().has(Trait.HAS_NO_WEBSOCKET))
                .as("the server has no WebSocket")
                .isFalse();
    }

    private Http2Stream socket(Http2 connection, String path, String nonce) throws IOException {
        String target = below("/-/probe/ws/" + path + "?n=" + nonce + "&s=ws");
        List<Head.Field> fields = connection.connect("websocket", HOST, target);
        fields.add(new Head.Field("sec-websocket-version", "13"));
        Http2Stream stream = connection.open(fields, false);
        Head head = stream.readHead();
        assertThat(head.status()).as("%s", head).isEqualTo(200);
        return stream;
    }

    private void assertAnswers(Http2 connection, String nonce) throws IOException {
        Http2Stream stream = get(connection, "/-/probe/get?n=" + nonce + "&s=get");
        assertThat(stream.readHead().status()).isEqualTo(200);
        assertThat(stream.readRestText()).contains("\"step\":\"get\"");
    }

    /** A client that has not read the echo yet must be able to say so, and to ask for something else. */
    @Test
    void anEchoThatWaitsForItsClientHoldsNothingElse() throws Exception {
        assumeWebSocket();
        byte[] payload = new byte[MEGABYTE];
        new Random(8).nextBytes(payload);
        try (Http2 connection = connection(SMALL_WINDOW, 8 * MEGABYTE)) {
            String nonce = begin(connection);
            Http2Stream echo = socket(connection, "echo", nonce);
            byte[] message = Frame.last(Frame.BINARY, payload).masked();
            CompletableFuture<Void> sending = Crew.start(() -> echo.send(message));
            // Nobody reads, so the window is closed then.
            eventually().until(() -> echo.in().available() == SMALL_WINDOW);
            assertAnswers(connection, nonce);
            assertThat(readMessage(echo)).isEqualTo(payload);
            Crew.await(sending);
        }
    }

    @Test
    void aBurstThatWaitsForItsClientHoldsNothingElse() throws Exception {
        assumeWebSocket();
        try (Http2 connection = connection(SMALLEST_WINDOW, 8 * MEGABYTE)) {
            String nonce = begin(connection);
            Http2Stream push = socket(connection, "push", nonce);
            eventually().until(() -> push.in().available() == SMALLEST_WINDOW);
            assertAnswers(connection, nonce);
            for (int i = 0; i < 32; i++) {
                assertThat(new String(readMessage(push), StandardCharsets.US_ASCII))
                        .isEqualTo("" + i);
            }
        }
    }

    /** A message in however many frames. */
    private static byte[] readMessage(Http2Stream stream) throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        boolean last = false;
        while (!last) {
            byte[] head = stream.read(2);
            last = (head[0] & 0x80) != 0;
            long length = head[1] & 0x7f;
            if (length == 126) {
                length = ByteBuffer.wrap(stream.read(2)).getShort() & 0xffff;
            } else if (length == 127) {
                length = ByteBuffer.wrap(stream.read(8)).getLong();
            }
            message.writeBytes(stream.read(Math.toIntExact(length)));
        }
        return message.toByteArray();
    }
}
