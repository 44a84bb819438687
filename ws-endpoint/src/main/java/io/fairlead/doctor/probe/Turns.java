package io.fairlead.doctor.probe;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one socket has to say, in turn, in a thread of the doctor's. A send of Jakarta WebSocket waits for the client, and the
 * thread that brought the message must not: over HTTP/2 it may be the one that reads what the client answers, for all streams of
 * the connection.
 *
 * <p>Thread-safe.
 */
final class Turns {

    /** What may wait, in bytes; a message of the page's is half of it. */
    static final int MOST = 2 << 20;

    /** What a turn costs besides the bytes that it holds. */
    private static final int OVERHEAD = 128;

    /** One turn. */
    interface Turn {
        void take() throws IOException;
    }

    private record Waiting(Turn turn, int bytes) {}

    private final Executor executor;
    private final Turn tooMuch;
    private final Consumer<Exception> failed;

    /** Guarded by itself, like what follows. */
    private final Deque<Waiting> waiting = new ArrayDeque<>();

    private int bytes;
    private boolean running;
    private boolean full;
    private boolean over;

    /**
     * @param tooMuch taken next when more than {@link #MOST} would wait; nothing is added after it
     * @param failed told of a turn that failed, in its thread; the next turn comes after that
     */
    Turns(Executor executor, Turn tooMuch, Consumer<Exception> failed) {
        this.executor = executor;
        this.tooMuch = tooMuch;
        this.failed = failed;
    }

    /** @param length of what the turn holds, in bytes */
    void add(int length, Turn turn) {
        synchronized (waiting) {
            if (full || over) {
                return;
            }
            Waiting added = new Waiting(turn, length + OVERHEAD);
            if (bytes + added.bytes() > MOST) {
                full = true;
                waiting.addFirst(new Waiting(tooMuch, 0));
            } else {
                bytes += added.bytes();
                waiting.addLast(added);
            }
            begin();
        }
    }

    /** The last one. */
    void end(Turn turn) {
        synchronized (waiting) {
            if (!over) {
                over = true;
                waiting.addLast(new Waiting(turn, 0));
                begin();
            }
        }
    }

    private void begin() {
        if (!running) {
            try {
                executor.execute(this::run);
                running = true;
            } catch (RejectedExecutionException closed) {
                // The application is going, and its sockets with it.
                over = true;
                waiting.clear();
            }
        }
    }

    private void run() {
        for (Waiting next = next(); next != null; next = next()) {
            try {
                next.turn().take();
            } catch (IOException | RuntimeException failure) {
                failed.accept(failure);
            }
        }
    }

    private @Nullable Waiting next() {
        synchronized (waiting) {
            Waiting next = waiting.poll();
            if (next == null) {
                running = false;
            } else {
                bytes -= next.bytes();
            }
            return next;
        }
    }
}
