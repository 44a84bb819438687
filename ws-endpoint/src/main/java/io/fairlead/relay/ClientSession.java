package io.fairlead.relay;

import jakarta.websocket.CloseReason;
import jakarta.websocket.CloseReason.CloseCodes;
import jakarta.websocket.SendResult;
import jakarta.websocket.Session;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client's WebSocket, which the server has ended. A message of up to {@value #ASYNC} bytes that is there whole is sent without a
 * thread that waits; the parts of a longer one by a thread of the {@link RelayPool}'s that does.
 *
 * <p>One send at a time: the next when the last one's stage is complete.
 */
final class ClientSession {

    private static final Logger LOG = LoggerFactory.getLogger(ClientSession.class);
    private static final int ASYNC = FrameReader.PART;
    private static final int MOST_OF_REASON = 123;

    /** For a send that waits; the tunnel's own limits end one that waits too long. */
    private static final long PATIENCE_MILLIS = Duration.ofHours(1).toMillis();

    private final Session session;
    private final RelayPool pool;
    private final Duration closeTimeout;

    /** Undertow keeps a Close frame back until a message that is under way has ended; then its connection is cut. */
    private final @Nullable Closeable undertow;

    ClientSession(Session session, RelayPool pool, Duration closeTimeout) {
        this.session = session;
        this.pool = pool;
        this.closeTimeout = closeTimeout;
        this.undertow = UndertowChannel.of(session);
        session.setMaxIdleTimeout(0);
        session.getAsyncRemote().setSendTimeout(0);
        // Tomcat's; to others they mean nothing.
        session.getUserProperties().put("org.apache.tomcat.websocket.BLOCKING_SEND_TIMEOUT", PATIENCE_MILLIS);
        session.getUserProperties()
                .put("org.apache.tomcat.websocket.SESSION_CLOSE_TIMEOUT", Math.max(1, closeTimeout.toMillis()));
    }

    private interface Sending {
        void send() throws IOException;
    }

    /** Fails when the client takes no more. */
    CompletionStage<?> send(Message part) {
        if (!part.isWhole() || part.weight() > ASYNC) {
            return waiting(() -> {
                if (part.isText()) {
                    session.getBasicRemote().sendText(part.text(), part.isLast());
                } else {
                    session.getBasicRemote().sendBinary(part.bytes(), part.isLast());
                }
            });
        }
        CompletableFuture<SendResult> sent = new CompletableFuture<>();
        try {
            if (part.isText()) {
                session.getAsyncRemote().sendText(part.text(), result -> complete(sent, result));
            } else {
                session.getAsyncRemote().sendBinary(part.bytes(), result -> complete(sent, result));
            }
        } catch (RuntimeException closed) {
            sent.completeExceptionally(closed);
        }
        return sent;
    }

    private static void complete(CompletableFuture<SendResult> sent, SendResult result) {
        if (result.isOK()) {
            sent.complete(result);
        } else {
            Throwable failure = result.getException();
            sent.completeExceptionally(failure == null ? new IOException("a message was not sent") : failure);
        }
    }

    CompletionStage<?> ping(ByteBuffer payload) {
        return waiting(() -> session.getAsyncRemote().sendPing(payload));
    }

    CompletionStage<?> pong(ByteBuffer payload) {
        return waiting(() -> session.getAsyncRemote().sendPong(payload));
    }

    /**
     * @param code {@link CloseCode#NONE} becomes 1000, since the API has no Close frame without a code
     * @param within whether a message is under way
     */
    CompletionStage<?> close(int code, String reason, boolean within) {
        if (within && undertow != null) {
            return cut(undertow);
        }
        return waiting(() -> session.close(
                new CloseReason(CloseCodes.getCloseCode(code == CloseCode.NONE ? 1000 : code), fit(reason))));
    }

    private static CompletionStage<?> cut(Closeable connection) {
        try {
            connection.close();
            return CompletableFuture.completedFuture(null);
        } catch (IOException failure) {
            return CompletableFuture.failedFuture(failure);
        }
    }

    /** As many whole characters as a Close frame has room for. */
    static String fit(String reason) {
        int most = Math.min(reason.length(), MOST_OF_REASON);
        String fitting = reason.substring(0, reason.offsetByCodePoints(0, reason.codePointCount(0, most)));
        while (fitting.getBytes(StandardCharsets.UTF_8).length > MOST_OF_REASON) {
            fitting = fitting.substring(0, fitting.offsetByCodePoints(fitting.length(), -1));
        }
        return fitting;
    }

    /**
     * Has the server close it, with a word if it still can.
     *
     * @param within whether a message is under way
     */
    void abandon(boolean within) {
        if (within && undertow != null) {
            cut(undertow).whenComplete((done, failure) -> LOG.debug("a session is cut", failure));
            return;
        }
        try {
            session.setMaxIdleTimeout(Math.max(1, closeTimeout.toMillis()));
        } catch (RuntimeException closed) {
            LOG.debug("a session is closed already", closed);
            return;
        }
        waiting(() -> session.close(new CloseReason(CloseCodes.GOING_AWAY, "")))
                .whenComplete((done, failure) -> LOG.debug("a session is closed", failure));
    }

    private CompletionStage<?> waiting(Sending sending) {
        CompletableFuture<Void> sent = new CompletableFuture<>();
        try {
            pool.patient().execute(() -> {
                try {
                    sending.send();
                    sent.complete(null);
                } catch (IOException | RuntimeException failure) {
                    sent.completeExceptionally(failure);
                }
            });
        } catch (RejectedExecutionException stopping) {
            sent.completeExceptionally(stopping);
        }
        return sent;
    }
}
