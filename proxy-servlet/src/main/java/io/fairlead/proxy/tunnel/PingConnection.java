package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * The connection that Jetty's client upgrades to when a backend's WebSocket is only tried: it sends a ping, waits for a pong,
 * closes the WebSocket by 1000, and waits for the backend's Close or the end. Messages in between are skipped.
 *
 * <p>Whoever makes it bounds its time, and closes the end point. No thread waits.
 */
public final class PingConnection extends AbstractConnection implements Connection.UpgradeTo {

    private static final int BUFFER_SIZE = 4096;

    private final Runnable answered;
    private final Consumer<String> ended;
    private final FrameScanner scanner = new FrameScanner(false, FrameRules.NONE);
    private long pongsBefore;
    private boolean pong;

    /**
     * @param answered called when the pong has come
     * @param ended called with what ended it, a short sentence, which after the pong is no fault
     */
    public PingConnection(EndPoint endPoint, Executor executor, Runnable answered, Consumer<String> ended) {
        super(endPoint, executor);
        this.answered = answered;
        this.ended = ended;
    }

    @Override
    public void onUpgradeTo(@Nullable ByteBuffer early) {
        if (early != null) {
            scanner.scan(early);
        }
    }

    @Override
    public void onOpen() {
        super.onOpen();
        pongsBefore = scanner.pongs();
        ByteBuffer ping = ControlFrame.ping(ThreadLocalRandom.current().nextLong(), true);
        // Nothing is read before it is written, so no two writes meet.
        getEndPoint().write(Callback.from(this::begin, this::failed), ping);
    }

    private void begin() {
        if (!isOver()) {
            fillInterested();
        }
    }

    @Override
    public void onFillable() {
        ByteBuffer buffer = BufferUtil.allocate(BUFFER_SIZE);
        try {
            while (true) {
                BufferUtil.clear(buffer);
                int filled = getEndPoint().fill(buffer);
                if (filled < 0) {
                    ended.accept("the backend ended the connection instead of answering a ping");
                    return;
                }
                if (filled == 0) {
                    fillInterested();
                    return;
                }
                scanner.scan(buffer);
                if (isOver()) {
                    return;
                }
            }
        } catch (IOException failure) {
            failed(failure);
        }
    }

    /** Looks at what has come. */
    private boolean isOver() {
        if (!pong && scanner.pongs() > pongsBefore) {
            pong = true;
            answered.run();
            ByteBuffer close = ControlFrame.close(ControlFrame.NORMAL, "", true);
            getEndPoint().write(Callback.from(() -> {}, this::failed), close);
        }
        String fault = scanner.fault();
        if (fault != null) {
            ended.accept("the backend broke the rules of framing: " + fault);
        } else if (scanner.isClosed()) {
            ended.accept(
                    "the backend closed the WebSocket, code " + scanner.closeCode() + ", instead of answering a ping");
        } else {
            return false;
        }
        return true;
    }

    @Override
    public void onFillInterestedFailed(Throwable cause) {
        failed(cause);
    }

    private void failed(Throwable failure) {
        ended.accept("the connection failed before a ping was answered: " + failure.getMessage());
    }
}
