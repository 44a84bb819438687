package io.fairlead.proxy;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response, pulled: a chunk is read from the backend only when the client's side can take it, and what was
 * written is flushed as soon as the backend pauses. So nothing is held back, and nothing piles up.
 *
 * <pre>
 *   HTTP client's turn   read, write, read, write …  until there is no content, or the output is not ready
 *   server's turn        the output is ready again:  flush, then ask for content
 * </pre>
 *
 * <p>Only one of the two is ever asked for the next event. Content is read in the HTTP client's turn only: a read from the
 * server's thread could meet the client's thread inside the same parser.
 *
 * <p>When a client goes, Tomcat gives its output to the next response as soon as it has told so, whatever this relay's other
 * thread is doing. So whoever is told {@linkplain #stop stops} the relay first.
 */
final class BodyRelay implements WriteListener {

    /** Told what the relay waits for, and its end: once, by {@link #relayed} or {@link #clientGone}. */
    interface Listener {
        void waitingForBackend();

        void waitingForClient();

        /** The last byte was written. */
        void relayed();

        /** Shall {@link #stop} the relay before it returns. */
        void clientGone(Throwable failure);
    }

    private final Content.Source source;
    private final Runnable contentReady = Invocable.from(InvocationType.NON_BLOCKING, this::onContent);
    private final ServletOutputStream output;
    private final Listener listener;
    private Content.@Nullable Chunk first;

    /** The end of a body that is all in {@link #first}. */
    private Content.@Nullable Chunk second;

    private Content.@Nullable Chunk written;

    /** At first the head. */
    private boolean unflushed = true;

    private boolean last;

    private final Lock touching = new ReentrantLock();
    private boolean stopped;
    private long bytes;

    /**
     * @param first what was read of {@code source} already; null when there was nothing yet
     * @param length that was announced, in bytes; -1 for none
     */
    BodyRelay(
            Content.Source source,
            Content.@Nullable Chunk first,
            long length,
            ServletOutputStream output,
            Listener listener) {
        this.source = source;
        this.first = first;
        // Elsewhere to read on might find a failure before the client has what came first.
        this.second = first != null && !first.isLast() && first.remaining() == length ? source.read() : null;
        this.output = output;
        this.listener = listener;
    }

    /**
     * Writes a body that has come whole, if it is so short that the server only keeps it for the end: then there is nothing to wait
     * for, and no thread of the server's is woken for it. To be followed by the end of the response; else by {@link #start}.
     *
     * @param most what the server keeps without writing, in bytes
     * @return whether it was written
     */
    boolean writeWhole(int most) throws IOException {
        Content.Chunk body = first;
        if (body == null
                || Content.Chunk.isFailure(body)
                || body.remaining() > most
                || !(body.isLast() || isEnd(second))) {
            return false;
        }
        first = null;
        write(body);
        releaseWritten();
        return true;
    }

    private static boolean isEnd(Content.@Nullable Chunk chunk) {
        return chunk != null && chunk.isLast() && !chunk.hasRemaining() && !Content.Chunk.isFailure(chunk);
    }

    /** @throws IllegalStateException when the server has given the response up */
    void start() {
        // Not under the lock: Tomcat takes its connection's here, which a thread that stops the relay may hold.
        output.setWriteListener(this);
    }

    @Override
    public void onWritePossible() {
        try {
            whileReady();
        } catch (IOException | RuntimeException failure) {
            listener.clientGone(failure);
        }
    }

    /** The output is not touched any more, and by no thread when this returns. What it waits for does not block. */
    void stop() {
        touching.lock();
        try {
            stopped = true;
        } finally {
            touching.unlock();
        }
    }

    /** How many the output has taken so far. */
    long bytes() {
        touching.lock();
        try {
            return bytes;
        } finally {
            touching.unlock();
        }
    }

    @Override
    public void onError(Throwable failure) {
        listener.clientGone(failure);
    }

    private void onContent() {
        try {
            for (Content.Chunk chunk = source.read(); chunk != null; chunk = source.read()) {
                if (Content.Chunk.isFailure(chunk)) {
                    // The HTTP client tells of it at the end of the exchange.
                    return;
                }
                write(chunk);
                // Before the question: when the answer is no, the server's thread may go on before this one.
                listener.waitingForClient();
                if (!ready()) {
                    return;
                }
                releaseWritten();
                if (last) {
                    listener.relayed();
                    return;
                }
            }
            whileReady();
        } catch (IOException | RuntimeException failure) {
            listener.clientGone(failure);
        }
    }

    /** Does what needs no content, and asks for content in the end. */
    private void whileReady() throws IOException {
        listener.waitingForClient();
        while (ready()) {
            releaseWritten();
            Content.Chunk chunk = first;
            if (chunk != null) {
                first = second;
                second = null;
                if (Content.Chunk.isFailure(chunk)) {
                    return;
                }
                write(chunk);
            } else if (last) {
                listener.relayed();
                return;
            } else if (unflushed) {
                unflushed = false;
                flush();
            } else {
                listener.waitingForBackend();
                source.demand(contentReady);
                return;
            }
        }
    }

    private void write(Content.Chunk chunk) throws IOException {
        last = chunk.isLast();
        if (!chunk.hasRemaining()) {
            chunk.release();
            return;
        }
        // Its bytes are the server's until the output is ready again.
        written = chunk;
        unflushed = true;
        ByteBuffer content = chunk.getByteBuffer();
        byte[] array;
        int start = 0;
        if (content.hasArray()) {
            array = content.array();
            start = content.arrayOffset() + content.position();
        } else {
            array = new byte[content.remaining()];
            content.duplicate().get(array);
        }
        touching.lock();
        try {
            if (!stopped) {
                output.write(array, start, content.remaining());
                bytes += content.remaining();
            }
        } finally {
            touching.unlock();
        }
    }

    private boolean ready() {
        touching.lock();
        try {
            return !stopped && output.isReady();
        } finally {
            touching.unlock();
        }
    }

    private void flush() throws IOException {
        touching.lock();
        try {
            if (!stopped) {
                output.flush();
            }
        } finally {
            touching.unlock();
        }
    }

    private void releaseWritten() {
        Content.Chunk done = written;
        if (done != null) {
            written = null;
            done.release();
        }
    }
}
