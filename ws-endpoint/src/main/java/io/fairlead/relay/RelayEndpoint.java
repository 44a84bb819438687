package io.fairlead.relay;

import jakarta.websocket.CloseReason;
import jakarta.websocket.CloseReason.CloseCodes;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a server calls for the session of one relay. Made for one handshake by {@link RouteRelay}. */
public final class RelayEndpoint extends Endpoint {

    private static final Logger LOG = LoggerFactory.getLogger(RelayEndpoint.class);

    private final @Nullable Function<Session, @Nullable MessageLeg> opening;
    private volatile @Nullable MessageLeg leg;

    /** For servers that look for it; an endpoint that is made so closes its session. */
    public RelayEndpoint() {
        this.opening = null;
    }

    /** @param opening gives null for a session that no relay waits for */
    RelayEndpoint(Function<Session, @Nullable MessageLeg> opening) {
        this.opening = opening;
    }

    @Override
    public void onOpen(Session session, EndpointConfig config) {
        @Nullable MessageLeg made;
        try {
            made = Objects.requireNonNull(opening, "made by the server").apply(session);
        } catch (RuntimeException bug) {
            // The tunnel is given up after closeTimeout, since no leg comes.
            LOG.warn("a relay can't be opened: a filter failed: {}", String.valueOf(bug));
            LOG.debug("a relay can't be opened", bug);
            close(session, CloseCodes.UNEXPECTED_CONDITION, "a filter failed");
            return;
        }
        if (made == null) {
            close(session, CloseCodes.VIOLATED_POLICY, "no relay");
            return;
        }
        MessageLeg opened = made;
        leg = opened;
        // Anonymous classes: the server reads the message type from the class, which a lambda does not tell.
        session.addMessageHandler(new MessageHandler.Partial<String>() {
            @Override
            public void onMessage(String part, boolean last) {
                opened.text(part, last);
            }
        });
        session.addMessageHandler(new MessageHandler.Partial<ByteBuffer>() {
            @Override
            public void onMessage(ByteBuffer part, boolean last) {
                opened.binary(part, last);
            }
        });
        session.addMessageHandler(new MessageHandler.Whole<PongMessage>() {
            @Override
            public void onMessage(PongMessage pong) {
                opened.pong(pong.getApplicationData());
            }
        });
        opened.opened();
    }

    private static void close(Session session, CloseCodes code, String reason) {
        try {
            session.close(new CloseReason(code, reason));
        } catch (IOException gone) {
            LOG.debug("a session is gone", gone);
        }
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
        MessageLeg opened = leg;
        if (opened != null) {
            String phrase = reason.getReasonPhrase();
            opened.sessionClosed(reason.getCloseCode().getCode(), phrase == null ? "" : phrase);
        }
    }

    /** A close follows. */
    @Override
    public void onError(Session session, Throwable cause) {
        LOG.debug("a client's session failed", cause);
        MessageLeg opened = leg;
        if (opened != null) {
            opened.sessionFailed();
        }
    }
}
