package io.fairlead.demo;

import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.RemoteEndpoint.Async;
import jakarta.websocket.Session;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one WebSocket session into a {@link ChatRoom}. The first message of a client is its name, every other one a
 * comment; what the room sends is described there.
 *
 * <p>Public, since Tyrus calls it by reflection; only {@link Demo} makes one.
 */
public final class ChatEndpoint extends Endpoint {
    private static final Logger LOG = LoggerFactory.getLogger(ChatEndpoint.class);

    private static final long SEND_TIMEOUT_MILLIS = TimeUnit.SECONDS.toMillis(5);

    /** In characters of the whole message; a longer one ends the session with 1009. */
    private static final int LONGEST_MESSAGE = 4 * ChatRoom.LONGEST_COMMENT;

    private final ChatRoom room;
    private ChatRoom.@Nullable Guest guest;

    ChatEndpoint(ChatRoom room) {
        this.room = room;
    }

    @Override
    public void onOpen(Session session, EndpointConfig config) {
        session.setMaxTextMessageBufferSize(LONGEST_MESSAGE);
        Async remote = session.getAsyncRemote();
        remote.setSendTimeout(SEND_TIMEOUT_MILLIS);
        ChatRoom.Guest entered = room.enter(new ChatRoom.Line() {
            @Override
            public void send(String message, Consumer<Boolean> done) {
                remote.sendText(message, result -> done.accept(result.isOK()));
            }

            @Override
            public void hangUp(CloseReason reason) {
                try {
                    session.close(reason);
                } catch (IOException e) {
                    // The peer is gone, which is what close was for.
                }
            }
        });
        guest = entered;
        if (entered == null) return;
        // An anonymous class: the container reads the message type from the class, which a lambda does not tell.
        session.addMessageHandler(new MessageHandler.Whole<String>() {
            @Override
            public void onMessage(String message) {
                room.hear(entered, message);
            }
        });
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
        if (guest != null) room.leave(guest);
    }

    @Override
    public void onError(Session session, Throwable fault) {
        // The container closes the session, and onClose follows.
        LOG.debug("chat session failed", fault);
    }

    /** Makes the endpoint of each session, for one room. */
    static final class Config extends TyrusConfig {
        private final ChatRoom room;

        Config(ChatRoom room) {
            this.room = room;
        }

        @Override
        public <T> T getEndpointInstance(Class<T> type) {
            return type.cast(new ChatEndpoint(room));
        }
    }
}
