package io.fairlead.proxy.server;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The output of an asynchronous response on Liberty, written without blocking. Liberty's own waits for the client in {@code
 * write}, also when it has a {@link WriteListener}; so here one of Liberty's threads writes, a piece at a time, and while it does
 * this output is not ready.
 *
 * <p>Before there is a listener it is Liberty's output.
 */
final class LibertyOutput extends ServletOutputStream {

    /** A write ends at once when its connection is cut. */
    private static final long MOST_SECONDS = 10;

    private final HttpServletResponse response;
    private final ServletOutputStream output;
    private final AsyncContext context;
    private volatile @Nullable WriteListener listener;

    private interface Work {
        void run() throws IOException;
    }

    /** The thread's that writes. */
    private volatile boolean sent;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by the lock.
    private @Nullable Work work;
    private @Nullable Thread running;
    private boolean hasThread;
    private boolean disappointed;
    private boolean ended;

    LibertyOutput(HttpServletResponse response, ServletOutputStream output, AsyncContext context) {
        this.response = response;
        this.output = output;
        this.context = context;
    }

    @Override
    public void setWriteListener(WriteListener writeListener) {
        lock.lock();
        try {
            listener = writeListener;
            disappointed = true;
            work = () -> {};
            hasThread = true;
        } finally {
            lock.unlock();
        }
        context.start(() -> writeAll(writeListener));
    }

    @Override
    public boolean isReady() {
        lock.lock();
        try {
            disappointed = work != null;
            return !disappointed;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void write(byte[] bytes, int start, int length) throws IOException {
        WriteListener told = listener;
        if (told == null) {
            output.write(bytes, start, length);
        } else {
            begin(told, () -> {
                output.write(bytes, start, length);
                send();
            });
        }
    }

    @Override
    public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
    }

    /** What was written is on its way already; the head may not be. */
    @Override
    public void flush() throws IOException {
        WriteListener told = listener;
        if (told == null) {
            response.flushBuffer();
        } else if (!response.isCommitted()) {
            begin(told, this::send);
        }
    }

    private void send() throws IOException {
        output.flush();
        if (!sent) {
            // Liberty keeps what there is at the first.
            sent = true;
            output.flush();
        }
    }

    private void begin(WriteListener told, Work next) throws IOException {
        boolean start;
        lock.lock();
        try {
            if (ended) {
                throw new IOException("the response has ended");
            }
            if (work != null) {
                throw new IllegalStateException("the output is not ready");
            }
            work = next;
            start = !hasThread;
            hasThread = true;
        } finally {
            lock.unlock();
        }
        if (start) {
            context.start(() -> writeAll(told));
        }
    }

    /** By one of Liberty's threads, which goes on while those whom it tells give it more. */
    private void writeAll(WriteListener told) {
        try {
            for (Work next = next(); next != null; next = next()) {
                next.run();
                if (!done()) {
                    return;
                }
                told.onWritePossible();
            }
        } catch (IOException | RuntimeException failure) {
            lock.lock();
            try {
                work = null;
                running = null;
                hasThread = false;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
            told.onError(failure);
        }
    }

    private @Nullable Work next() {
        lock.lock();
        try {
            Work next = ended ? null : work;
            if (next == null) {
                hasThread = false;
            } else {
                running = Thread.currentThread();
            }
            return next;
        } finally {
            lock.unlock();
        }
    }

    /** Whether somebody waits for this. */
    private boolean done() {
        lock.lock();
        try {
            work = null;
            running = null;
            changed.signalAll();
            boolean waited = disappointed && !ended;
            disappointed = false;
            hasThread = waited;
            return waited;
        } finally {
            lock.unlock();
        }
    }

    /** Nothing is written any more. @return whether a thread is still at it, which is not the caller's */
    boolean end() {
        lock.lock();
        try {
            ended = true;
            return running != null && running != Thread.currentThread();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for that thread, whose connection is cut. */
    void awaitEnd() throws IOException {
        lock.lock();
        try {
            long left = TimeUnit.SECONDS.toNanos(MOST_SECONDS);
            while (running != null && running != Thread.currentThread()) {
                if (left <= 0) {
                    throw new IOException("Liberty still writes to a connection that was cut");
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
