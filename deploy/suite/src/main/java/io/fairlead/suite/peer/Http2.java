package io.fairlead.suite.peer;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * The client's end of an HTTP/2 connection (RFC 9113): many {@link Http2Stream}s, and any frame that a test wants sent.
 *
 * <p>One thread of the {@link Crew} reads. Data waits in its stream until it is taken, and only what was taken gives
 * the server new credit, so a stream that nobody reads closes its own window. A server that sends more than it may
 * breaks the connection, and with it the test.
 */
public final class Http2 implements Closeable {

    private static final byte[] PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private static final int FIRST_WINDOW = 65_535;

    /** Less is not worth a frame while more is to come; servers take many small frames for an attack. */
    private static final int WORTH_A_FRAME = 2048;

    private final Wire wire;
    private final boolean secure;
    private final int streamCredit;
    private final Credit credit;
    private final Hpack hpack = new Hpack();
    private final Map<Integer, Http2Stream> streams = new ConcurrentHashMap<>();
    private final CompletableFuture<Map<Integer, Integer>> settings = new CompletableFuture<>();
    private final CompletableFuture<Integer> goneAway = new CompletableFuture<>();
    private final CompletableFuture<Wire.Ending> ended = new CompletableFuture<>();

    // What may be sent, under this object's lock.
    private final Map<Integer, Integer> announced = new ConcurrentHashMap<>();
    private long window = FIRST_WINDOW;
    private int lastStream = -1;
    private int resets;
    private @Nullable IOException failure;

    private Http2(Wire wire, boolean secure, int streamCredit, int connectionCredit) {
        this.wire = wire;
        this.secure = secure;
        this.streamCredit = streamCredit;
        this.credit = new Credit(connectionCredit);
    }

    /**
     * Connects, over TLS by ALPN if a context is given, else with prior knowledge.
     *
     * @param streamCredit the window of each stream, in bytes
     * @param connectionCredit the window of the connection; at least 65,535
     */
    public static Http2 connect(
            InetSocketAddress address, @Nullable SSLContext tls, int streamCredit, int connectionCredit)
            throws IOException {
        Wire wire = tls == null ? Wire.connect(address, null, 0) : Wire.connect(address, tls, 0, "h2");
        try {
            wire.patience(0);
            Http2 connection = new Http2(wire, tls != null, streamCredit, connectionCredit);
            ByteBuffer settings = ByteBuffer.allocate(12)
                    .putShort((short) Http2Frame.ENABLE_PUSH)
                    .putInt(0)
                    .putShort((short) Http2Frame.INITIAL_WINDOW_SIZE)
                    .putInt(streamCredit);
            ByteArrayOutputStream hello = new ByteArrayOutputStream();
            hello.writeBytes(PREFACE);
            hello.writeBytes(new Http2Frame(Http2Frame.SETTINGS, 0, 0, settings.array()).bytes());
            if (connectionCredit > FIRST_WINDOW) {
                hello.writeBytes(Http2Frame.of(Http2Frame.WINDOW_UPDATE, 0, connectionCredit - FIRST_WINDOW)
                        .bytes());
            }
            wire.send(hello.toByteArray());
            Crew.start(connection::read);
            return connection;
        } catch (IOException e) {
            wire.close();
            throw e;
        }
    }

    /** Connects with windows of the size that browsers use. */
    public static Http2 connect(InetSocketAddress address, @Nullable SSLContext tls) throws IOException {
        return connect(address, tls, 6 << 20, 15 << 20);
    }

    /** What the server announced in its first SETTINGS; waits for them. */
    public Map<Integer, Integer> settings() throws IOException {
        return await(settings);
    }

    /** Whether the server takes extended CONNECT (RFC 8441); waits for its SETTINGS. */
    public boolean connectsProtocols() throws IOException {
        return settings().getOrDefault(Http2Frame.ENABLE_CONNECT_PROTOCOL, 0) == 1;
    }

