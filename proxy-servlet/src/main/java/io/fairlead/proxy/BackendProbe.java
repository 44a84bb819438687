package io.fairlead.proxy;

import io.fairlead.proxy.BackendSettings.CheckKind;
import io.fairlead.proxy.RouteChecks.Stage;
import io.fairlead.proxy.UpgradeRequest.Form;
import io.fairlead.proxy.backend.Backend;
import io.fairlead.proxy.backend.Probe;
import io.fairlead.proxy.tls.HandshakeFault;
import io.fairlead.proxy.tunnel.PingConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.eclipse.jetty.client.Connection;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.HttpUpgrader;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.client.Result;
import org.eclipse.jetty.client.transport.HttpClientTransportDynamic;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.ClientConnectionFactory;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.Transport;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.io.ssl.SslHandshakeListener;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * Probes of backends, each over a connection of its own, which no request uses and which counts in no pool.
 *
 * <p>Thread-safe. No thread waits; all of it is callbacks of Jetty's client.
 */
final class BackendProbe implements Probe {

    /** Behind so much of a body the connection is closed. */
    private static final int MOST_OF_BODY = 64 * 1024;

    private static final String USER_AGENT = "fairlead-health";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final HttpClient client;
    private final CheckKind kind;
    private final String scheme;
    private final String path;
    private final @Nullable String host;

    /**
     * @param client started
     * @param scheme {@code http} or {@code https}
     * @param path with the query, if any; starts with a slash
     * @param host what Host says; null for the backend's address
     */
    BackendProbe(HttpClient client, CheckKind kind, String scheme, String path, @Nullable String host) {
        this.client = client;
        this.kind = kind;
        this.scheme = scheme;
        this.path = path;
        this.host = host;
    }

    @Override
    public void probe(Backend backend, Duration timeout, Consumer<@Nullable String> done) {
        examine(backend, timeout, examined -> done.accept(examined.fault()));
    }

    /**
     * @param reached the last stage that went well, of a handshake with a ping
     * @param status of the answer; 0 without one
     * @param fault null if the backend is well
     */
    record Examined(Stage reached, int status, @Nullable String fault) {}

    /** As {@link #probe}, and tells more. */
    void examine(Backend backend, Duration timeout, Consumer<Examined> done) {
        Attempt attempt = new Attempt(backend, done);
        attempt.bound(client.getScheduler(), timeout);
        if (kind == CheckKind.TCP) {
            new Knock(attempt).begin();
        } else {
            ask(attempt);
        }
    }

    private boolean isSecure() {
        return scheme.equals("https");
    }

    // ---- HTTP and WebSocket

    private void ask(Attempt attempt) {
        Request request = new RawRequest(client, URI.create(scheme + "://" + attempt.backend.address()), path)
                .method("GET")
                .headers(fields -> fields.put(HttpHeader.HOST, host == null ? attempt.backend.address() : host)
                        .put(HttpHeader.USER_AGENT, USER_AGENT));
        if (kind == CheckKind.WEBSOCKET) {
            askForUpgrade(request, attempt);
        } else {
            request.headers(fields -> fields.put(HttpHeader.CONNECTION, "close"));
        }
        AtomicLong body = new AtomicLong();
        request.onResponseHeaders(answer -> head(answer.getStatus(), attempt)).onResponseContent((answer, bytes) -> {
            if (body.addAndGet(bytes.remaining()) > MOST_OF_BODY) {
                attempt.end(verdict(answer.getStatus()));
            }
        });
        client.resolveDestination(request).newConnection(new Promise<>() {
            @Override
            public void succeeded(Connection connection) {
                attempt.reached(Stage.TLS);
                attempt.awaits("answer");
                if (attempt.opened(connection::close)) {
                    connection.send(request, result -> completed(result, connection, attempt));
                }
            }

            @Override
            public void failed(Throwable failure) {
                attempt.end(sentence(failure, null, attempt));
            }
        });
    }

    private void head(int status, Attempt attempt) {
        attempt.answered(status);
        if (kind == CheckKind.HTTP && status >= 200 && status <= 399) {
            attempt.well();
        }
        attempt.awaits("end to its answer " + status);
    }

