package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Backend;
import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Clients' wires and those of three backends, with Fairlead between them. */
public abstract class ManyBackendsTest extends WireTest {

    /** What a client got; a tunnel is closed by then. */
    protected record Answer(Head head, String body) {

        int status() {
            return head.status();
        }

        /** The number of the backend that answered. */
        int by() {
            return Integer.parseInt(head.value("X-Backend"));
        }
    }

    /** A tunnel that is open, and the number of the backend that it leads to. */
    protected record Tunnel(Wire client, int to) implements AutoCloseable {

        @Override
        public void close() {
            client.close();
        }
    }

    /** What the backend of a number does with a request. */
    protected interface Part {
        void play(int number, Exchange exchange) throws Exception;
    }

    @BeforeEach
    @AfterEach
    void forgetAll() throws IOException {
        for (Backend each : BalancedRoutes.BACKENDS) {
            each.revive();
            assertThat(each.faults()).as("faults seen by a backend").isEmpty();
            each.reset();
        }
    }

    protected static Backend backend(int number) {
        return BalancedRoutes.BACKENDS.get(number);
    }

    /** Gives all backends a script for every target that starts with this. */
    protected static void everywhere(String targetPrefix, Part part) {
        for (int i = 0; i < BalancedRoutes.BACKENDS.size(); i++) {
            int number = i;
            backend(number).on(targetPrefix, exchange -> part.play(number, exchange));
        }
    }

    /** Accepts a handshake, and answers any other request with its body; either way it says who it is. */
    protected static void serve(int number, Exchange exchange) throws IOException {
        if (exchange.head().has("Upgrade")) {
            exchange.acceptWebSocket("X-Backend: " + number);
            Correspondent.backend(exchange.wire()).echo();
        } else {
            String body = new String(exchange.readBody(), StandardCharsets.ISO_8859_1);
            exchange.answer("200 OK", body, "X-Backend: " + number);
        }
    }

    /** Requests that a backend was sent since the test began, a hundred at the most. */
    protected static int seen(int number) {
        return backend(number).requests().size();
    }

    protected static int seenByAll() {
        return IntStream.range(0, 3).map(ManyBackendsTest::seen).sum();
    }

    protected Answer ask(String route, String backendPath, String... headers) throws IOException {
        return answerTo("GET", route, backendPath, headers);
    }

    /** The answer to a request without a body. */
    protected Answer answerTo(String method, String route, String backendPath, String... headers) throws IOException {
        return answer(request(method, path(route, backendPath), headers));
    }

    /** A request with a body and its length. */
    protected Answer send(String method, String route, String backendPath, String body, String... headers)
            throws IOException {
        String[] all = Stream.concat(Stream.of("Content-Length: " + body.length()), Stream.of(headers))
                .toArray(String[]::new);
        return answer(request(method, path(route, backendPath), all) + body);
    }

    /** A request whose body comes in chunks. */
    protected Answer sendInChunks(String method, String route, String backendPath, String... chunks)
            throws IOException {
        StringBuilder text = new StringBuilder(request(method, path(route, backendPath), "Transfer-Encoding: chunked"));
        for (String chunk : chunks) {
            text.append(Integer.toHexString(chunk.length()))
                    .append("\r\n")
                    .append(chunk)
                    .append("\r\n");
        }
        return answer(text.append("0\r\n\r\n").toString());
    }

    protected Answer handshake(String route, String backendPath, String... headers) throws IOException {
        return answer(webSocket(route, backendPath, headers));
    }

    protected Tunnel tunnel(String route, String backendPath) throws IOException {
        Wire client = client();
        Head head = client.send(webSocket(route, backendPath)).readHead();
        if (head.status() != 101) {
            client.close();
            throw new AssertionError("no tunnel but " + head);
        }
        return new Tunnel(client, Integer.parseInt(head.value("X-Backend")));
    }

    private Answer answer(String request) throws IOException {
        try (Wire client = client()) {
            // A large request may be answered, and its connection closed, before all of it is taken.
            CompletableFuture<Void> sending = Crew.start(() -> client.send(request));
            Head head = client.readHead();
            String body = head.status() == 101 ? "" : client.readBodyText(head);
            if (head.status() < 400) {
                Crew.await(sending);
            }
            return new Answer(head, body);
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }

    /** The numbers of the backends that answered so many GETs, one after the other. */
    protected List<Integer> answerers(String route, String backendPath, int requests, String... headers)
            throws IOException {
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < requests; i++) {
            Answer answer = ask(route, backendPath, headers);
            assertThat(answer.status()).isEqualTo(200);
            all.add(answer.by());
        }
        return all;
    }
}
