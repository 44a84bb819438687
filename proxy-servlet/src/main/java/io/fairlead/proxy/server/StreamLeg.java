package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.WebConnection;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A leg over the blocking streams of an upgraded servlet connection: one thread reads, one writes, each with one buffer
 * between it and the loop.
 *
 * <p>Half-close is not in the servlet API. Once the backend has ended its stream and all of it is written, this leg ends its
 * input too, so the tunnel closes; a client that ends its stream first still gets the backend's last bytes.
 */
final class StreamLeg implements Leg {

    private static final Logger LOG = LoggerFactory.getLogger(StreamLeg.class);
    private static final int BUFFER = 16 * 1024;
    private static final int CLOSE_SECONDS = 5;
    private static final Runnable NOTHING = () -> {};
    private static final AtomicInteger COUNT = new AtomicInteger();

    private final WebConnection connection;
    private final ServletInputStream input;
    private final ServletOutputStream output;
    private final Runnable done;
    private final Thread reader;
    private final Thread writer;
    private final AtomicInteger threads = new AtomicInteger(2);

    /** Guards the fields below. Never held across I/O. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition changed = lock.newCondition();
    private final byte[] in = new byte[BUFFER];
    private final byte[] out = new byte[BUFFER];
    private int inStart;
    private int inEnd;
    private int outEnd;
    private boolean inEof;
    private @Nullable IOException inFailure;
    private @Nullable IOException outFailure;
    private boolean readerWaits;
    private boolean writerWaits;
    private boolean writing;
    private boolean ending;
    private boolean closed;
    private Runnable listener = NOTHING;

    private StreamLeg(WebConnection connection, Runnable done) throws IOException {
        this.connection = connection;
        this.input = connection.getInputStream();
        this.output = connection.getOutputStream();
        this.done = done;
        int number = COUNT.incrementAndGet();
        this.reader = thread(this::readAll, "fairlead-reader-" + number);
        this.writer = thread(this::writeAll, "fairlead-writer-" + number);
    }

    /** @param done run once when both threads have ended */
    static StreamLeg over(WebConnection connection, Runnable done) throws IOException {
        StreamLeg leg = new StreamLeg(connection, done);
        leg.reader.start();
        leg.writer.start();
        return leg;
    }

    private static Thread thread(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.setContextClassLoader(StreamLeg.class.getClassLoader());
        return thread;
    }

    // ---- the loop's side

