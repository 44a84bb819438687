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
import java.util.concurrent.atomic.AtomicInteger;
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

    /**
     * One socket. The client's next frame is asked for when all that answers the last one is sent, and nothing waits for that: over
     * HTTP/2 the thread that brings a frame is the one that reads the connection. Public for Jetty, which calls by method handles.
     */
    public static final class Socket implements Session.Listener {
        private final Watch watch;
        private final String path;

        /** What is not sent yet, and the event under way; the next one is asked for at 0. */
        private final AtomicInteger unfinished = new AtomicInteger();

        /** What to give back when the event is over. */
        private Runnable release = () -> {};

        private volatile boolean lost;

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
            talk = new Talk(watch, path, new JettyLine());
            String extensions = session.getUpgradeResponse().getExtensions().stream()
                    .map(ExtensionConfig::getName)
                    .collect(Collectors.joining(", "));
            event(
                    () -> talk.opened(
                            Objects.toString(session.getUpgradeResponse().getAcceptedSubProtocol(), ""), extensions),
                    () -> {});
        }

        @Override
        public void onWebSocketPong(ByteBuffer payload) {
            event(() -> talk.pong(), () -> {});
        }

        @Override
        public void onWebSocketPartialText(String part, boolean last) {
            event(() -> talk.text(part, last), () -> {});
        }

        @Override
        public void onWebSocketPartialBinary(
                ByteBuffer part, boolean last, org.eclipse.jetty.websocket.api.Callback callback) {
            event(() -> talk.binary(part, last), callback::succeed);
        }

        @Override
        public void onWebSocketError(Throwable fault) {
            if (talk != null) talk.failed();
        }

        @Override
        public void onWebSocketClose(int code, String reason) {
            if (talk != null) talk.closed(code);
        }

        private void event(Saying saying, Runnable afterwards) {
            release = afterwards;
            unfinished.set(1);
            try {
                saying.say();
            } catch (IOException gone) {
                lose();
            }
            finish();
        }

        private void finish() {
            if (unfinished.decrementAndGet() == 0) {
                release.run();
                if (!lost) session.demand();
            }
        }

        private void lose() {
            lost = true;
            talk.failed();
            session.disconnect();
        }

        private interface Saying {
            void say() throws IOException;
        }

        private final class JettyLine implements Talk.Line {
            @Override
            public void text(String part, boolean last) {
                session.sendPartialText(part, last, sending());
            }

            @Override
            public void binary(ByteBuffer part, boolean last) {
                session.sendPartialBinary(part, last, sending());
            }

            @Override
            public void ping() {
                session.sendPing(ByteBuffer.allocate(0), sending());
            }

            @Override
            public void close(int code, String reason) {
                session.close(code, reason, sending());
            }

            private org.eclipse.jetty.websocket.api.Callback sending() {
                unfinished.incrementAndGet();
                return org.eclipse.jetty.websocket.api.Callback.from(() -> finish(), failure -> {
                    lose();
                    finish();
                });
            }
        }
    }
}
