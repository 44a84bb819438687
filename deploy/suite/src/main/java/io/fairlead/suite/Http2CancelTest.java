package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Stream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** Clients of HTTP/2 that cancel one stream after the other, and go on. */
public abstract class Http2CancelTest extends Http2WireTest {

    /** To a connection; Jetty ends one that sends more than 128 such frames within a second. */
    private static final int CANCELLED = 10;

    /** Servers give the room of one answer to the next; nothing may be written there after its time. */
    @Test
    void whatCancelledDownloadsLeftShowsInNoOtherAnswer() throws Exception {
        backend.on("/endless", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            try {
                while (true) {
                    exchange.sendChunk("yours ".repeat(200));
                }
            } catch (IOException gone) {
                // As it shall be.
            }
        });
        for (int i = 0; i < 10; i++) {
            try (Http2 connection = connection()) {
                cancel(CANCELLED, connection);
            }
        }
    }

    private void cancel(int count, Http2 connection) throws IOException {
        for (int i = 0; i < count; i++) {
            Http2Stream stream = ask(connection, "GET", Routes.MAIN, "/endless");
            assertThat(stream.readHead().status()).isEqualTo(200);
            stream.read(1000);
            stream.reset();
            assertServes(connection);
        }
    }
}
