package io.fairlead.proxy;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.eclipse.jetty.client.AsyncRequestContent;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;

/**
 * The body of a request: read from the client when the HTTP client has taken what was read before. So nothing piles up.
 *
 * <p>The server's thread reads when there is something, the HTTP client's when it has sent a chunk. A server gives the input to
 * its next request as soon as this one is completed, whatever the HTTP client's thread is doing. So whoever completes it
 * {@linkplain #stop stops} the reader first.
 */
final class BodyReader extends IteratingCallback implements ReadListener {

    private final ServletInputStream input;
    private final AsyncRequestContent content;
    private final Consumer<Throwable> clientGone;
    private final byte[] buffer;
    private final Lock touching = new ReentrantLock();
    private boolean stopped;
    private long bytes;
    private volatile boolean refused;

    /** @param clientGone told when the body can't be read to its end; not when the backend's side takes no more of it */
    BodyReader(ServletInputStream input, AsyncRequestContent content, int bufferSize, Consumer<Throwable> clientGone) {
        this.input = input;
        this.content = content;
        this.buffer = new byte[bufferSize];
        this.clientGone = clientGone;
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

    @Override
    public void onDataAvailable() {
        iterate();
    }

    @Override
    public void onAllDataRead() {
        content.close();
    }

    @Override
    public void onError(Throwable failure) {
        if (!refused) {
            clientGone.accept(failure);
        }
        content.fail(failure);
    }

    @Override
    protected Action process() throws IOException {
        int length = read();
        if (length < 0) {
            // Known before the server's word, which it gives in one of its own threads.
            content.close();
            return Action.SUCCEEDED;
        }
        if (length == 0) {
            return Action.IDLE;
        }
        content.write(ByteBuffer.wrap(buffer, 0, length), Callback.from(this::succeeded, failure -> {
            // The backend's side takes no more: the exchange knows why, and it is not the client.
            refused = true;
            failed(failure);
        }));
        return Action.SCHEDULED;
    }

    /** Gives 0 when there is nothing now, and -1 at the end. */
    private int read() throws IOException {
        touching.lock();
        try {
            if (stopped) {
                return 0;
            }
            // Asked for its readiness at the end, Tomcat would take a lock that the thread which stops this may hold.
            while (!input.isFinished() && input.isReady()) {
                int length = input.read(buffer);
                if (length != 0) {
                    bytes += Math.max(0, length);
                    return length;
                }
            }
            return input.isFinished() ? -1 : 0;
        } finally {
            touching.unlock();
        }
    }

    @Override
    protected void onFailure(Throwable cause) {
        onError(cause);
    }

    @Override
    public InvocationType getInvocationType() {
        return InvocationType.NON_BLOCKING;
    }
}