    private String verdict(int status) {
        return kind == CheckKind.HTTP ? "it answered " + status : "it answered " + status + " to a WebSocket handshake";
    }

    private void completed(Result result, Connection connection, Attempt attempt) {
        int status = result.getResponse().getStatus();
        // A 101 that comes here is one that was not asked for.
        attempt.end(
                result.isFailed() && (status == 0 || status == 101)
                        ? sentence(result.getFailure(), connection, attempt)
                        : verdict(status));
    }

    private void askForUpgrade(Request request, Attempt attempt) {
        byte[] random = new byte[16];
        RANDOM.nextBytes(random);
        String key = Base64.getEncoder().encodeToString(random);
        UpgradeRequest asked =
                new UpgradeRequest(UpgradeRequest.Kind.UPGRADE, "websocket", List.of("websocket"), key, Form.ORDINARY);
        request.headers(fields -> fields.put(HttpHeader.CONNECTION, "Upgrade")
                .put(HttpHeader.UPGRADE, "websocket")
                .put("Sec-WebSocket-Version", "13")
                .put("Sec-WebSocket-Key", key));
        HttpUpgrader.Factory factory = version -> new PingUpgrader(asked, attempt);
        request.attribute(HttpUpgrader.Factory.class.getName(), factory);
    }

    /** The 101. */
    private final class PingUpgrader implements HttpUpgrader {

        private final UpgradeRequest asked;
        private final Attempt attempt;

        PingUpgrader(UpgradeRequest asked, Attempt attempt) {
            this.asked = asked;
            this.attempt = attempt;
        }

        @Override
        public void prepare(Request request) {
            // The fields are there.
        }

        @Override
        public void upgrade(Response response, EndPoint endPoint, Callback callback) {
            attempt.answered(response.getStatus());
            String fault = BackendHandshake.fault(asked, response.getHeaders());
            if (fault == null && !BackendHandshake.isFramed(asked, response.getHeaders())) {
                fault = BackendHandshake.WRONG_ACCEPT;
            }
            attempt.awaits("pong");
            if (attempt.opened(endPoint::close)) {
                if (fault == null) {
                    attempt.reached(Stage.HANDSHAKE);
                    endPoint.upgrade(new PingConnection(endPoint, client.getExecutor(), attempt::well, attempt::end));
                } else {
                    attempt.end(fault);
                }
            }
            callback.succeeded();
        }
    }

    private String sentence(Throwable failure, @Nullable Connection connection, Attempt attempt) {
        String fault =
                isSecure() ? HandshakeFault.of(BackendTls.cause(failure, connection), attempt.backend.address()) : null;
        if (fault != null) {
            attempt.reached(Stage.CONNECTION);
        }
        return fault == null ? "there was no " + attempt.awaited + " (" + Answers.describe(failure) + ")" : fault;
    }

    // ---- TCP

    /** A connection that is made, secured, and closed again. */
    private final class Knock {

        private final Attempt attempt;
        private final ClientConnector connector =
                ((HttpClientTransportDynamic) client.getHttpClientTransport()).getClientConnector();

        Knock(Attempt attempt) {
            this.attempt = attempt;
        }

        void begin() {
            client.getSocketAddressResolver()
                    .resolve(
                            attempt.backend.host(),
                            attempt.backend.port(),
                            new ConcurrentHashMap<>(),
                            new Promise<List<InetSocketAddress>>() {
                                @Override
                                public void succeeded(List<InetSocketAddress> addresses) {
                                    connect(addresses, 0);
                                }

                                @Override
                                public void failed(Throwable failure) {
                                    attempt.end(sentence(failure, null, attempt));
                                }
                            });
        }

