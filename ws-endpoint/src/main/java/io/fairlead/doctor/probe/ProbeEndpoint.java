package io.fairlead.doctor.probe;

import io.fairlead.doctor.Verdict;
import jakarta.websocket.CloseReason;
import jakarta.websocket.CloseReason.CloseCodes;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Extension;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The socket of a probe, by the server's own Jakarta WebSocket. One for each session. */
public final class ProbeEndpoint extends Endpoint {

    /** More than the longest silence that is asked for. */
    private static final long IDLE = Doctor.LONGEST.toMillis();

    private final Doctor doctor;
    private final String path;

    private @Nullable Talk talk;
    private @Nullable Turns turns;

    private ProbeEndpoint(Doctor doctor, String path) {
        this.doctor = doctor;
        this.path = path;
    }

    /** @param container the server's {@link ServerContainer}; not named so, for callers that may run where there is none */
    static void register(Object container, Doctor doctor) {
        try {
            for (String path : List.of("echo", "push")) {
                ((ServerContainer) container).addEndpoint(config(doctor, path));
            }
        } catch (DeploymentException refused) {
            throw new IllegalStateException("The doctor's WebSocket endpoints cannot be registered", refused);
        }
    }

    private static ServerEndpointConfig config(Doctor doctor, String path) {
        return ServerEndpointConfig.Builder.create(ProbeEndpoint.class, Doctor.SOCKETS + path)
                .subprotocols(List.of(Verdict.CHOSEN_SUBPROTOCOL))
                .configurator(new ServerEndpointConfig.Configurator() {
                    @Override
                    public <T> T getEndpointInstance(Class<T> type) {
                        return type.cast(new ProbeEndpoint(doctor, path));
                    }

                    /** Nonces say who may; where from is what is to be found out. */
                    @Override
                    public boolean checkOrigin(String origin) {
                        return true;
                    }
                })
                .build();
    }

    @Override
    public void onOpen(Session session, EndpointConfig config) {
        Watch watch = doctor.watched(session.getQueryString());
        try {
            if (watch == null) {
                session.close(new CloseReason(CloseCodes.VIOLATED_POLICY, "no such examination"));
                return;
            }
            Talk begun = new Talk(watch, path, new JakartaLine(session));
            Turns inTurn = new Turns(
                    doctor.speakers(),
                    // A client that sends more than it takes has no use of a probe.
                    () -> session.close(new CloseReason(CloseCodes.VIOLATED_POLICY, "too much is unread")),
                    failure -> onError(session, failure));
            talk = begun;
            turns = inTurn;
            session.setMaxIdleTimeout(IDLE);
            listen(session, begun, inTurn);
            String subprotocol = String.valueOf(session.getNegotiatedSubprotocol());
            String extensions = session.getNegotiatedExtensions().stream()
                    .map(Extension::getName)
                    .collect(Collectors.joining(", "));
            inTurn.add(0, () -> begun.opened(subprotocol, extensions));
        } catch (IOException gone) {
            onError(session, gone);
        }
    }

    private static void listen(Session session, Talk talk, Turns turns) {
        // Anonymous classes: the container reads the message type from the class, which a lambda does not tell.
        session.addMessageHandler(new MessageHandler.Partial<String>() {
            @Override
            public void onMessage(String part, boolean last) {
                turns.add(2 * part.length(), () -> talk.text(part, last));
            }
        });
        session.addMessageHandler(new MessageHandler.Partial<ByteBuffer>() {
            @Override
            public void onMessage(ByteBuffer part, boolean last) {
                ByteBuffer kept =
                        ByteBuffer.allocate(part.remaining()).put(part).flip();
                turns.add(kept.remaining(), () -> talk.binary(kept, last));
            }
        });
        session.addMessageHandler(new MessageHandler.Whole<PongMessage>() {
            @Override
            public void onMessage(PongMessage pong) {
                turns.add(0, talk::pong);
            }
        });
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
        Talk ending = talk;
        Turns last = turns;
        if (ending != null && last != null) {
            last.end(() -> ending.closed(reason.getCloseCode().getCode()));
        }
    }

    @Override
    public void onError(Session session, Throwable fault) {
        Talk ending = talk;
        if (ending != null) {
            ending.failed();
        }
        if (session.isOpen()) {
            try {
                session.close(new CloseReason(CloseCodes.UNEXPECTED_CONDITION, "probe failed"));
            } catch (IOException e) {
                // The peer is gone, which is what close was for.
            }
        }
    }

    private record JakartaLine(Session session) implements Talk.Line {

        @Override
        public void text(String part, boolean last) throws IOException {
            session.getBasicRemote().sendText(part, last);
        }

        @Override
        public void binary(ByteBuffer part, boolean last) throws IOException {
            session.getBasicRemote().sendBinary(part, last);
        }

        @Override
        public void ping() throws IOException {
            session.getBasicRemote().sendPing(ByteBuffer.allocate(0));
        }

        @Override
        public void close(int code, String reason) throws IOException {
            session.close(new CloseReason(CloseCodes.getCloseCode(code), reason));
        }
    }
}
