package io.fairlead.suite.peer;

import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One stream of an {@link Http2} connection; for HTTP/2 what {@link Wire} is for HTTP/1.1.
 *
 * <p>Blocking; one thread may read while another writes. Reads give up after {@link Wire#PATIENCE_MS}; writes wait for
 * credit as long as it takes. What came before a reset can still be read; then reads throw {@link Reset}.
 */
public final class Http2Stream implements Closeable {

    /** The server reset the stream. */
    public static final class Reset extends IOException {
        private final int code;

        Reset(int code) {
            super("the stream was reset with error code " + code);
            this.code = code;
        }

        public int code() {
            return code;
        }
    }

    private final Http2 connection;
    private final int id;
    private final Http2.Credit credit;
    private final InputStream in = new In();
    private final OutputStream out = new Out();
    private final List<Head.Field> request;

    /** Under the connection's lock. */
    long sendWindow;

    // Under this object's lock.
    private final Deque<Head> heads = new ArrayDeque<>();
    private final Deque<byte[]> pieces = new ArrayDeque<>();
    private int offset;
    private boolean headCame;
    private boolean ended;
    // Written under this object's lock, read also by writers.
    private volatile boolean finished;
    private volatile @Nullable IOException failure;
    private long patience = Wire.PATIENCE_MS;

    Http2Stream(Http2 connection, int id, int sendWindow, int credit, boolean finished, List<Head.Field> request) {
        this.connection = connection;
        this.id = id;
        this.sendWindow = sendWindow;
        this.credit = new Http2.Credit(credit);
        this.finished = finished;
        this.request = request;
    }

    public int id() {
        return id;
    }

    Http2.Credit credit() {
        return credit;
    }

    /** How much the server still lets this stream send. */
    public long window() {
        synchronized (connection) {
            return sendWindow;
        }
    }

    /** Lets the server send more on this stream, whatever was taken. */
    public void giveCredit(int bytes) throws IOException {
        credit.extend(bytes);
        connection.send(Http2Frame.of(Http2Frame.WINDOW_UPDATE, id, bytes));
    }

    /** Sets how long reads wait; 0 is for ever. */
    public synchronized void patience(long milliseconds) {
        patience = milliseconds;
    }

    // ---- what the connection brings

    synchronized void takeHeaders(List<Head.Field> fields, boolean last) {
        if (!headCame) {
            String status = fields.get(0).value();
            heads.add(new Head("HTTP/2 " + status, List.copyOf(fields.subList(1, fields.size()))));
            headCame = !status.startsWith("1");
        }
        ended |= last;
        changed();
    }

    void takeData(byte[] bytes, int padding, boolean last) throws IOException {
        boolean wanted;
        synchronized (this) {
            wanted = failure == null;
            if (wanted && bytes.length > 0) {
                pieces.add(bytes);
            }
            ended |= last;
            changed();
        }
        int gone = wanted ? padding : padding + bytes.length;
        if (gone > 0) {
            connection.taken(this, gone, wanted && !last);
        }
    }

    /** A reset that follows the whole answer only says that the rest of the request is not wanted. */
    void takeReset(int code) {
        synchronized (this) {
            if (!ended) {
                failure = new Reset(code);
            }
            finished = true;
            ended = true;
            changed();
        }
    }

    void fail(IOException cause) {
        synchronized (this) {
            if (!ended) {
                failure = cause;
            }
            finished = true;
            ended = true;
            changed();
        }
    }

    /** Wakes who waits, and lets the connection forget a stream that has ended on both sides. */
    private synchronized void changed() {
        notifyAll();
        if (ended && finished) {
            connection.forget(this);
        }
    }

    // ---- sending

    public OutputStream out() {
        return out;
    }

    public Http2Stream send(byte[] bytes) throws IOException {
        out.write(bytes);
        return this;
    }

    /** Sends characters as single bytes. */
    public Http2Stream send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Takes no lock of its own: the caller holds the connection's. */
    void checkWritable() throws IOException {
        IOException cause = failure;
        if (cause != null) {
            throw new IOException(cause.getMessage(), cause);
        }
        if (finished) {
            throw new IOException("the stream takes no more data");
        }
    }

    /** Sends END_STREAM and goes on reading. */
    public void finish() throws IOException {
        finish(new byte[0], 0, 0);
    }

    /** Sends the last bytes, and END_STREAM with them, and goes on reading. */
    public void finish(byte[] last, int offset, int length) throws IOException {
        connection.sendData(this, last, offset, length, true);
        synchronized (this) {
            finished = true;
            changed();
        }
    }

    /** Sends RST_STREAM with CANCEL; nothing is read after it. */
    public void reset() throws IOException {
        reset(Http2Frame.CANCEL);
    }

    public void reset(int code) throws IOException {
        int unread = 0;
        synchronized (this) {
            if (ended && finished) {
                return;
            }
            for (byte[] piece : pieces) {
                unread += piece.length;
            }
            unread -= offset;
            pieces.clear();
            offset = 0;
            failure = new IOException("this side reset the stream");
            finished = true;
            ended = true;
            changed();
        }
        connection.send(Http2Frame.of(Http2Frame.RST_STREAM, id, code));
        if (unread > 0) {
            connection.taken(this, unread, false);
        }
    }

    /** Resets the stream unless it has ended on both sides. */
    @Override
    public void close() {
        try {
            reset();
        } catch (IOException e) {
            // The connection is over already, and its streams with it.
        }
    }

    // ---- receiving

    public InputStream in() {
        return in;
    }

    /** Whether END_STREAM or a reset came; there may still be data to read. */
    public synchronized boolean ended() {
        return ended;
    }

    /** Waits for a change, under this object's lock. */
    private void await(long until) throws IOException {
        try {
            if (patience == 0) {
                wait();
                return;
            }
            long left = (until - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new SocketTimeoutException("nothing came on stream " + id + ", asked by " + request);
            }
            wait(left);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException();
        }
    }

    /** The next head: of an interim answer, or the answer. */
    public synchronized Head readHead() throws IOException {
        long until = System.nanoTime() + patience * 1_000_000;
        while (heads.isEmpty()) {
            IOException cause = failure;
            if (cause != null) {
                throw new IOException(cause.getMessage(), cause);
            }
            if (ended) {
                throw new EOFException("the stream ended before a head");
            }
            await(until);
        }
        return heads.remove();
    }

    /** The head of the final answer, passing over interim ones. */
    public Head readFinalHead() throws IOException {
        Head head = readHead();
        while (head.status() < 200) {
            head = readHead();
        }
        return head;
    }

    /** The status of the final answer; 0 when the stream or its connection ends without one. */
    public int status() throws IOException {
        try {
            return readFinalHead().status();
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            return 0;
        }
    }

    public byte[] read(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("stream ended after " + bytes.length + " of " + length + " bytes: <"
                    + new String(bytes, 0, Math.min(bytes.length, 200), StandardCharsets.ISO_8859_1) + ">");
        }
        return bytes;
    }

    public String readText(int length) throws IOException {
        return new String(read(length), StandardCharsets.ISO_8859_1);
    }

    /** Reads up to END_STREAM. */
    public byte[] readRest() throws IOException {
        return in.readAllBytes();
    }

    public String readRestText() throws IOException {
        return new String(readRest(), StandardCharsets.ISO_8859_1);
    }

    /** Waits for the server to end its side; a byte that comes instead is a fault. */
    public Wire.Ending ending() throws IOException {
        int b;
        try {
            b = in.read();
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            return Wire.Ending.CUT;
        }
        if (b >= 0) {
            throw new AssertionError("expected the stream to end, got " + b);
        }
        return Wire.Ending.FIN;
    }

    /** Reads up to the end, drops what comes, and gives how it ended. */
    public Wire.Ending drain() throws IOException {
        try {
            readRest();
            return Wire.Ending.FIN;
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            return Wire.Ending.CUT;
        }
    }

    /** Waits for the server to reset the stream, and gives the code; data that comes before is dropped. */
    public int resetCode() throws IOException {
        try {
            readRest();
        } catch (Reset e) {
            return e.code();
        }
        throw new AssertionError("expected a reset, the stream ended in an orderly way");
    }

    /** Listens for a while; a byte or an end that comes is a fault. */
    public synchronized void expectSilence(Duration time) throws IOException {
        long until = System.nanoTime() + time.toNanos();
        while (System.nanoTime() < until) {
            if (!pieces.isEmpty() || ended) {
                throw new AssertionError("expected silence on stream " + id + ", got " + pieces.size()
                        + " pieces of data" + (ended ? " and an end" : ""));
            }
            try {
                wait(Math.max(1, (until - System.nanoTime()) / 1_000_000));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException();
            }
        }
    }

    private final class In extends InputStream {

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] target, int at, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            int n;
            boolean more;
            synchronized (Http2Stream.this) {
                long until = System.nanoTime() + patience * 1_000_000;
                while (pieces.isEmpty()) {
                    IOException cause = failure;
                    if (cause != null) {
                        throw cause instanceof Reset reset
                                ? new Reset(reset.code())
                                : new IOException(cause.getMessage(), cause);
                    }
                    if (ended) {
                        return -1;
                    }
                    await(until);
                }
                byte[] piece = pieces.element();
                n = Math.min(length, piece.length - offset);
                System.arraycopy(piece, offset, target, at, n);
                offset += n;
                if (offset == piece.length) {
                    pieces.remove();
                    offset = 0;
                }
                more = !ended;
            }
            connection.taken(Http2Stream.this, n, more);
            return n;
        }

        @Override
        public int available() {
            synchronized (Http2Stream.this) {
                return pieces.stream().mapToInt(piece -> piece.length).sum() - offset;
            }
        }
    }

    private final class Out extends OutputStream {

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            if (length > 0) {
                connection.sendData(Http2Stream.this, bytes, from, length, false);
            }
        }
    }
}
