package io.fairlead.launcher;

import io.fairlead.doctor.Sighting.Field;
import io.fairlead.doctor.Verdict;
import io.fairlead.doctor.probe.Doctor;
import io.fairlead.doctor.probe.Examination;
import io.fairlead.doctor.probe.Talk;
import io.fairlead.doctor.probe.Watch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.ExtensionConfig;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.ServerUpgradeRequest;
import org.eclipse.jetty.websocket.server.ServerUpgradeResponse;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.jspecify.annotations.Nullable;

/**
 * The sockets that the doctor probes, by Jetty's own WebSocket, also over HTTP/2. What is no handshake goes on, to the servlet that
 * says so. Thread-safe.
 */
public final class ProbeSockets extends Handler.Wrapper {
    private static final String REFUSED = "no such examination";
    private static final int FORBIDDEN = 403;

    private final Doctor doctor;
    private final ServerWebSocketContainer container;

    /** @param container of the server that this is to be a handler of */
    ProbeSockets(Doctor doctor, ServerWebSocketContainer container, Handler next) {
        super(next);
        this.doctor = doctor;
        this.container = container;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        String path = request.getHttpURI().getPath();
        if (path != null
                && (path.equals(Doctor.SOCKETS + "echo") || path.equals(Doctor.SOCKETS + "push"))
                && container.upgrade(
                        (asked, answer, end) -> socket(path, asked, answer, end), request, response, callback))
            return true;
        return super.handle(request, response, callback);
    }

    /** Null when the answer was given here. */
    private @Nullable Object socket(
            String path, ServerUpgradeRequest request, ServerUpgradeResponse response, Callback callback) {
        String query = request.getHttpURI().getQuery();
        Examination examination = doctor.find(query);
        Watch watch = examination == null ? null : watch(examination, path, query, request);
        if (examination == null || watch == null || !examination.add(watch, System.nanoTime())) {
            Response.writeError(request, response, callback, FORBIDDEN, REFUSED);
            return null;
        }
        if (request.hasSubProtocol(Verdict.CHOSEN_SUBPROTOCOL))
            response.setAcceptedSubProtocol(Verdict.CHOSEN_SUBPROTOCOL);
        return new Socket(watch, path.substring(Doctor.SOCKETS.length()));
    }

    private static Watch watch(
            Examination examination, String path, @Nullable String query, ServerUpgradeRequest request) {
        List<Field> fields = new ArrayList<>();
        request.getHeaders()
                .forEach(field -> fields.add(new Field(field.getName(), Objects.toString(field.getValue(), ""))));
        return Watch.of(
                examination,
                Doctor.step(query),
                request.getMethod(),
                Doctor.withoutNonce(path, query),
                request.getConnectionMetaData().getHttpVersion().asString(),
                fields,
                Request.getRemoteAddr(request),
                request.isSecure());
    }

    /** One socket. Public for Jetty, which calls by method handles. */
    public static final class Socket implements Session.Listener.AutoDemanding {
        private final Watch watch;
        private final String path;

        @SuppressWarnings("NullAway.Init")
        private Talk talk;

        @SuppressWarnings("NullAway.Init")
        private Session session;

        private Socket(Watch watch, String path) {
            this.watch = watch;
            this.path = path;
        }

        @Override
        public void onWebSocketOpen(Session opened) {
            session = opened;
            session.setIdleTimeout(Doctor.LONGEST);
            talk = new Talk(watch, path, new JettyLine(session));
            String extensions = session.getUpgradeResponse().getExtensions().stream()
                    .map(ExtensionConfig::getName)
                    .collect(Collectors.joining(", "));
            attempt(() -> talk.opened(
                    Objects.toString(session.getUpgradeResponse().getAcceptedSubProtocol(), ""), extensions));
        }

        @Override
        public void onWebSocketPong(ByteBuffer payload) {
            attempt(() -> talk.pong());
        }

        @Override
        public void onWebSocketPartialText(String part, boolean last) {
            attempt(() -> talk.text(part, last));
        }

        @Override
        public void onWebSocketPartialBinary(
                ByteBuffer part, boolean last, org.eclipse.jetty.websocket.api.Callback callback) {
            attempt(() -> talk.binary(part, last));
            callback.succeed();
        }

        @Override
        public void onWebSocketError(Throwable fault) {
            if (talk != null) talk.failed();
        }

        @Override
        public void onWebSocketClose(int code, String reason) {
            if (talk != null) talk.closed(code);
        }

        private void attempt(Saying saying) {
            try {
                saying.say();
            } catch (IOException gone) {
                talk.failed();
                session.disconnect();
            }
        }

        private interface Saying {
            void say() throws IOException;
        }
    }

    /** Waits for each send, as long as a slow client may take. */
    private record JettyLine(Session session) implements Talk.Line {
        private static final int PATIENCE_S = 30;

        @Override
        public void text(String part, boolean last) throws IOException {
            await(sent -> session.sendPartialText(part, last, sent));
        }

        @Override
        public void binary(ByteBuffer part, boolean last) throws IOException {
            await(sent -> session.sendPartialBinary(part, last, sent));
        }

        @Override
        public void ping() throws IOException {
            await(sent -> session.sendPing(ByteBuffer.allocate(0), sent));
        }

        @Override
        public void close(int code, String reason) throws IOException {
            await(sent -> session.close(code, reason, sent));
        }

        private static void await(Consumer<org.eclipse.jetty.websocket.api.Callback> send) throws IOException {
            org.eclipse.jetty.websocket.api.Callback.Completable sent =
                    new org.eclipse.jetty.websocket.api.Callback.Completable();
            send.accept(sent);
            try {
                sent.get(PATIENCE_S, TimeUnit.SECONDS);
            } catch (ExecutionException | TimeoutException e) {
                throw new IOException("not sent", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
    }
}
