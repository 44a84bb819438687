package io.fairlead.proxy;

import io.fairlead.proxy.server.ServerAdapter;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.eclipse.jetty.client.AsyncRequestContent;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request: read from the client when the HTTP client has taken what was read before. So nothing piles up. Its
 * beginning can be kept, so that it can be sent to another backend.
 *
 * <p>The server's thread reads when there is something, the HTTP client's when it has sent a chunk. A server gives the input to
 * its next request as soon as this one is completed, whatever the HTTP client's thread is doing. So whoever completes it
 * {@linkplain #stop stops} the reader first.
 */
final class RequestBody implements ReadListener {

    /**
     * A filter has read of the body what was the backend's. To send the rest under the length that was announced would have the
     * backend take the next request for the end of this one.
     */
    static final class TakenException extends IOException {
        private static final long serialVersionUID = 1;

        TakenException(long left, long announced) {
            super("a filter before the servlet has read the body, " + left + " of its " + announced
                    + " bytes were left");
        }
    }

    private final ServletInputStream input;
    private final ServerAdapter adapter;
    private final Object monitor;
    private final Consumer<Throwable> clientGone;
    private final int bufferSize;
    private final int keep;
    private final long announced;
    private final Lock touching = new ReentrantLock();
    private volatile @Nullable Sending current;

    // Guarded by the lock.
    private @Nullable ByteArrayOutputStream kept;
    private boolean stopped;
    private long bytes;

    /**
     * @param announced its length; -1 if that is not known
     * @param keep how much of it is kept for {@link #again}; 0 for nothing
     * @param clientGone told when the body can't be read to its end; not when the backend's side takes no more of it
     */
    RequestBody(
            ServletInputStream input,
            long announced,
            ServerAdapter adapter,
            int bufferSize,
            int keep,
            Consumer<Throwable> clientGone) {
        this.input = input;
        this.announced = announced;
        this.adapter = adapter;
        this.monitor = adapter.monitorOf(input);
        this.bufferSize = bufferSize;
        this.keep = keep;
        this.kept = keep > 0 ? new ByteArrayOutputStream() : null;
        this.clientGone = clientGone;
    }

    /** What is to be sent. */
    Request.Content begin() {
        Sending sending = new Sending();
        current = sending;
        return sending.content;
    }

    /** The same, to be sent once more from its beginning; null if not all that was read of it is kept. */
    Request.@Nullable Content again() {
        Sending sending;
        touching.lock();
        try {
            if (!isRepeatable()) {
                return null;
            }
            sending = new Sending();
            current = sending;
        } finally {
            touching.unlock();
        }
        sending.iterate();
        return sending.content;
    }

    boolean isRepeatable() {
        touching.lock();
        try {
            return kept != null || bytes == 0;
        } finally {
            touching.unlock();
        }
    }

    /** It will not be sent once more. */
    void forget() {
        touching.lock();
        try {
            kept = null;
        } finally {
            touching.unlock();
        }
    }

    /** The input is not touched any more, and by no thread when this returns. What it waits for does not block. */
    void stop() {
        touching.lock();
        try {
            stopped = true;
        } finally {
            touching.unlock();
        }
    }

    /** How many were read so far. */
    long bytes() {
        touching.lock();
        try {
            return bytes;
        } finally {
            touching.unlock();
        }
    }

    private void iterate() {
        Sending sending = current;
        if (sending != null) {
            sending.iterate();
        }
    }

    @Override
    public void onDataAvailable() {
        iterate();
    }

    @Override
    public void onAllDataRead() {
        iterate();
    }

    @Override
    public void onError(Throwable failure) {
        Sending sending = current;
        if (sending != null) {
            sending.ends(failure);
        }
    }

    /** One time that it is sent. */
    private final class Sending extends IteratingCallback {

        private final AsyncRequestContent content = new AsyncRequestContent();
        private final byte[] buffer = new byte[bufferSize];

        /** How much of what was read it has sent. */
        private long position;

        /** Whether the backend's side takes no more: the exchange knows why, and it is not the client. */
        private volatile boolean refused;

        @Override
        protected Action process() throws IOException {
            ByteBuffer next;
            synchronized (monitor) {
                touching.lock();
                try {
                    next = next();
                } finally {
                    touching.unlock();
                }
            }
            if (next == null) {
                if (announced >= 0 && position < announced) {
                    throw new TakenException(position, announced);
                }
                // Known before the server's word, which it gives in one of its own threads.
                content.close();
                return Action.SUCCEEDED;
            }
            if (!next.hasRemaining()) {
                return Action.IDLE;
            }
            content.write(next, Callback.from(this::succeeded, failure -> {
                refused = true;
                failed(failure);
            }));
            return Action.SCHEDULED;
        }

        /** Empty when there is nothing now, and null at the end. */
        private @Nullable ByteBuffer next() throws IOException {
            if (stopped || this != current) {
                return ByteBuffer.allocate(0);
            }
            ByteArrayOutputStream before = kept;
            if (position < bytes) {
                if (before == null) {
                    throw new IOException("the beginning of the request's body is not kept");
                }
                byte[] all = before.toByteArray();
                ByteBuffer rest = ByteBuffer.wrap(all, (int) position, all.length - (int) position);
                position = all.length;
                return rest;
            }
            // Asked for its readiness at the end, Tomcat would take a lock that the thread which stops this may hold.
            while (!adapter.isFinished(input) && input.isReady()) {
                int length = input.read(buffer);
                if (length > 0) {
                    if (before != null) {
                        if (before.size() + length <= keep) {
                            before.write(buffer, 0, length);
                        } else {
                            kept = null;
                        }
                    }
                    bytes += length;
                    position = bytes;
                    return ByteBuffer.wrap(buffer, 0, length);
                }
                if (length < 0) {
                    return null;
                }
            }
            return adapter.isFinished(input) ? null : ByteBuffer.allocate(0);
        }

        @Override
        protected void onFailure(Throwable cause) {
            ends(cause);
        }

        void ends(Throwable cause) {
            if (!refused && this == current) {
                clientGone.accept(cause);
            }
            content.fail(cause);
        }

        @Override
        public InvocationType getInvocationType() {
            return InvocationType.NON_BLOCKING;
        }
    }
}