    /** The streams that have not ended on both sides. */
    public int open() {
        return streams.size();
    }

    /** The streams that this side has reset. */
    public synchronized int resets() {
        return resets;
    }

    /** Whether new streams may be opened. */
    public synchronized boolean usable() {
        return failure == null && !goneAway.isDone();
    }

    /** Waits for the server's GOAWAY and gives its error code. */
    public int goneAway() throws IOException {
        return await(goneAway);
    }

    /** Waits until the server ends the connection. */
    public Wire.Ending ending() throws IOException {
        return await(ended);
    }

    private static <T> T await(CompletableFuture<T> future) throws IOException {
        try {
            return future.get(Wire.PATIENCE_MS, TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        } catch (TimeoutException e) {
            throw new InterruptedIOException("nothing came within " + Wire.PATIENCE_MS + " ms");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        }
    }

    // ---- requests

    /** The pseudo fields of a request, and these lines: {@code name: value}. */
    public List<Head.Field> fields(String method, String authority, String path, String... lines) {
        List<Head.Field> fields = new ArrayList<>();
        fields.add(new Head.Field(":method", method));
        fields.add(new Head.Field(":scheme", secure ? "https" : "http"));
        fields.add(new Head.Field(":authority", authority));
        fields.add(new Head.Field(":path", path));
        for (String line : lines) {
            int colon = line.indexOf(": ");
            fields.add(new Head.Field(line.substring(0, colon), line.substring(colon + 2)));
        }
        return fields;
    }

    /** The fields of an extended CONNECT. */
    public List<Head.Field> connect(String protocol, String authority, String path, String... lines) {
        List<Head.Field> fields = fields("CONNECT", authority, path, lines);
        fields.add(1, new Head.Field(":protocol", protocol));
        return fields;
    }

    /** Opens a stream with any fields in any order; waits for the server's SETTINGS. */
    public Http2Stream open(List<Head.Field> fields, boolean endStream) throws IOException {
        settings();
        synchronized (this) {
            if (failure != null) {
                throw new IOException("the connection has failed", failure);
            }
            lastStream += 2;
            Http2Stream stream =
                    new Http2Stream(this, lastStream, sendWindowOfStreams(), streamCredit, endStream, fields);
            streams.put(lastStream, stream);
            sendHeaders(lastStream, fields, endStream);
            return stream;
        }
    }

    /** Sends a header block for any stream, in as many frames as it needs. */
    public synchronized void sendHeaders(int stream, List<Head.Field> fields, boolean endStream) throws IOException {
        byte[] block = Hpack.write(fields);
        int most = maxFrameSize();
        int flags = endStream ? Http2Frame.END_STREAM : 0;
        int type = Http2Frame.HEADERS;
        int from = 0;
        do {
            int to = Math.min(block.length, from + most);
            int end = to == block.length ? Http2Frame.END_HEADERS : 0;
            send(new Http2Frame(type, flags | end, stream, Arrays.copyOfRange(block, from, to)));
            type = Http2Frame.CONTINUATION;
            flags = 0;
            from = to;
        } while (from < block.length);
    }

    /** Sends any frame, as it is; windows are not looked at. */
    public synchronized void send(Http2Frame frame) throws IOException {
        if (frame.type() == Http2Frame.RST_STREAM) {
            resets++;
        }
        wire.send(frame.bytes());
    }

    /** Sends data within the windows, and waits while they are closed. */
    void sendData(Http2Stream stream, byte[] bytes, int offset, int length, boolean end) throws IOException {
        int from = offset;
        int left = length;
        do {
            synchronized (this) {
                int n = roomFor(stream, left);
                window -= n;
                stream.sendWindow -= n;
                boolean last = end && n == left;
                send(new Http2Frame(
                        Http2Frame.DATA,
                        last ? Http2Frame.END_STREAM : 0,
                        stream.id(),
                        Arrays.copyOfRange(bytes, from, from + n)));
                from += n;
                left -= n;
            }
        } while (left > 0);
    }

    private synchronized int roomFor(Http2Stream stream, int wanted) throws IOException {
        while (true) {
            stream.checkWritable();
            long room = Math.min(Math.min(window, stream.sendWindow), maxFrameSize());
            boolean small = sendWindowOfStreams() < FIRST_WINDOW;
            if (wanted == 0 || room >= (small ? 1 : Math.min(wanted, WORTH_A_FRAME))) {
                return (int) Math.min(wanted, room);
            }
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException();
            }
        }
    }

