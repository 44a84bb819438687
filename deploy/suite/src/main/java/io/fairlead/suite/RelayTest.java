package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fairlead.suite.peer.Correspondent;
import io.fairlead.suite.peer.Correspondent.Closing;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Talk;
import io.fairlead.suite.peer.Vitals;
import io.fairlead.suite.peer.Wire;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import javax.management.ObjectName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Routes with {@code mode=relay}: the server ends the client's WebSocket, and messages pass between it and the backend's. */
public abstract class RelayTest extends WireTest {

    private static final int MEGABYTE = 1 << 20;

    private final CompletableFuture<Closing> backendSaw = new CompletableFuture<>();

    private void mannerlyBackend() {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            listen(exchange);
        });
    }

    private void listen(Exchange exchange) {
        try {
            backendSaw.complete(Correspondent.backend(exchange.wire()).listen(false));
        } catch (IOException | AssertionError failure) {
            backendSaw.completeExceptionally(failure);
        }
    }

    /** Whatever still comes: pongs, a Close frame. */
    private static void untilItEnds(Exchange exchange) {
        try {
            exchange.wire().readRest();
        } catch (IOException reset) {
            // An end as well.
        }
    }

    // ---- the handshake

    @Test
    void theBackendChoosesTheSubprotocolAndItsFieldsReachTheClient() throws Exception {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket(
                    "Sec-WebSocket-Protocol: two",
                    "Set-Cookie: a=1; Path=/",
                    "Set-Cookie: b=2; Path=/",
                    "X-Of-Backend: yes");
            listen(exchange);
        });
        try (Wire client = client()) {
            Head head = client.send(webSocket(
                            Routes.RELAY,
                            "/ws",
                            "Sec-WebSocket-Protocol: one, two",
                            "Origin: https://elsewhere.example"))
                    .readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.value("Sec-WebSocket-Protocol")).isEqualTo("two");
            assertThat(head.value("X-Of-Backend")).isEqualTo("yes");
            assertThat(head.values("Set-Cookie")).hasSize(2);
            client.send(Frame.close(1000, "").masked());
            assertThat(Crew.await(backendSaw).code()).isEqualTo(1000);
        }
        Head seen = backend.requests().get(0);
        assertThat(seen.value("Sec-WebSocket-Protocol")).isEqualTo("one, two");
        assertThat(seen.value("Origin")).isEqualTo("https://elsewhere.example");
        assertForwarded(seen);
    }

    @Test
    void theBackendsRefusalReachesTheClientWithItsBody() throws Exception {
        backend.on(
                "/no",
                exchange -> exchange.answer("401 Unauthorized", "who are you?", "WWW-Authenticate: Basic realm=\"x\""));
        try (Wire client = client()) {
            client.send(webSocket(Routes.RELAY, "/no"));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(401);
            assertThat(head.value("WWW-Authenticate")).isEqualTo("Basic realm=\"x\"");
            assertThat(client.readBodyText(head)).isEqualTo("who are you?");
        }
    }

    @Test
    void aBackendThatDoesNotSwitchAsItWasAskedIsABadGateway() throws Exception {
        backend.on(
                "/ws",
                exchange -> exchange.sendHead(
                        "HTTP/1.1 101 Switching Protocols",
                        "Upgrade: websocket",
                        "Connection: Upgrade",
                        "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA="));
        try (Wire client = client()) {
            client.send(webSocket(Routes.RELAY, "/ws"));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(502);
            assertPlainError(head, client.readBodyText(head));
        }
        backend.on("/ws", exchange -> exchange.acceptWebSocket("Sec-WebSocket-Extensions: x-unknown"));
        try (Wire client = client()) {
            client.send(webSocket(Routes.RELAY, "/ws", "Sec-WebSocket-Extensions: x-unknown"));
            assertThat(client.readHead().status()).isEqualTo(502);
        }
        assertThat(backend.requests().get(1).has("Sec-WebSocket-Extensions")).isFalse();
    }

    /** Where relays have an endpoint of the server's, nobody gets a session there without a relay. */
    @ParameterizedTest
    @ValueSource(strings = {"", "Origin: http://elsewhere.example"})
    void thereIsNoWayAroundTheBackend(String origin) throws Exception {
        assumeThat(entrance().http2()).as("the paths of HTTP/1.1").isFalse();
        String route = fairlead().path(Routes.RELAY, "");
        String target = route.substring(0, route.length() - Routes.RELAY.length() - 1) + "/-/relay/0";
        List<String> fields = new ArrayList<>(List.of(
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: " + KEY, "Sec-WebSocket-Version: 13"));
        if (!origin.isEmpty()) {
            fields.add(origin);
        }
        try (Wire client = client()) {
            client.send(request("GET", target, fields.toArray(String[]::new)));
            if (client.readHead().status() == 101) {
                assertThat(Correspondent.client(client).listen(false).code()).isEqualTo(1008);
            }
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    void anotherHandshakeThanThatOfVersion13IsToldWhichOneThereIs() throws Exception {
        assumeThat(entrance().http2()).as("versions over HTTP/2").isFalse();
        try (Wire client = client()) {
            client.send(request(
                    "GET",
                    path(Routes.RELAY, "/ws"),
                    "Upgrade: websocket",
                    "Connection: Upgrade",
                    "Sec-WebSocket-Key: " + KEY,
                    "Sec-WebSocket-Version: 8"));
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(426);
            assertThat(head.value("Sec-WebSocket-Version")).isEqualTo("13");
            assertThat(head.value("Upgrade")).isEqualTo("websocket");
            assertThat(head.tokens("Connection")).contains("close");
            assertThat(head.tokens("Connection").contains("upgrade"))
                    .isEqualTo(!fairlead().server().has(Server.Trait.REPLACES_CONNECTION_AT_CLOSE));
            assertPlainError(head, client.readBodyText(head));
        }
        assertThat(backend.requests()).isEmpty();
    }

    @Test
    void compressionIsAgreedOnWithEachSideByItself() throws Exception {
        CompletableFuture<Boolean> compressed = new CompletableFuture<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket("Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover");
            boolean more = true;
            while (more) {
                Frame frame = Frame.read(exchange.wire());
                if (frame.opcode() < Frame.CLOSE) {
                    compressed.complete((frame.firstByte() & 0x40) != 0);
                    exchange.wire().send(frame.plain());
                    more = (frame.firstByte() & 0x80) == 0;
                }
            }
            untilItEnds(exchange);
        });
        try (Wire client = client()) {
            Head head = client.send(webSocket(
                            Routes.RELAY,
                            "/ws",
                            "Sec-WebSocket-Extensions: x-unknown, permessage-deflate; client_max_window_bits"))
                    .readHead();
            assertThat(head.status()).isEqualTo(101);
            assertThat(head.values("Sec-WebSocket-Extensions"))
                    .allMatch(extension -> extension.startsWith("permessage-deflate"));
            String said = "again and ".repeat(1000);
            client.send(Frame.text(said).masked());
            assertThat(readText(client)).isEqualTo(said);
        }
        assertThat(Crew.await(compressed)).isTrue();
        assertThat(backend.requests().get(0).values("Sec-WebSocket-Extensions")).containsExactly("permessage-deflate");
    }

    /** A message, which may be compressed. */
    private static String readText(Wire wire) throws Exception {
        ByteArrayOutputStream heard = new ByteArrayOutputStream();
        boolean compressed = false;
        boolean more = true;
        while (more) {
            Frame frame = Frame.read(wire);
            if (frame.opcode() < Frame.CLOSE) {
                compressed |= (frame.firstByte() & 0x40) != 0;
                heard.writeBytes(frame.payload());
                more = (frame.firstByte() & 0x80) == 0;
            }
        }
        if (!compressed) {
            return heard.toString(StandardCharsets.UTF_8);
        }
        heard.writeBytes(new byte[] {0, 0, -1, -1});
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(heard.toByteArray());
            byte[] text = new byte[100_000];
            return new String(text, 0, inflater.inflate(text), StandardCharsets.UTF_8);
        } finally {
            inflater.end();
        }
    }

    // ---- messages

    @Test
    void anyLegalFramesInGiveTheSameMessagesOutBothWaysAtOnce() throws Exception {
        long seed = System.nanoTime();
        int rounds = 4;
        for (int round = 0; round < rounds; round++) {
            Talk up = new Talk(seed + round, 60);
            Talk down = new Talk(seed - round - 1, 60);
            CompletableFuture<Void> heard = new CompletableFuture<>();
            backend.on("/ws", exchange -> {
                exchange.acceptWebSocket();
                CompletableFuture<Void> saying = Crew.start(() -> down.say(exchange.wire(), false));
                try {
                    up.hear(exchange.wire());
                    Crew.await(saying);
                    heard.complete(null);
                } catch (Exception | AssertionError failure) {
                    heard.completeExceptionally(failure);
                }
                untilItEnds(exchange);
            });
            try (Wire client = webSocketTunnel(Routes.RELAY, "/ws")) {
                CompletableFuture<Void> saying = Crew.start(() -> up.say(client, true));
                down.hear(client);
                Crew.await(saying);
                Crew.await(heard);
            }
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void pingsOfEitherSideAreAnswered() throws Exception {
        CompletableFuture<String> ponged = new CompletableFuture<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire()
                    .send(Frame.last(Frame.PING, "of backend".getBytes(StandardCharsets.UTF_8))
                            .plain());
            Frame frame = Frame.read(exchange.wire());
            while (frame.opcode() != Frame.PONG) {
                frame = Frame.read(exchange.wire());
            }
            ponged.complete(frame.text());
            untilItEnds(exchange);
        });
        try (Wire client = webSocketTunnel(Routes.RELAY, "/ws")) {
            client.send(Frame.last(Frame.PING, "of client".getBytes(StandardCharsets.UTF_8))
                    .masked());
            boolean answered = false;
            boolean asked = false;
            while (!answered || !asked) {
                Frame frame = Frame.read(client);
                if (frame.opcode() == Frame.PING) {
                    asked = true;
                    client.send(Frame.last(Frame.PONG, frame.payload()).masked());
                } else if (frame.opcode() == Frame.PONG) {
                    answered |= frame.text().equals("of client");
                }
            }
            assertThat(Crew.await(ponged)).isEqualTo("of backend");
        }
    }

    // ---- closes

    static Stream<Closing> closings() {
        return Stream.of(
                new Closing(1000, ""),
                new Closing(1000, "bye"),
                new Closing(1001, "leaving"),
                new Closing(1003, "no"),
                new Closing(1008, "grüße ✓"),
                new Closing(1011, "x".repeat(123)),
                new Closing(1012, "restart"),
                new Closing(3000, "own"),
                new Closing(4999, "private"));
    }

    /** 1012 is a server's word; Tomcat takes it for 1002 when a client says it. */
    static Stream<Closing> closingsOfClients() {
        return closings().filter(closing -> closing.code() != 1012);
    }

    @ParameterizedTest
    @MethodSource("closingsOfClients")
    void aClientsCodeAndReasonReachTheBackend(Closing closing) throws Exception {
        mannerlyBackend();
        try (Wire client = webSocketTunnel(Routes.RELAY, "/ws")) {
            client.send(Frame.close(closing.code(), closing.reason()).masked());
            assertThat(Crew.await(backendSaw)).isEqualTo(closing);
            assertThat(Correspondent.client(client).listen(false).code()).isEqualTo(closing.code());
        }
        eventually().until(() -> backend.open() == 0);
    }

    @ParameterizedTest
    @MethodSource("closings")
    void aBackendsCodeAndReasonReachTheClient(Closing closing) throws Exception {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.text("last words").plain());
            exchange.wire().send(Frame.close(closing.code(), closing.reason()).plain());
            listen(exchange);
        });
        try (Wire client = webSocketTunnel(Routes.RELAY, "/ws")) {
            assertThat(Frame.read(client).text()).isEqualTo("last words");
            assertThat(Correspondent.client(client).listen(false)).isEqualTo(closing);
        }
        assertThat(Crew.await(backendSaw).code()).isEqualTo(closing.code());
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aCloseWithoutACodeIsOne() throws Exception {
        mannerlyBackend();
        try (Wire client = webSocketTunnel(Routes.RELAY, "/ws")) {
            client.send(Frame.last(Frame.CLOSE, new byte[0]).masked());
            assertThat(Crew.await(backendSaw).code()).isIn(1000, 1005);
        }
        backend.on("/quiet", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.last(Frame.CLOSE, new byte[0]).plain());
            untilItEnds(exchange);
        });
        try (Wire client = webSocketTunnel(Routes.RELAY, "/quiet")) {
            assertThat(Correspondent.client(client).listen(false).code()).isEqualTo(1000);
        }
    }

    // ---- peers that are gone

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aBackendThatIsGoneIsToldToTheClient(boolean reset) throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.text("last words").plain());
            assertThat(go.await(10, TimeUnit.SECONDS)).isTrue();
            if (reset) {
                exchange.wire().reset();
            } else {
                exchange.wire().close();
            }
        });
        try (Wire client = webSocketTunnel(Routes.RELAY, "/ws")) {
            assertThat(Frame.read(client).text()).isEqualTo("last words");
            go.countDown();
            assertThat(Correspondent.client(client).listen(false)).isEqualTo(new Closing(1011, "the backend is gone"));
        }
        eventually().until(() -> backend.open() == 0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aClientThatIsGoneIsToldToTheBackend(boolean reset) throws Exception {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            exchange.wire().send(Frame.text("hello").plain());
            listen(exchange);
        });
        Wire client = webSocketTunnel(Routes.RELAY, "/ws");
        // The head is sent before the server has a session, and a client that is gone by then has none.
        assertThat(Frame.read(client).text()).isEqualTo("hello");
        client.send(Frame.text("last words").masked());
        if (reset) {
            client.reset();
        } else {
            client.close();
        }
        assertThat(Crew.await(backendSaw)).isEqualTo(new Closing(1001, "the client is gone"));
        eventually().until(() -> backend.open() == 0);
    }

    @Test
    void aClientThatAnswersNoPingIsDead() throws Exception {
        mannerlyBackend();
        try (Wire client = webSocketTunnel(Routes.RELAY_PINGED, "/ws")) {
            assertThat(Frame.read(client).opcode()).isEqualTo(Frame.PING);
            assertThat(Crew.await(backendSaw)).isEqualTo(new Closing(1001, "the client is gone"));
        }
        eventually().until(() -> backend.open() == 0);
    }

    @Tag("long")
    @Test
    void peersThatAnswerPingsLiveAndABackendThatDoesNotIsDead() throws Exception {
        CompletableFuture<Correspondent> atBackend = new CompletableFuture<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            atBackend.complete(Correspondent.backend(exchange.wire()));
            Crew.await(atBackend).listen(false);
        });
        try (Wire wire = webSocketTunnel(Routes.RELAY_PINGED, "/ws")) {
            Correspondent client = Correspondent.client(wire);
            CompletableFuture<Closing> clientSaw = Crew.call(() -> client.listen(false));
            Correspondent peer = Crew.await(atBackend);
            eventually().until(() -> client.pings() >= 4 && peer.pings() >= 4);
            assertThat(clientSaw.isDone()).isFalse();
        }
        eventually().until(() -> backend.open() == 0);
        CountDownLatch over = new CountDownLatch(1);
        backend.on("/mute", exchange -> {
            exchange.acceptWebSocket();
            assertThat(over.await(30, TimeUnit.SECONDS)).isTrue();
        });
        try (Wire client = webSocketTunnel(Routes.RELAY_PINGED, "/mute")) {
            assertThat(Correspondent.client(client).listen(false)).isEqualTo(new Closing(1011, "the backend is gone"));
        } finally {
            over.countDown();
        }
    }

    // ---- slow ones

    /** Frames of one binary message, whose content follows from their place; counted as they are taken. */
    private static void pour(Wire wire, boolean client, long megabytes, AtomicLong written) throws IOException {
        byte[] content = new byte[MEGABYTE];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31 + i / 251);
        }
        OutputStream out = wire.out();
        for (long i = 0; i < megabytes; i++) {
            int opcode = i == 0 ? Frame.BINARY : Frame.CONTINUATION;
            Frame frame = i == megabytes - 1 ? Frame.last(opcode, content) : Frame.more(opcode, content);
            byte[] bytes = client ? frame.masked() : frame.plain();
            for (int at = 0; at < bytes.length; at += 65_536) {
                int length = Math.min(65_536, bytes.length - at);
                out.write(bytes, at, length);
                written.addAndGet(length);
            }
            out.flush();
        }
    }

    /** Reads a message to its end without holding it, and holds it to what {@link #pour} says. */
    private static void drink(Wire wire, long megabytes) throws IOException {
        DataInputStream in = new DataInputStream(wire.in());
        CRC32 heard = new CRC32();
        long length = 0;
        boolean last = false;
        byte[] buffer = new byte[65_536];
        while (!last) {
            int first = in.readUnsignedByte();
            int second = in.readUnsignedByte();
            long left = second & 0x7F;
            left = left == 126 ? in.readUnsignedShort() : left == 127 ? in.readLong() : left;
            byte[] mask = new byte[4];
            if ((second & 0x80) != 0) {
                in.readFully(mask);
            }
            if ((first & 0x08) != 0) {
                assertThat(first & 0x0F).as("opcode within a message").isNotEqualTo(Frame.CLOSE);
                in.skipNBytes(left);
                continue;
            }
            last = (first & 0x80) != 0;
            int at = 0;
            while (left > 0) {
                int n = ((InputStream) in).read(buffer, 0, (int) Math.min(buffer.length, left));
                assertThat(n).isPositive();
                for (int i = 0; i < n; i++) {
                    buffer[i] ^= mask[at++ & 3];
                }
                heard.update(buffer, 0, n);
                length += n;
                left -= n;
            }
        }
        assertThat(length).isEqualTo(megabytes * MEGABYTE);
        CRC32 said = new CRC32();
        byte[] content = new byte[MEGABYTE];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31 + i / 251);
        }
        for (long i = 0; i < megabytes; i++) {
            said.update(content);
        }
        assertThat(heard.getValue()).isEqualTo(said.getValue());
    }

    @Test
    void aSlowClientSlowsItsBackend() throws Exception {
        AtomicLong written = new AtomicLong();
        CompletableFuture<Void> poured = new CompletableFuture<>();
        backend.on("/flood", exchange -> {
            exchange.acceptWebSocket();
            pour(exchange.wire(), false, 64, written);
            poured.complete(null);
            untilItEnds(exchange);
        });
        try (Wire client = switched(slowClient(), webSocket(Routes.RELAY, "/flood"))) {
            assertThat(standstill(written)).isLessThan(48L * MEGABYTE);
            assertThat(poured).isNotDone();
            drink(client, 64);
            Crew.await(poured);
        }
    }

    @Test
    void aSlowBackendSlowsItsClient() throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        CompletableFuture<Void> drunk = new CompletableFuture<>();
        backend.on("/slow", exchange -> {
            exchange.acceptWebSocket();
            assertThat(read.await(60, TimeUnit.SECONDS)).isTrue();
            try {
                drink(exchange.wire(), 64);
                drunk.complete(null);
            } catch (IOException | AssertionError failure) {
                drunk.completeExceptionally(failure);
            }
        });
        AtomicLong written = new AtomicLong();
        try (Wire client = webSocketTunnel(Routes.RELAY, "/slow")) {
            CompletableFuture<Void> pouring = Crew.start(() -> pour(client, true, 64, written));
            assertThat(standstill(written)).isLessThan(48L * MEGABYTE);
            read.countDown();
            Crew.await(drunk);
            Crew.await(pouring);
        } finally {
            read.countDown();
        }
    }

    private void bigMessage(long megabytes) throws Exception {
        CompletableFuture<Void> drunk = new CompletableFuture<>();
        backend.on("/big", exchange -> {
            exchange.acceptWebSocket();
            CompletableFuture<Void> pouring =
                    Crew.start(() -> pour(exchange.wire(), false, megabytes, new AtomicLong()));
            try {
                drink(exchange.wire(), megabytes);
                Crew.await(pouring);
                drunk.complete(null);
            } catch (Exception | AssertionError failure) {
                drunk.completeExceptionally(failure);
            }
            untilItEnds(exchange);
        });
        try (Wire client = webSocketTunnel(Routes.RELAY, "/big")) {
            CompletableFuture<Void> pouring = Crew.start(() -> pour(client, true, megabytes, new AtomicLong()));
            drink(client, megabytes);
            Crew.await(pouring);
            drunk.get(5, TimeUnit.MINUTES);
        }
    }

    @Test
    void aMessageOf100MegabytesPassesBothWays() throws Exception {
        bigMessage(100);
    }

    @Tag("long")
    @Test
    @Tag("full")
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void aMessageOf1GigabytePassesBothWays() throws Exception {
        bigMessage(1024);
    }

    // ---- filters

    @Test
    void filtersPassDropAndClose() throws Exception {
        CompletableFuture<String> first = new CompletableFuture<>();
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket();
            first.complete(Frame.read(exchange.wire()).text());
            listen(exchange);
        });
        String said = "{\"type\":\"say\",\"what\":\"password\"}";
        try (Wire client = webSocketTunnel(Routes.RELAY_FILTERED, "/ws")) {
            client.send(Frame.text("{\"type\":\"shout\"}").masked());
            client.send(Frame.text("no JSON").masked());
            client.send(Frame.text(said).masked());
            assertThat(Crew.await(first)).isEqualTo(said);
            client.send(Frame.text("x".repeat(1001)).masked());
            assertThat(Correspondent.client(client).listen(false).code()).isEqualTo(1009);
        }
        assertThat(Crew.await(backendSaw).code()).isEqualTo(1009);
        String path = path(Routes.RELAY_FILTERED, "/ws");
        eventually().untilAsserted(() -> {
            List<String> audit = fairlead().log().stream()
                    .filter(line -> line.contains("\"" + path + "\"") && line.endsWith(" message"))
                    .toList();
            assertThat(audit)
                    .anyMatch(line -> line.contains("direction=toBackend kind=text chars=32") && line.contains("***"))
                    .noneMatch(line -> line.contains("password"));
        });
    }

    @Test
    void tooManyMessagesCloseBoth() throws Exception {
        mannerlyBackend();
        try (Wire client = webSocketTunnel(Routes.RELAY_FILTERED, "/ws")) {
            // In one write, and so many that no slow machine makes them few: the first 20 are free, then 20 a second.
            ByteArrayOutputStream many = new ByteArrayOutputStream();
            for (int i = 0; i < 400; i++) {
                many.writeBytes(Frame.text("{\"type\":\"hello\"}").masked());
            }
            client.send(many.toByteArray());
            assertThat(Correspondent.client(client).listen(false).code()).isEqualTo(1008);
        }
        assertThat(Crew.await(backendSaw).code()).isEqualTo(1008);
    }

    // ---- drain, and the account

    @Test
    void aRelayIsDrainedAndToldOfLikeATunnel() throws Exception {
        mannerlyBackend();
        Vitals vitals = fairlead().vitals();
        ObjectName route = vitals.mbean(
                "io.fairlead:type=Route,*",
                name -> name.getKeyProperty("name").replace("/", "").equals(Routes.RELAY));
        assertThat(vitals.attribute(route, "Mode")).isEqualTo("relay");
        try (Wire client = webSocketTunnel(Routes.RELAY, "/ws")) {
            client.send(Frame.text("hello").masked());
            vitals.invoke(route, "drain", 0);
            try {
                assertThat(Correspondent.client(client).listen(false)).isEqualTo(new Closing(1012, "the proxy stops"));
                assertThat(Crew.await(backendSaw)).isEqualTo(new Closing(1012, "the proxy stops"));
            } finally {
                vitals.invoke(route, "resume");
            }
        }
        String path = path(Routes.RELAY, "/ws");
        eventually().untilAsserted(() -> assertThat(fairlead().log())
                .anyMatch(line -> line.contains("path=" + path + " ")
                        && line.contains(" endedBy=drain ")
                        && line.contains(" mode=relay ")
                        && line.contains(" messagesToBackend=1 ")
                        && line.endsWith("tunnel ended")));
    }
}