        /** One address of a name after the other, as the client does for requests. */
        private void connect(List<InetSocketAddress> addresses, int index) {
            ClientConnectionFactory plain = (endPoint, context) -> new Door(endPoint, attempt);
            Map<String, Object> context = new ConcurrentHashMap<>();
            context.put(Transport.CONTEXT_KEY, Transport.TCP_IP);
            context.put(
                    ClientConnectionFactory.CONTEXT_KEY,
                    isSecure() ? connector.newSslClientConnectionFactory(null, plain) : plain);
            context.put(ClientConnector.CONNECTION_PROMISE_CONTEXT_KEY, new Promise<org.eclipse.jetty.io.Connection>() {
                @Override
                public void succeeded(org.eclipse.jetty.io.Connection connection) {
                    // The door says so itself.
                }

                @Override
                public void failed(Throwable failure) {
                    if (index + 1 < addresses.size() && !attempt.isOver()) {
                        connect(addresses, index + 1);
                    } else {
                        attempt.end(sentence(failure, null, attempt));
                    }
                }
            });
            connector.connect(addresses.get(index), context);
        }
    }

    /** The connection that is only made. */
    private final class Door extends AbstractConnection implements SslHandshakeListener {

        private final Attempt attempt;
        private volatile boolean shaken;

        Door(EndPoint endPoint, Attempt attempt) {
            super(endPoint, client.getExecutor());
            this.attempt = attempt;
        }

        @Override
        public void onOpen() {
            super.onOpen();
            if (!attempt.opened(this::close)) {
                return;
            }
            if (!(getEndPoint() instanceof SslConnection.SslEndPoint secure)) {
                attempt.well();
                attempt.end("");
                return;
            }
            attempt.awaits("TLS handshake");
            secure.getSslConnection().addHandshakeListener(this);
            try {
                // Begins the handshake.
                secure.flush(BufferUtil.EMPTY_BUFFER);
                fillInterested();
            } catch (IOException failure) {
                attempt.end(sentence(failure, null, attempt));
            }
        }

        @Override
        public void handshakeSucceeded(Event event) {
            // What ends the handshake on our side is not sent yet.
            shaken = true;
        }

        @Override
        public void handshakeFailed(Event event, Throwable failure) {
            attempt.end(sentence(failure, null, attempt));
        }

        @Override
        public void onFillable() {
            try {
                int filled;
                do {
                    filled = getEndPoint().fill(BufferUtil.EMPTY_BUFFER);
                } while (filled > 0 && !shaken);
                if (shaken) {
                    attempt.well();
                    attempt.end("");
                } else if (filled < 0) {
                    attempt.end("the backend ended the connection within the TLS handshake");
                } else {
                    fillInterested();
                }
            } catch (IOException failure) {
                attempt.end(sentence(failure, null, attempt));
            }
        }

        @Override
        public void onFillInterestedFailed(Throwable failure) {
            attempt.end(sentence(failure, null, attempt));
        }
    }

    // ---- either

    /** One probe: ends once, and then closes what it has opened. */
    private static final class Attempt {

        private final Backend backend;
        private final Consumer<Examined> done;
        private final AtomicBoolean over = new AtomicBoolean();
        private volatile Runnable close = () -> {};
        private volatile Scheduler.Task timer = () -> false;
        private volatile String awaited = "connection";
        private volatile boolean well;
        private volatile Stage reached = Stage.NOTHING;
        private volatile int status;

        Attempt(Backend backend, Consumer<Examined> done) {
            this.backend = backend;
            this.done = done;
        }

        void bound(Scheduler scheduler, Duration timeout) {
            timer = scheduler.schedule(
                    () -> end("there was no " + awaited + " within " + timeout.toMillis() + " ms"),
                    timeout.toMillis(),
                    TimeUnit.MILLISECONDS);
        }

        void reached(Stage stage) {
            reached = stage;
        }

        void answered(int code) {
            status = code;
            reached = Stage.ANSWER;
        }

        void awaits(String what) {
            awaited = what;
        }

        /** False if it has ended meanwhile; then what was opened is closed already. */
        boolean opened(Runnable closing) {
            close = closing;
            if (over.get()) {
                closing.run();
                return false;
            }
            return true;
        }

        /** The backend is well, whatever comes. */
        void well() {
            well = true;
        }

        boolean isOver() {
            return over.get();
        }

        /** @param fault what is wrong, unless the backend is well */
        void end(String fault) {
            if (over.compareAndSet(false, true)) {
                timer.cancel();
                close.run();
                done.accept(well ? new Examined(Stage.PONG, status, null) : new Examined(reached, status, fault));
            }
        }
    }
}
