package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Stream;
import io.fairlead.suite.peer.Noise;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Uploads over HTTP/2 that share the room of their connection (RFC 9113, 5.2). */
public abstract class Http2CreditTest extends Http2WireTest {

    private static final int CANCELLED = 5;

    private static final int MEGABYTE = 1 << 20;

    /** What was on its way when an upload was cancelled gives its room back to the others. */
    @Test
    void cancelledUploadsLeaveTheConnectionItsCredit() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/stands", exchange -> assertThat(over.await(60, TimeUnit.SECONDS))
                .isTrue());
        backend.on("/takes", exchange -> {
            String digest = Noise.digest(exchange.wire().in(), MEGABYTE);
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: " + digest.length());
            exchange.wire().send(digest);
        });
        try (Http2 connection = connection()) {
            for (int i = 1; i <= CANCELLED; i++) {
                Http2Stream stream = post(connection, Routes.MAIN, "/stands", "content-length: " + Integer.MAX_VALUE);
                AtomicLong poured = new AtomicLong();
                CompletableFuture<Void> upload =
                        Crew.start(() -> new Noise(3, Integer.MAX_VALUE).pour(stream.out(), poured));
                standstill(poured, 300);
                stream.reset();
                assertThat(upload).failsWithin(Duration.ofSeconds(10));
                assertTakes(connection, new Noise(i, MEGABYTE));
            }
        } finally {
            over.countDown();
        }
    }

    private void assertTakes(Http2 connection, Noise noise) throws Exception {
        Http2Stream stream = post(connection, Routes.MAIN, "/takes", "content-length: " + noise.length());
        CompletableFuture<Void> upload = Crew.start(() -> noise.pour(stream.out()));
        assertThat(stream.readHead().status()).isEqualTo(200);
        assertThat(stream.readRestText()).isEqualTo(noise.digest());
        Crew.await(upload);
    }
}
