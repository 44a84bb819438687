package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Noise;
import io.fairlead.suite.peer.Wire;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Backends that fail and clients that leave, in requests without any upgrade. */
public abstract class FailuresTest extends WireTest {

    @Test
    @FromTheField(Trouble.D3)
    void aDeadBackendIsABadGateway() throws Exception {
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.DEAD, "/x")));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(502);
            assertPlainError(head, client.readBodyText(head));
        }
    }

    @Test
    @FromTheField(Trouble.D3)
    void aSilentBackendIsAGatewayTimeout() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/silent", exchange -> {
            exchange.wire().ending();
            over.countDown();
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.QUICK, "/silent")));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(504);
            assertPlainError(head, client.readBodyText(head));
        }
        assertThat(over.await(10, TimeUnit.SECONDS))
                .as("the backend was let go")
                .isTrue();
    }

    @Test
    void aBodyThatStandsStillIsCutOff() throws Exception {
        backend.on("/stuck", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: 10");
            exchange.wire().send("half ");
            exchange.wire().ending();
        });
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.QUICK, "/stuck")));
            assertThat(client.readHead().status()).isEqualTo(200);
            assertThat(client.readText(5)).isEqualTo("half ");
            client.ending();
        }
    }

    @Test
    void aBackendThatHangsUpIsABadGateway() throws Exception {
        backend.on("/drop", exchange -> {});
        assertBadGateway("/drop");
    }

    @Test
    void aGetIsSentAgainUntilItsConnectionIsANewOne() throws Exception {
        CountDownLatch all = new CountDownLatch(4);
        backend.on("/hold", exchange -> {
            all.countDown();
            assertThat(all.await(20, TimeUnit.SECONDS)).isTrue();
            exchange.answer("200 OK", "held");
        });
        List<CompletableFuture<String>> held = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            held.add(Crew.call(() -> get(Routes.FEW, "/hold")));
        }
        for (CompletableFuture<String> answer : held) {
            assertThat(Crew.await(answer)).isEqualTo("held");
        }
        int old = backend.accepted();
        Set<Integer> hungUp = ConcurrentHashMap.newKeySet();
        backend.on("/again", exchange -> {
            if (exchange.connection() > old) {
                exchange.answer("200 OK", "new");
            } else {
                hungUp.add(exchange.connection());
            }
        });
        assertThat(get(Routes.FEW, "/again")).isEqualTo("new");
        // Not always all four: a client may have its answer a moment before the connection is free.
        assertThat(hungUp).as("kept connections that were tried").hasSizeGreaterThan(1);
    }

    @Test
    void aPostIsNotSentAgain() throws Exception {
        backend.on("/first", exchange -> exchange.answer("200 OK", "first"));
        assertThat(get(Routes.SINGLE, "/first")).isEqualTo("first");
        int old = backend.accepted();
        AtomicInteger asked = new AtomicInteger();
        backend.on("/again", exchange -> asked.incrementAndGet());
        try (Wire client = client()) {
            client.send(request("POST", path(Routes.SINGLE, "/again"), "Content-Length: 0"));
            assertThat(client.readHead().status()).isEqualTo(502);
        }
        assertThat(asked).hasValue(1);
        assertThat(backend.accepted()).isEqualTo(old);
    }

    @Test
    void aBackendThatResetsIsABadGateway() throws Exception {
        backend.on("/rst", exchange -> exchange.wire().reset());
        assertBadGateway("/rst");
    }

    @Test
    void aHalfHeadIsABadGateway() throws Exception {
        backend.on("/half", exchange -> exchange.wire().send("HTTP/1.1 200 OK\r\nContent-Le"));
        assertBadGateway("/half");
    }

    @Test
    void anAnswerThatIsNotHttpIsABadGateway() throws Exception {
        backend.on("/garbage", exchange -> exchange.wire().send("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"));
        assertBadGateway("/garbage");
    }

    private void assertBadGateway(String backendPath) throws IOException {
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.MAIN, backendPath)));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(502);
            assertPlainError(head, client.readBodyText(head));
        }
    }

    @Test
    void responseHeadersOverTheLimitAreABadGateway() throws Exception {
        backend.on("/wide", exchange -> exchange.answer("200 OK", "ok", "X-Wide: " + "w".repeat(6000)));
        try (Wire client = client()) {
            client.send(request("GET", path(Routes.NARROW, "/wide")));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(502);
            assertPlainError(head, client.readBodyText(head));
        }
    }

    @Test
    void aClientThatTakesNothingIsCutOff() throws Exception {
        CompletableFuture<Void> letGo = endless();
        try (Wire client = slowClient()) {
            client.send(request("GET", path(Routes.IMPATIENT, "/endless")));
            assertThat(client.readHead().status()).isEqualTo(200);
            client.readChunk();
            // Less than what servers have as a limit of their own.
            letGo.get(12, TimeUnit.SECONDS);
            assertThat(allThatComes(client)).doesNotEndWith("0\r\n\r\n");
        }
    }

    /** What comes until the connection ends, one way or the other. */
    private static String allThatComes(Wire client) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try {
            client.in().transferTo(all);
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            // Cut off, as it may be.
        }
        return all.toString(StandardCharsets.ISO_8859_1);
    }

    @Tag("long")
    @Test
    void aClientThatTakesALittleAllTheTimeIsNotCutOff() throws Exception {
        Noise noise = new Noise(41, 30L << 20);
        AtomicLong poured = new AtomicLong();
        backend.on("/down", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: " + noise.length());
            noise.pour(exchange.wire().out(), poured);
        });
        try (Wire client = slowClient()) {
            client.send(request("GET", path(Routes.IMPATIENT, "/down")));
            assertThat(client.readHead().status()).isEqualTo(200);
            byte[] expected = noise.bytes();
            long start = System.nanoTime();
            for (int at = 0; at < expected.length; ) {
                if (System.nanoTime() - start < TimeUnit.SECONDS.toNanos(4)) {
                    standstill(poured, 30);
                }
                int n = Math.min(expected.length - at, 256 * 1024);
                assertThat(Arrays.equals(client.read(n), 0, n, expected, at, at + n))
                        .as("the piece at %d is the backend's", at)
                        .isTrue();
                at += n;
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofSeconds(3));
        }
    }

    /** A download at the path {@code /endless} that ends when Fairlead does not want it any more. */
    private CompletableFuture<Void> endless() {
        CompletableFuture<Void> letGo = new CompletableFuture<>();
        backend.on("/endless", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            try {
                while (true) {
                    exchange.sendChunk("more ".repeat(200));
                }
            } catch (IOException e) {
                letGo.complete(null);
            }
        });
        return letGo;
    }

    /** Where a server does not tell of a client of HTTP/2 that leaves, only the route's limits end what it asked for. */
    private String routeOfLeavers() {
        boolean hidden = entrance().http2() && fairlead().server().has(Trait.HIDES_RESET_STREAMS);
        return hidden ? Routes.IMPATIENT : Routes.MAIN;
    }

    @Test
    void aClientThatLeavesEndsTheBackendsWork() throws Exception {
        CompletableFuture<Void> letGo = endless();
        try (Wire client = client()) {
            client.send(request("GET", path(routeOfLeavers(), "/endless")));
            client.readHead();
            client.readChunk();
            client.reset();
        }
        Crew.await(letGo);
    }

    @Test
    void aClientThatLeavesInTheMiddleOfItsBodyEndsTheBackendsRequest() throws Exception {
        CompletableFuture<String> body = new CompletableFuture<>();
        backend.on("/cutshort", exchange -> {
            try (InputStream in = exchange.wire().in()) {
                body.complete("whole: " + Noise.digest(in, 1000));
            } catch (IOException e) {
                body.complete("ended: " + e);
            }
        });
        try (Wire client = client()) {
            client.send(request("POST", path(Routes.MAIN, "/cutshort"), "Content-Length: 1000") + "only this");
            eventually().until(() -> backend.requests().size() == 1);
            client.reset();
        }
        assertThat(Crew.await(body)).contains("ended");
    }

    /** Servers give the room of one answer to the next; nothing may be written there after its time. */
    @Test
    void whatLeaversDidNotTakeShowsInNobodyElsesAnswer() throws Exception {
        AtomicInteger pouring = new AtomicInteger();
        backend.on("/endless", exchange -> {
            pouring.incrementAndGet();
            exchange.sendHead("HTTP/1.1 200 OK", "Transfer-Encoding: chunked");
            try {
                while (true) {
                    exchange.sendChunk("yours ".repeat(200));
                }
            } catch (IOException gone) {
                pouring.decrementAndGet();
            }
        });
        backend.on("/short", exchange -> exchange.answer("200 OK", "mine"));
        List<CompletableFuture<Void>> crowd = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            crowd.add(Crew.start(() -> {
                for (int j = 0; j < 50; j++) {
                    takeALittleAndLeave();
                    try (Wire client = client()) {
                        client.send(request("GET", path(Routes.MAIN, "/short")));
                        Head head = client.readHead();
                        assertThat(head.status()).isEqualTo(200);
                        assertThat(client.readBodyText(head)).isEqualTo("mine");
                    }
                }
            }));
        }
        for (CompletableFuture<Void> one : crowd) {
            Crew.await(one);
        }
        eventually().until(() -> pouring.get() == 0);
    }

    private void takeALittleAndLeave() throws IOException {
        try (Wire client = client()) {
            client.send(request("GET", path(routeOfLeavers(), "/endless")));
            client.readHead();
            client.read(10_000);
            client.reset();
        }
    }
}