    @Override
    public void onReady(Runnable ready) {
        lock.lock();
        try {
            listener = ready;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
        lock.lock();
        try {
            int length = Math.min(inEnd - inStart, into.remaining());
            if (length > 0) {
                into.put(in, inStart, length);
                inStart += length;
                changed.signalAll();
                return length;
            }
            if (inFailure != null) {
                throw inFailure;
            }
            if (inEof) {
                return -1;
            }
            readerWaits = true;
            return 0;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void write(ByteBuffer from) throws IOException {
        lock.lock();
        try {
            if (outFailure != null) {
                throw outFailure;
            }
            int length = Math.min(BUFFER - outEnd, from.remaining());
            from.get(out, outEnd, length);
            outEnd += length;
            writerWaits = from.hasRemaining();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What is in the buffer is as good as sent until the end of the stream is wanted: then it must be out. */
    @Override
    public boolean flush() throws IOException {
        lock.lock();
        try {
            if (outFailure != null) {
                throw outFailure;
            }
            if (writerWaits) {
                return false;
            }
            if (ending && (outEnd > 0 || writing)) {
                writerWaits = true;
                return false;
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void shutdownOutput() {
        lock.lock();
        try {
            ending = true;
            if (outEnd > 0 || writing) {
                return;
            }
            inEof = true;
        } finally {
            lock.unlock();
        }
        listener.run();
    }

    @Override
    public void close() {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The servlet API has no reset; the peer sees an end. */
    @Override
    public void reset() {
        close();
    }

    @Override
    public @Nullable SelectableChannel channel() {
        return null;
    }

    @Override
    public boolean buffersInput() {
        return true;
    }

    // ---- the two threads

    private void readAll() {
        try {
            while (awaitEmptyInput()) {
                int length = readBlocking();
                Runnable wake;
                lock.lock();
                try {
                    inStart = 0;
                    inEnd = Math.max(0, length);
                    inEof |= length < 0;
                    wake = wakeReader();
                } finally {
                    lock.unlock();
                }
                wake.run();
                if (length < 0) {
                    return;
                }
            }
        } catch (IOException | RuntimeException failure) {
            Runnable wake;
            lock.lock();
            try {
                inFailure = asIo(failure);
                wake = wakeReader();
            } finally {
                lock.unlock();
            }
            wake.run();
        } catch (InterruptedException closing) {
            // The writer ends this thread when the leg is closed.
        } finally {
            ended();
        }
    }

    /** Servers throw IllegalStateException from streams that they have closed. */
    private static IOException asIo(Exception failure) {
        return failure instanceof IOException io ? io : new IOException(failure);
    }

    /** Blocks while the loop has not taken what was read last; false when the leg is closed. */
    private boolean awaitEmptyInput() throws InterruptedException {
        lock.lock();
        try {
            while (inStart < inEnd && !closed) {
                changed.await();
            }
            return !closed;
        } finally {
            lock.unlock();
        }
    }

    /** The loop does not touch {@link #in} while it is empty, so it is filled without the lock. */
    private int readBlocking() throws IOException {
        while (true) {
            try {
                return input.read(in);
            } catch (EOFException end) {
                // Tomcat's way to tell the end of a stream that is read by blocking.
                return -1;
            } catch (IOException failure) {
                // The server's limit, which Grizzly tells in its own way; the tunnel has its own.
                boolean idle =
                        failure instanceof SocketTimeoutException || failure.getCause() instanceof TimeoutException;
                if (!idle) {
                    throw failure;
                }
                if (isClosed()) {
                    return -1;
                }
            }
        }
    }

    private void writeAll() {
        byte[] chunk = new byte[BUFFER];
        try {
            int length;
            while ((length = awaitOutput(chunk)) > 0) {
                output.write(chunk, 0, length);
                output.flush();
                written();
            }
        } catch (IOException | RuntimeException failure) {
            Runnable wake;
            lock.lock();
            try {
                outFailure = asIo(failure);
                wake = wakeBoth();
            } finally {
                lock.unlock();
            }
            wake.run();
            awaitClose();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            closeConnection();
            ended();
        }
    }

    /** Blocks until there is something to write; 0 when the leg is closed. */
    private int awaitOutput(byte[] chunk) throws InterruptedException {
        lock.lock();
        try {
            while (outEnd == 0 && !closed) {
                changed.await();
            }
            if (closed) {
                return 0;
            }
            int length = outEnd;
            System.arraycopy(out, 0, chunk, 0, length);
            outEnd = 0;
            writing = true;
            return length;
        } finally {
            lock.unlock();
        }
    }

    private void written() {
        Runnable wake;
        lock.lock();
        try {
            writing = false;
            if (ending && outEnd == 0) {
                inEof = true;
                wake = wakeBoth();
            } else {
                wake = writerWaits ? listener : NOTHING;
                writerWaits = false;
            }
        } finally {
            lock.unlock();
        }
        wake.run();
    }

    private void awaitClose() {
        lock.lock();
        try {
            while (!closed) {
                changed.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Tomcat acts on a close only in one of its own threads, so this asks for one by a write listener. A reader that
     * still waits for the client is interrupted until it has seen the end.
     */
    private void closeConnection() {
        CountDownLatch closing = new CountDownLatch(1);
        try {
            output.setWriteListener(new WriteListener() {
                @Override
                public void onWritePossible() {
                    closeStreams();
                    closing.countDown();
                }

                @Override
                public void onError(Throwable failure) {
                    closeStreams();
                    closing.countDown();
                }
            });
            if (!closing.await(CLOSE_SECONDS, TimeUnit.SECONDS)) {
                closeStreams();
            }
            for (int i = 0; i < CLOSE_SECONDS * 10 && reader.isAlive(); i++) {
                reader.interrupt();
                reader.join(100);
            }
        } catch (IllegalStateException alreadyClosed) {
            closeStreams();
            reader.interrupt();
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        }
        if (reader.isAlive()) {
            LOG.warn("{} still waits for its client {} s after the close", reader.getName(), CLOSE_SECONDS);
        }
    }

    private void closeStreams() {
        try {
            connection.close();
        } catch (Exception gone) {
            LOG.debug("closing a connection that is gone", gone);
        }
    }

    private Runnable wakeReader() {
        boolean waits = readerWaits;
        readerWaits = false;
        return waits ? listener : NOTHING;
    }

    private Runnable wakeBoth() {
        readerWaits = false;
        writerWaits = false;
        return listener;
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    private void ended() {
        if (threads.decrementAndGet() == 0) {
            done.run();
        }
    }
}
