package io.fairlead.bench;

import io.fairlead.bench.Scenario.Kind;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Clients that do a scenario's units, each the next one when the last is done: one thread, requests made beforehand, every reply
 * held against what it must be.
 */
final class Load implements Closeable {

    private static final int BUFFER = 256 * 1024;
    private static final int LONGEST_HEAD = 16 * 1024;
    private static final long PATIENCE_MS = 60_000;
    private static final ScheduledExecutorService WATCH = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "watch");
        thread.setDaemon(true);
        return thread;
    });
    private static final String HANDSHAKE =
            "GET /ws HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    private static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private final Scenario scenario;
    private final InetSocketAddress server;
    private final @Nullable SSLContext tls;
    private final Selector selector;
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER);
    private final ByteBuffer request;
    private final ByteBuffer reply;
    private final List<Client> clients = new ArrayList<>();
    private final Histogram latency = new Histogram(TimeUnit.SECONDS.toNanos(60), 3);
    private final ScheduledFuture<?> watch;
    private int toBegin;
    private int toEnd;

    /** The client that is in blocking mode. */
    private volatile @Nullable Client connecting;

    private @Nullable Client watched;

    Load(Scenario scenario, InetSocketAddress server, @Nullable SSLContext tls) throws IOException {
        this.scenario = scenario;
        this.server = server;
        this.tls = scenario.tls() ? tls : null;
        this.selector = Selector.open();
        this.watch = WATCH.scheduleWithFixedDelay(this::watch, PATIENCE_MS, PATIENCE_MS, TimeUnit.MILLISECONDS);
        byte[] payload = Frames.payload(scenario.bytes());
        this.request = scenario.kind() == Kind.HTTP
                ? direct(("GET /" + scenario.bytes() + " HTTP/1.1\r\nHost: bench\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1))
                : Frames.fromClient(payload);
        this.reply = direct(payload);
    }

    private static ByteBuffer direct(byte[] bytes) {
        return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }

    /** Opens the connections that are kept, and with them the WebSockets. */
    void open() throws IOException {
        if (scenario.kind() == Kind.HANDSHAKE) {
            return;
        }
        for (int i = 0; i < scenario.connections(); i++) {
            Client client = new Client();
            clients.add(client);
            client.connect();
            if (scenario.kind() != Kind.HTTP) {
                client.handshake();
            }
            client.register();
        }
    }

    /** How long so many units take, in nanoseconds. */
    long run(int units) throws IOException {
        latency.reset();
        long start = System.nanoTime();
        if (scenario.kind() == Kind.HANDSHAKE) {
            for (int i = 0; i < units; i++) {
                long began = System.nanoTime();
                try (Client client = new Client()) {
                    client.connect();
                    client.handshake();
                    client.closeHandshake();
                }
                latency.recordValue(System.nanoTime() - began);
            }
            return System.nanoTime() - start;
        }
        toBegin = units;
        toEnd = units;
        for (Client client : clients) {
            client.begin();
        }
        try {
            while (toEnd > 0) {
                if (selector.select(Load::selected, PATIENCE_MS) == 0) {
                    throw new IOException("nothing came for " + PATIENCE_MS + " ms; " + toEnd + " units are missing");
                }
            }
        } catch (UncheckedIOException failure) {
            throw failure.getCause();
        }
        return System.nanoTime() - start;
    }

    Histogram latency() {
        return latency.copy();
    }

    private static void selected(SelectionKey key) {
        try {
            ((Client) key.attachment()).ready();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends what waits in vain, so that a contender which does not answer costs its turn and not the run. */
    private void watch() {
        Client waiting = connecting;
        if (waiting != null && waiting == watched) {
            try {
                waiting.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        watched = waiting;
    }

    @Override
    public void close() throws IOException {
        watch.cancel(false);
        for (Client client : clients) {
            client.close();
        }
        clients.clear();
        selector.close();
    }

    /** One connection. */
    private final class Client implements Closeable {

        private final Link link = new Link(server, tls, scenario.kind() != Kind.HANDSHAKE);
        private final byte[] head = new byte[LONGEST_HEAD];
        private int headLength;
        private int received;
        private boolean inHead = scenario.kind() == Kind.HTTP;

        // The frame that is under way. A relay's messages may come in other frames than those that they were sent in.
        private boolean inFrame = scenario.kind() == Kind.HTTP;
        private boolean last = true;
        private int frameLeft;

        private @Nullable ByteBuffer out;
        private @Nullable ByteBuffer pong;
        private @Nullable SelectionKey key;
        private long began;

        Client() throws IOException {}

        // ---- blocking

        void connect() throws IOException {
            connecting = this;
            link.connect();
        }

        void handshake() throws IOException {
            write(ByteBuffer.wrap(HANDSHAKE.getBytes(StandardCharsets.ISO_8859_1)));
            String answer = readHead();
            if (!answer.startsWith("HTTP/1.1 101 ") || !answer.contains(ACCEPT)) {
                throw new IOException("no WebSocket but " + answer);
            }
        }

        void closeHandshake() throws IOException {
            write(Frames.control(Frames.CLOSE, new byte[] {3, (byte) 0xe8}, true));
            int opcode = -1;
            for (int length = 0; length >= 0; length = read()) {
                while (in.hasRemaining()) {
                    head[headLength++] = in.get();
                    if (headLength > 1 && headLength == 2 + head[1]) {
                        opcode = head[0] & 0x0f;
                        headLength = 0;
                    }
                }
            }
            if (opcode != Frames.CLOSE) {
                throw new EOFException("no Close frame, the last one was " + opcode);
            }
        }

        private void write(ByteBuffer bytes) throws IOException {
            while (!link.write(bytes)) {
                Thread.onSpinWait();
            }
        }

        private int read() throws IOException {
            in.clear();
            try {
                return link.read(in);
            } catch (AsynchronousCloseException inVain) {
                throw new IOException("nothing came for " + PATIENCE_MS + " ms", inVain);
            } finally {
                in.flip();
            }
        }

        private String readHead() throws IOException {
            in.clear().flip();
            while (true) {
                while (in.hasRemaining()) {
                    if (endsHead(in.get())) {
                        String text = new String(head, 0, headLength, StandardCharsets.ISO_8859_1);
                        headLength = 0;
                        return text;
                    }
                }
                if (read() < 0) {
                    throw new EOFException("the server ended the connection within a head");
                }
            }
        }

        private boolean endsHead(byte next) throws IOException {
            if (headLength == head.length) {
                throw new IOException("a head of more than " + LONGEST_HEAD + " bytes");
            }
            head[headLength++] = next;
            return next == '\n'
                    && headLength > 3
                    && head[headLength - 2] == '\r'
                    && head[headLength - 3] == '\n'
                    && head[headLength - 4] == '\r';
        }

        // ---- not blocking

        void register() throws IOException {
            connecting = null;
            link.channel().configureBlocking(false);
            key = link.channel().register(selector, SelectionKey.OP_READ, this);
        }

        void begin() throws IOException {
            if (toBegin == 0) {
                return;
            }
            toBegin--;
            began = System.nanoTime();
            out = request.duplicate();
            flush();
        }

        private void flush() throws IOException {
            ByteBuffer waiting = out;
            if (waiting != null) {
                if (!link.write(waiting)) {
                    interest(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                    return;
                }
                out = null;
            }
            ByteBuffer answer = pong;
            if (answer != null) {
                if (!link.write(answer)) {
                    interest(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
                    return;
                }
                pong = null;
            }
            interest(SelectionKey.OP_READ);
        }

        private void interest(int operations) {
            SelectionKey registered = key;
            if (registered != null && registered.interestOps() != operations) {
                registered.interestOps(operations);
            }
        }

        void ready() throws IOException {
            if (out != null || pong != null) {
                flush();
            }
            while (true) {
                int length = read();
                if (length < 0) {
                    throw new EOFException("the server ended the connection");
                }
                while (in.hasRemaining()) {
                    take();
                }
                if (length == 0 || (tls == null && length < in.capacity())) {
                    return;
                }
            }
        }

        private void take() throws IOException {
            if (inHead) {
                responseHead();
            } else if (inFrame) {
                compare();
            } else if (((headLength > 0 ? head[0] : in.get(in.position())) & 0x08) != 0) {
                control();
            } else {
                frameHead();
            }
        }

        private void responseHead() throws IOException {
            while (in.hasRemaining()) {
                if (endsHead(in.get())) {
                    String text = new String(head, 0, headLength, StandardCharsets.ISO_8859_1);
                    if (!text.startsWith("HTTP/1.1 200") || !hasLength(text)) {
                        throw new IOException("not what was asked for: " + text);
                    }
                    headLength = 0;
                    inHead = false;
                    return;
                }
            }
        }

        private boolean hasLength(String text) {
            return text.regionMatches(true, indexOfLength(text), "content-length: " + scenario.bytes() + "\r", 0, 17);
        }

        private static int indexOfLength(String text) {
            for (int i = text.indexOf('\n') + 1; i > 0; i = text.indexOf('\n', i) + 1) {
                if (text.regionMatches(true, i, "content-length:", 0, 15)) {
                    return i;
                }
            }
            return 0;
        }

        private void frameHead() throws IOException {
            while (headLength < 2 || headLength < 2 + extended()) {
                if (!in.hasRemaining()) {
                    return;
                }
                head[headLength++] = in.get();
            }
            ByteBuffer bytes = ByteBuffer.wrap(head);
            long length = extended() == 0 ? head[1] : extended() == 2 ? bytes.getShort(2) & 0xffff : bytes.getLong(2);
            headLength = 0;
            int opcode = last ? Frames.BINARY : Frames.CONTINUATION;
            if ((head[0] & 0x7f) != opcode || length < 0 || length > reply.limit() - received) {
                throw wrongAt(received);
            }
            last = (head[0] & Frames.FIN) != 0;
            frameLeft = (int) length;
            inFrame = true;
            if (frameLeft == 0) {
                frameEnds();
            }
        }

        /** Bytes of length behind the second one; a mask is none, and wrong. */
        private int extended() {
            return head[1] == 126 ? 2 : head[1] == 127 ? 8 : 0;
        }

        private IOException wrongAt(int index) {
            return new IOException("a reply that is not what was sent, at byte " + index);
        }

        /** A ping of the proxy's. */
        private void control() throws IOException {
            while (in.hasRemaining() && (headLength < 2 || headLength < 2 + head[1])) {
                head[headLength++] = in.get();
            }
            if (headLength < 2 || headLength < 2 + head[1]) {
                return;
            }
            int opcode = head[0] & 0x0f;
            byte[] payload = new byte[head[1]];
            System.arraycopy(head, 2, payload, 0, payload.length);
            headLength = 0;
            if (opcode == Frames.CLOSE) {
                throw new EOFException("the server closed the WebSocket");
            }
            if (opcode == Frames.PING) {
                pong = Frames.control(Frames.PONG, payload, true);
                flush();
            }
        }

        private void compare() throws IOException {
            boolean http = scenario.kind() == Kind.HTTP;
            int length = Math.min(in.remaining(), http ? reply.limit() - received : frameLeft);
            int wrong = reply.slice(received, length).mismatch(in.slice(in.position(), length));
            if (wrong >= 0) {
                throw wrongAt(received + wrong);
            }
            in.position(in.position() + length);
            received += length;
            if (http) {
                if (received == reply.limit()) {
                    inHead = true;
                    replied();
                }
                return;
            }
            frameLeft -= length;
            if (frameLeft == 0) {
                frameEnds();
            }
        }

        private void frameEnds() throws IOException {
            inFrame = false;
            if (last) {
                if (received < reply.limit()) {
                    throw wrongAt(received);
                }
                replied();
            }
        }

        private void replied() throws IOException {
            received = 0;
            latency.recordValue(System.nanoTime() - began);
            toEnd--;
            begin();
        }

        @Override
        public void close() throws IOException {
            link.close();
        }
    }
}
