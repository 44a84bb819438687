package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.relay.FilterChain.NamedFilter;
import jakarta.websocket.CloseReason;
import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.SendHandler;
import jakarta.websocket.SendResult;
import jakarta.websocket.Session;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A leg between a session that writes down what it is sent, and a loop that this test is. */
@Timeout(20)
class MessageLegTest {

    private static final int BUFFER = 64 * 1024;
    private static final Conversation ABOUT = new Conversation("chat", "1", "10.0.0.7", "/ws", null, null);

    private final RelayPool pool = new RelayPool("test", 2);

    /** What the client was sent: text, or a close code and its reason. */
    private final BlockingQueue<String> sent = new LinkedBlockingQueue<>();

    private final Queue<SendHandler> unsent = new ConcurrentLinkedQueue<>();
    private final List<String> closes = new ArrayList<>();
    private volatile boolean slow;

    @AfterEach
    void stop() {
        pool.close();
    }

    private static <T> T stub(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(MessageLegTest.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private Session session() {
        RemoteEndpoint.Async async = stub(RemoteEndpoint.Async.class, (proxy, method, arguments) -> {
            switch (method.getName()) {
                case "sendText" -> {
                    SendHandler done = (SendHandler) arguments[1];
                    boolean waits = slow;
                    if (waits) {
                        unsent.add(done);
                    }
                    sent.add((String) arguments[0]);
                    if (!waits) {
                        done.onResult(new SendResult());
                    }
                }
                case "sendPing" -> sent.add("ping");
                default -> {}
            }
            return null;
        });
        RemoteEndpoint.Basic basic = stub(RemoteEndpoint.Basic.class, (proxy, method, arguments) -> {
            sent.add(arguments[0] + (arguments[1].equals(true) ? "." : "…"));
            return null;
        });
        return stub(Session.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "getAsyncRemote" -> async;
            case "getBasicRemote" -> basic;
            case "getUserProperties" -> new HashMap<String, Object>();
            case "close" -> {
                CloseReason reason = (CloseReason) arguments[0];
                sent.add(reason.getCloseCode().getCode() + " " + reason.getReasonPhrase());
                yield null;
            }
            default -> null;
        });
    }

    private MessageLeg leg(TunnelFilter... filters) {
        List<NamedFilter> named = new ArrayList<>();
        for (TunnelFilter filter : filters) {
            named.add(new NamedFilter("f", filter));
        }
        MessageLeg leg = new MessageLeg(
                ABOUT,
                new ClientSession(session(), pool, Duration.ofSeconds(1)),
                null,
                pool,
                BUFFER,
                named,
                null,
                taken -> {});
        leg.onRefusal((reason, code, text, closing) -> closes.add(reason + " " + code + " " + text));
        return leg;
    }

    /** What the loop reads, without masks, in hex; "end" at the end. */
    private static String read(Leg leg) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(1 << 20);
        int length = leg.read(into);
        if (length < 0) {
            return "end";
        }
        into.flip();
        StringBuilder frames = new StringBuilder();
        while (into.hasRemaining()) {
            int first = into.get() & 0xff;
            int size = into.get() & 0x7f;
            size = size == 126 ? into.getShort() & 0xffff : size == 127 ? (int) into.getLong() : size;
            byte[] mask = new byte[4];
            into.get(mask);
            byte[] payload = new byte[size];
            into.get(payload);
            for (int i = 0; i < size; i++) {
                payload[i] ^= mask[i & 3];
            }
            frames.append(frames.isEmpty() ? "" : " ")
                    .append(HexFormat.of().toHexDigits((byte) first))
                    .append(size > 20 ? "[" + size + "]" : new String(payload, StandardCharsets.UTF_8));
        }
        return frames.toString();
    }

