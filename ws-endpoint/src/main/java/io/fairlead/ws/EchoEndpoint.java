package io.fairlead.ws;

import jakarta.websocket.CloseReason;
import jakarta.websocket.CloseReason.CloseCodes;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * A WebSocket endpoint that sends every message back, text as text and binary as binary. It has no path of its own:
 * whoever registers it names one, with {@link jakarta.websocket.server.ServerEndpointConfig.Builder}.
 *
 * <p>Messages are not collected. Each part goes back as soon as it is there, and the last part ends the message, so a
 * message may be of any length. How large one part may be is the container's limit. Pings are answered by the
 * container.
 *
 * <p>A part is written before the next one is read, on the thread that the container calls with: a peer that sends and
 * does not read makes that thread wait, and that wait is the backpressure. So it is not for HTTP/2 on Jetty, where that thread
 * reads for all streams of the connection, also the client's word that it has read. When the peer is gone or sends what cannot
 * be read, the session is closed; nothing is thrown to the container.
 *
 * <p>The container makes an instance per session; instances hold no state.
 */
public final class EchoEndpoint extends Endpoint {
    @Override
    public void onOpen(Session session, EndpointConfig config) {
        // Anonymous classes: the container reads the message type from the class, which a lambda does not tell.
        session.addMessageHandler(new MessageHandler.Partial<String>() {
            @Override
            public void onMessage(String part, boolean last) {
                try {
                    session.getBasicRemote().sendText(part, last);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        session.addMessageHandler(new MessageHandler.Partial<ByteBuffer>() {
            @Override
            public void onMessage(ByteBuffer part, boolean last) {
                try {
                    session.getBasicRemote().sendBinary(part, last);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
    }

    @Override
    public void onError(Session session, Throwable fault) {
        if (!session.isOpen()) return;
        try {
            session.close(new CloseReason(CloseCodes.UNEXPECTED_CONDITION, "echo failed"));
        } catch (IOException e) {
            // The peer is gone, which is what close was for.
        }
    }
}