    /** How much may be sent on all streams together. */
    public synchronized long window() {
        return window;
    }

    private int maxFrameSize() {
        return announced.getOrDefault(Http2Frame.MAX_FRAME_SIZE, 1 << 14);
    }

    private int sendWindowOfStreams() {
        return announced.getOrDefault(Http2Frame.INITIAL_WINDOW_SIZE, FIRST_WINDOW);
    }

    /** The bytes of a stream were taken, or nobody will ever take them. */
    void taken(Http2Stream stream, int bytes, boolean moreToCome) throws IOException {
        int forConnection = credit.give(bytes);
        int forStream = moreToCome ? stream.credit().give(bytes) : 0;
        if (forConnection > 0) {
            send(Http2Frame.of(Http2Frame.WINDOW_UPDATE, 0, forConnection));
        }
        if (forStream > 0) {
            send(Http2Frame.of(Http2Frame.WINDOW_UPDATE, stream.id(), forStream));
        }
    }

    void forget(Http2Stream stream) {
        streams.remove(stream.id(), stream);
        wakeWriters();
    }

    private synchronized void wakeWriters() {
        notifyAll();
    }

    // ---- what the server sends

    private void read() {
        try {
            while (true) {
                take(Http2Frame.read(wire.in()));
            }
        } catch (EOFException e) {
            over(Wire.Ending.FIN, e);
        } catch (IOException e) {
            over(Wire.Ending.CUT, e);
        } catch (RuntimeException e) {
            over(Wire.Ending.CUT, new IOException("a frame that makes no sense", e));
        }
    }

    private void over(Wire.Ending ending, IOException cause) {
        String goAway = goneAway.isDone() ? ", the server went away with error code " + goneAway.getNow(-1) : "";
        IOException reason = new IOException("the connection ended: " + cause.getMessage() + goAway, cause);
        synchronized (this) {
            failure = reason;
        }
        settings.completeExceptionally(reason);
        goneAway.completeExceptionally(reason);
        streams.values().forEach(stream -> stream.fail(reason));
        wakeWriters();
        wire.close();
        ended.complete(ending);
    }

    private void take(Http2Frame frame) throws IOException {
        switch (frame.type()) {
            case Http2Frame.DATA -> takeData(frame);
            case Http2Frame.HEADERS -> takeHeaders(frame);
            case Http2Frame.RST_STREAM -> {
                Http2Stream stream = streams.get(frame.stream());
                if (stream != null) {
                    stream.takeReset(ByteBuffer.wrap(frame.payload()).getInt());
                }
            }
            case Http2Frame.SETTINGS -> takeSettings(frame);
            case Http2Frame.PING -> {
                if (!frame.has(Http2Frame.ACK)) {
                    send(new Http2Frame(Http2Frame.PING, Http2Frame.ACK, 0, frame.payload()));
                }
            }
            case Http2Frame.GOAWAY -> takeGoAway(ByteBuffer.wrap(frame.payload()));
            case Http2Frame.WINDOW_UPDATE ->
                takeCredit(frame.stream(), ByteBuffer.wrap(frame.payload()).getInt());
            case Http2Frame.PUSH_PROMISE, Http2Frame.CONTINUATION ->
                throw new IOException("a frame of type " + frame.type() + " that may not be here");
            default -> {
                // Unknown types are ignored, and priorities are of no interest.
            }
        }
    }