    private static void write(Leg leg, String hex) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
        leg.write(bytes);
        assertThat(bytes.hasRemaining()).isFalse();
    }

    private @Nullable String nextSent() throws InterruptedException {
        return sent.poll(10, TimeUnit.SECONDS);
    }

    @Test
    void messagesPassInOrderBothWays() throws Exception {
        MessageLeg leg = leg();
        leg.text("Hel", false);
        leg.text("lo", true);
        leg.binary(ByteBuffer.wrap(new byte[] {'x'}), true);
        leg.pong(ByteBuffer.wrap(new byte[] {'p'}));
        assertThat(read(leg)).isEqualTo("01Hel 80lo 82x 8ap");
        assertThat(leg.read(ByteBuffer.allocate(10))).isZero();
        write(leg, "8102 6869 0103 48656c 8900 8002 6c6f");
        assertThat(List.of(nextSent(), nextSent(), nextSent(), nextSent()))
                .containsExactly("hi", "Hel…", "ping", "lo.");
        leg.close();
    }

    @Test
    void anAnswerWaitsForTheEndOfTheMessageUnderWay() throws Exception {
        MessageLeg leg = leg((direction, message) ->
                TunnelFilter.now(message.text().equals("ask") ? Verdict.answer(Message.of("answer")) : Verdict.pass()));
        leg.text("begin", false);
        write(leg, "8103 61736b");
        // Behind it on the same lane.
        write(leg, "8102 6869");
        assertThat(nextSent()).isEqualTo("hi");
        leg.text("end", true);
        assertThat(read(leg)).isEqualTo("01begin 80end 81answer");
        leg.close();
    }

    @Test
    void aVerdictThatComesLaterHoldsItsDirectionAndNoThread() throws Exception {
        CompletableFuture<Verdict> later = new CompletableFuture<>();
        MessageLeg leg =
                leg((direction, message) -> message.text().equals("wait") ? later : TunnelFilter.now(Verdict.pass()));
        leg.text("wait", true);
        leg.text("next", true);
        assertThat(leg.read(ByteBuffer.allocate(10))).isZero();
        later.complete(Verdict.pass());
        assertThat(read(leg)).isEqualTo("81wait 81next");
        leg.close();
    }

    @Test
    void aFilterThatThrowsEndsTheTunnelBy1011() throws Exception {
        MessageLeg leg = leg((direction, message) -> {
            throw new IllegalStateException("bug");
        });
        leg.text("x", true);
        assertThat(closes).containsExactly("FILTER 1011 a filter failed");
        assertThat(nextSent()).isEqualTo("1011 a filter failed");
        leg.text("y", true);
        assertThat(leg.read(ByteBuffer.allocate(10))).isZero();
        leg.close();
    }

    @Test
    void aBreachOfTheBackendsIsToldBehindWhatItSentBefore() throws Exception {
        MessageLeg leg = leg();
        write(leg, "8102 6869 8102 c328 8101 78");
        assertThat(nextSent()).isEqualTo("hi");
        assertThat(nextSent()).startsWith("1007 ");
        assertThat(closes).hasSize(1).first().asString().startsWith("PROTOCOL 1007 ");
        leg.close();
    }

    @Test
    void aSlowClientStopsTheLoop() throws Exception {
        slow = true;
        MessageLeg leg = leg();
        CountDownLatch ready = new CountDownLatch(1);
        leg.onReady(ready::countDown);
        ByteBuffer frame = ByteBuffer.allocate(4 + 60_000)
                .put(new byte[] {(byte) 0x81, 126})
                .putShort((short) 60_000);
        frame.put(new byte[60_000]).flip();
        int taken = 0;
        ByteBuffer next = frame.duplicate();
        for (leg.write(next); !next.hasRemaining(); leg.write(next)) {
            taken++;
            next = frame.duplicate();
        }
        assertThat(taken).isBetween(1, 3);
        assertThat(nextSent()).hasSize(60_000);
        assertThat(ready.getCount()).isEqualTo(1);
        slow = false;
        unsent.remove().onResult(new SendResult());
        assertThat(ready.await(10, TimeUnit.SECONDS)).isTrue();
        leg.close();
    }

    @Test
    void aThreadThatBringsMoreThanThereIsRoomForWaitsForTheLoop() throws Exception {
        MessageLeg leg = leg();
        CompletableFuture<Void> brought = CompletableFuture.runAsync(() -> {
            for (int i = 0; i < 10; i++) {
                leg.binary(ByteBuffer.allocate(50_000), true);
            }
        });
        int frames = 0;
        while (frames < 10) {
            String read = read(leg);
            frames += read.isEmpty() ? 0 : read.split(" ").length;
            assertThat(frames).isLessThanOrEqualTo(10);
        }
        brought.get(10, TimeUnit.SECONDS);
        leg.close();
    }

    @Test
    void pongsWaitForTheLoopAsMessagesDo() {
        assertThat(pool.mayWait()).isTrue();
        assertThat(pool.mayWait()).isTrue();
        MessageLeg leg = leg();
        int pongs = 0;
        while (closes.isEmpty()) {
            assertThat(pongs++).isLessThan(BUFFER / 100);
            leg.pong(ByteBuffer.allocate(100));
        }
        assertThat(closes).containsExactly("LIMIT 1013 more than relayThreads wait for slow backends");
        leg.close();
        pool.waited();
        pool.waited();
    }

    @Test
    void answersThatNobodyTakesEndTheTunnelBy1013() {
        slow = true;
        MessageLeg leg = leg((direction, message) -> TunnelFilter.now(Verdict.answer(Message.of("x".repeat(10_000)))));
        int messages = 0;
        while (closes.isEmpty()) {
            assertThat(messages++).isLessThan(100);
            leg.text("x", true);
        }
        assertThat(closes).containsExactly("LIMIT 1013 more answers of filters wait than there is room for");
        leg.close();
    }

    @Test
    void answersThatWaitForTheEndOfAMessageAreBoundedToo() throws Exception {
        MessageLeg leg = leg((direction, message) -> TunnelFilter.now(
                direction == Direction.TO_CLIENT ? Verdict.answer(Message.of("x".repeat(10_000))) : Verdict.pass()));
        leg.text("begun", false);
        CountDownLatch ended = new CountDownLatch(1);
        leg.onRefusal((reason, code, text, closing) -> {
            closes.add(reason + " " + code + " " + text);
            ended.countDown();
        });
        for (int i = 0; i < 200; i++) {
            write(leg, "8101 78");
        }
        assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(closes).containsExactly("LIMIT 1013 more answers of filters wait than there is room for");
        leg.close();
    }

    @Test
    void moreThanMayWaitAreEndedBy1013() throws Exception {
        assertThat(pool.mayWait()).isTrue();
        assertThat(pool.mayWait()).isTrue();
        MessageLeg leg = leg();
        leg.binary(ByteBuffer.allocate(BUFFER), true);
        assertThat(closes).containsExactly("LIMIT 1013 more than relayThreads wait for slow backends");
        leg.close();
        pool.waited();
        pool.waited();
    }

    @Test
    void aSessionThatIsClosedEndsTheStreamBehindItsCloseFrame() throws Exception {
        MessageLeg leg = leg();
        leg.text("last", true);
        leg.sessionClosed(1001, "bye");
        assertThat(read(leg)).isEqualTo("81last 88\u0003\uFFFDbye");
        // The backend's answer comes first.
        assertThat(read(leg)).isEmpty();
        write(leg, "8802 03e9");
        assertThat(read(leg)).isEqualTo("end");
        MessageLeg broken = leg();
        broken.sessionClosed(1006, "");
        assertThat(read(broken)).isEqualTo("end");
        leg.close();
        broken.close();
    }

    @Test
    void theEndOfTheClientIsNotSeenBeforeTheRefusalThatItFollowsFrom() throws Exception {
        MessageLeg leg = leg((direction, message) -> TunnelFilter.now(Verdict.close(4000, "no")));
        List<Runnable> told = new ArrayList<>();
        leg.onRefusal((reason, code, text, closing) -> told.add(closing));
        leg.text("x", true);
        leg.sessionClosed(1006, "");
        assertThat(read(leg)).isEmpty();
        assertThat(told).hasSize(1);
        told.get(0).run();
        assertThat(read(leg)).isEqualTo("end");
        leg.close();
    }

    @Test
    void whatIsRefusedBeforeTheLoopHasTheLegIsToldThen() {
        MessageLeg leg = new MessageLeg(
                ABOUT,
                new ClientSession(session(), pool, Duration.ofSeconds(1)),
                null,
                pool,
                BUFFER,
                List.of(new NamedFilter("f", (direction, message) -> TunnelFilter.now(Verdict.close(4000, "no")))),
                null,
                taken -> {});
        leg.text("x", true);
        leg.onRefusal((reason, code, text, closing) -> closes.add(reason + " " + code + " " + text));
        assertThat(closes).containsExactly("FILTER 4000 no");
        leg.close();
    }

    @Test
    void aClientThatTakesNoMoreIsAFailureOfTheLeg() throws Exception {
        slow = true;
        MessageLeg leg = leg();
        CountDownLatch ready = new CountDownLatch(1);
        leg.onReady(ready::countDown);
        write(leg, "8102 6869");
        assertThat(nextSent()).isEqualTo("hi");
        unsent.remove().onResult(new SendResult(new IOException("broken pipe")));
        assertThat(ready.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(leg.isOpen()).isFalse();
        assertThatThrownBy(() -> leg.read(ByteBuffer.allocate(10))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> write(leg, "8102 6869")).isInstanceOf(IOException.class);
        leg.close();
    }
}