    private void takeData(Http2Frame frame) throws IOException {
        int length = frame.payload().length;
        credit.use(length);
        Http2Stream stream = streams.get(frame.stream());
        if (stream == null) {
            int update = credit.give(length);
            if (update > 0) {
                send(Http2Frame.of(Http2Frame.WINDOW_UPDATE, 0, update));
            }
        } else {
            stream.credit().use(length);
            byte[] content = frame.content();
            stream.takeData(content, length - content.length, frame.has(Http2Frame.END_STREAM));
        }
    }

    private void takeHeaders(Http2Frame frame) throws IOException {
        ByteArrayOutputStream block = new ByteArrayOutputStream();
        block.writeBytes(frame.content());
        for (Http2Frame last = frame; !last.has(Http2Frame.END_HEADERS); ) {
            last = Http2Frame.read(wire.in());
            if (last.type() != Http2Frame.CONTINUATION || last.stream() != frame.stream()) {
                throw new IOException("a header block is interrupted");
            }
            block.writeBytes(last.payload());
        }
        List<Head.Field> fields = hpack.read(block.toByteArray());
        Http2Stream stream = streams.get(frame.stream());
        if (stream != null) {
            stream.takeHeaders(fields, frame.has(Http2Frame.END_STREAM));
        }
    }

    private void takeSettings(Http2Frame frame) throws IOException {
        if (frame.has(Http2Frame.ACK)) {
            return;
        }
        synchronized (this) {
            int before = sendWindowOfStreams();
            ByteBuffer entries = ByteBuffer.wrap(frame.payload());
            while (entries.hasRemaining()) {
                announced.put((int) entries.getShort(), entries.getInt());
            }
            int more = sendWindowOfStreams() - before;
            streams.values().forEach(stream -> stream.sendWindow += more);
            notifyAll();
        }
        send(new Http2Frame(Http2Frame.SETTINGS, Http2Frame.ACK, 0, new byte[0]));
        settings.complete(Map.copyOf(announced));
    }

    private void takeGoAway(ByteBuffer payload) {
        int last = payload.getInt();
        int code = payload.getInt();
        goneAway.complete(code);
        streams.values().stream()
                .filter(stream -> stream.id() > last)
                .forEach(stream -> stream.fail(new IOException("the server goes away, error code " + code)));
        wakeWriters();
    }

    private synchronized void takeCredit(int id, int more) {
        if (id == 0) {
            window += more;
        } else {
            Http2Stream stream = streams.get(id);
            if (stream != null) {
                stream.sendWindow += more;
            }
        }
        notifyAll();
    }

    // ---- ends

    /** Says that no further streams of the server are taken, and why. */
    public void goAway(int code) throws IOException {
        send(new Http2Frame(
                Http2Frame.GOAWAY,
                0,
                0,
                ByteBuffer.allocate(8).putInt(0).putInt(code).array()));
    }

    /** Cuts the TCP connection with a reset. */
    public void reset() throws IOException {
        wire.reset();
    }

    /** Closes the TCP connection, whatever its streams do. */
    @Override
    public void close() {
        wire.close();
    }

    /**
     * What the server may still send, and what it will be allowed again once half of the window was taken. A window of 0
     * stays what it is.
     */
    static final class Credit {
        private final int window;
        private int left;
        private int returned;

        Credit(int window) {
            this.window = window;
            this.left = window;
        }

        synchronized void extend(int bytes) {
            left += bytes;
        }

        synchronized void use(int bytes) throws IOException {
            left -= bytes;
            if (left < 0) {
                throw new IOException("the server sent " + -left + " bytes more than its window allowed");
            }
        }

        /** Gives what is to be announced now; 0 is nothing. */
        synchronized int give(int bytes) {
            returned += bytes;
            if (returned < (window + 1) / 2 || window == 0) {
                return 0;
            }
            int update = returned;
            left += update;
            returned = 0;
            return update;
        }
    }
}
