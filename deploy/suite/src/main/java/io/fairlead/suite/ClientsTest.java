package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Exchange;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Noise;
import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.Session;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.client.ClientUpgradeRequest;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.glassfish.tyrus.client.ClientManager;
import org.glassfish.tyrus.client.ClientProperties;
import org.glassfish.tyrus.client.SslEngineConfigurator;
import org.glassfish.tyrus.container.grizzly.client.GrizzlyClientContainer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** WebSocket clients of the Java world: text, 3 MB binary, subprotocol and close code go through Fairlead and back. */
public abstract class ClientsTest extends WireTest {

    private static final byte[] BIG = new Noise(21, 3 << 20).bytes();

    @BeforeEach
    void serveWebSocket() {
        backend.on("/ws", exchange -> {
            exchange.acceptWebSocket("Sec-WebSocket-Protocol: chat.v2");
            serve(exchange);
        });
    }

    /** Sends data frames back as they are cut, answers pings, answers a close and leaves. */
    private static void serve(Exchange exchange) throws IOException {
        while (true) {
            Frame frame = Frame.read(exchange.wire());
            switch (frame.opcode()) {
                case Frame.PING ->
                    exchange.wire().send(Frame.last(Frame.PONG, frame.payload()).plain());
                case Frame.PONG -> {}
                case Frame.CLOSE -> {
                    exchange.wire().send(frame.plain());
                    return;
                }
                default -> exchange.wire().send(frame.plain());
            }
        }
    }

    private URI uri() {
        return URI.create((entrance().secure() ? "wss" : "ws") + "://127.0.0.1:"
                + address().getPort() + path(Routes.WEBSOCKET, "/ws?a=b"));
    }

    @Test
    void jdkClient() throws Exception {
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        HttpClient.Builder builder = HttpClient.newBuilder();
        if (entrance().trust() != null) {
            builder.sslContext(entrance().trust());
        }
        WebSocket socket = builder.build()
                .newWebSocketBuilder()
                .subprotocols("chat.v1", "chat.v2")
                .buildAsync(uri(), new JdkListener(heard))
                .get(20, TimeUnit.SECONDS);
        assertThat(socket.getSubprotocol()).isEqualTo("chat.v2");
        socket.sendText("äöü", true).get(20, TimeUnit.SECONDS);
        assertThat(next(heard)).isEqualTo("äöü");
        socket.sendPing(ByteBuffer.wrap(new byte[] {1, 2})).get(20, TimeUnit.SECONDS);
        assertThat(next(heard)).isEqualTo("pong 2");
        socket.sendBinary(ByteBuffer.wrap(BIG), true).get(20, TimeUnit.SECONDS);
        assertThat(next(heard)).isEqualTo(BIG);
        socket.sendClose(4001, "enough").get(20, TimeUnit.SECONDS);
        assertThat(next(heard)).isEqualTo("closed 4001 enough");
    }

    private static final class JdkListener implements WebSocket.Listener {
        private final BlockingQueue<Object> heard;
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream binary = new ByteArrayOutputStream();

        JdkListener(BlockingQueue<Object> heard) {
            this.heard = heard;
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                heard.add(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
            byte[] piece = new byte[data.remaining()];
            data.get(piece);
            binary.writeBytes(piece);
            if (last) {
                heard.add(binary.toByteArray());
                binary.reset();
            }
            socket.request(1);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<?> onPong(WebSocket socket, ByteBuffer message) {
            heard.add("pong " + message.remaining());
            socket.request(1);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            heard.add("closed " + code + " " + reason);
            return CompletableFuture.completedFuture(null);
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            heard.add(error);
        }
    }

    @Test
    @SuppressWarnings("deprecation") // Of the ways to connect, the one that 12.0 and 12.1 share.
    void jettyClient() throws Exception {
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        ClientConnector connector = new ClientConnector();
        if (entrance().secure()) {
            SslContextFactory.Client tls = new SslContextFactory.Client();
            tls.setSslContext(entrance().trust());
            connector.setSslContextFactory(tls);
        }
        org.eclipse.jetty.client.HttpClient http = new org.eclipse.jetty.client.HttpClient(
                new org.eclipse.jetty.client.transport.HttpClientTransportOverHTTP(connector));
        WebSocketClient client = new WebSocketClient(http);
        client.setMaxBinaryMessageSize(BIG.length);
        client.start();
        try {
            ClientUpgradeRequest request = new ClientUpgradeRequest();
            request.setSubProtocols(List.of("chat.v1", "chat.v2"));
            org.eclipse.jetty.websocket.api.Session session =
                    client.connect(new JettyListener(heard), uri(), request).get(20, TimeUnit.SECONDS);
            assertThat(session.getUpgradeResponse().getAcceptedSubProtocol()).isEqualTo("chat.v2");
            session.sendText("äöü", Callback.NOOP);
            assertThat(next(heard)).isEqualTo("äöü");
            session.sendPing(ByteBuffer.wrap(new byte[] {1, 2}), Callback.NOOP);
            assertThat(next(heard)).isEqualTo("pong 2");
            session.sendBinary(ByteBuffer.wrap(BIG), Callback.NOOP);
            assertThat(next(heard)).isEqualTo(BIG);
            session.close(4001, "enough", Callback.NOOP);
            assertThat(next(heard)).isEqualTo("closed 4001 enough");
        } finally {
            client.stop();
            http.stop();
        }
    }

    /** Public for Jetty's method handles. */
    public static final class JettyListener implements org.eclipse.jetty.websocket.api.Session.Listener.AutoDemanding {
        private final BlockingQueue<Object> heard;

        JettyListener(BlockingQueue<Object> heard) {
            this.heard = heard;
        }

        @Override
        public void onWebSocketText(String message) {
            heard.add(message);
        }

        @Override
        public void onWebSocketBinary(ByteBuffer payload, Callback callback) {
            byte[] bytes = new byte[payload.remaining()];
            payload.get(bytes);
            heard.add(bytes);
            callback.succeed();
        }

        @Override
        public void onWebSocketPong(ByteBuffer payload) {
            heard.add("pong " + payload.remaining());
        }

        @Override
        @SuppressWarnings("deprecation") // Of two, the one that 12.0 knows.
        public void onWebSocketClose(int code, String reason) {
            heard.add("closed " + code + " " + reason);
        }

        @Override
        public void onWebSocketError(Throwable cause) {
            heard.add(cause);
        }
    }

    @Test
    void tyrusClient() throws Exception {
        BlockingQueue<Object> heard = new LinkedBlockingQueue<>();
        ClientManager client = ClientManager.createClient(GrizzlyClientContainer.class.getName());
        client.setDefaultMaxBinaryMessageBufferSize(BIG.length);
        client.getProperties().put(ClientProperties.INCOMING_BUFFER_SIZE, BIG.length + 100);
        if (entrance().trust() != null) {
            SslEngineConfigurator tls = new SslEngineConfigurator(entrance().trust(), true, false, false);
            client.getProperties().put(ClientProperties.SSL_ENGINE_CONFIGURATOR, tls);
        }
        ClientEndpointConfig config = ClientEndpointConfig.Builder.create()
                .preferredSubprotocols(List.of("chat.v1", "chat.v2"))
                .build();
        Session session = client.connectToServer(new TyrusEndpoint(heard), config, uri());
        try {
            assertThat(session.getNegotiatedSubprotocol()).isEqualTo("chat.v2");
            session.getBasicRemote().sendText("äöü");
            assertThat(next(heard)).isEqualTo("äöü");
            session.getBasicRemote().sendPing(ByteBuffer.wrap(new byte[] {1, 2}));
            assertThat(next(heard)).isEqualTo("pong 2");
            Crew.await(Crew.start(() -> session.getBasicRemote().sendBinary(ByteBuffer.wrap(BIG))));
            assertThat(next(heard)).isEqualTo(BIG);
        } finally {
            session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(4001), "enough"));
        }
        List<Object> rest = new ArrayList<>();
        rest.add(next(heard));
        assertThat(rest).containsExactly("closed 4001 enough");
        client.shutdown();
    }

    private static final class TyrusEndpoint extends Endpoint {
        private final BlockingQueue<Object> heard;

        TyrusEndpoint(BlockingQueue<Object> heard) {
            this.heard = heard;
        }

        @Override
        public void onOpen(Session session, EndpointConfig config) {
            session.addMessageHandler(String.class, (MessageHandler.Whole<String>) heard::add);
            session.addMessageHandler(byte[].class, (MessageHandler.Whole<byte[]>) heard::add);
            session.addMessageHandler(
                    jakarta.websocket.PongMessage.class, (MessageHandler.Whole<jakarta.websocket.PongMessage>) pong ->
                            heard.add("pong " + pong.getApplicationData().remaining()));
        }

        @Override
        public void onClose(Session session, CloseReason reason) {
            heard.add("closed " + reason.getCloseCode().getCode() + " " + reason.getReasonPhrase());
        }

        @Override
        public void onError(Session session, Throwable error) {
            heard.add(error);
        }
    }

    private static Object next(BlockingQueue<Object> heard) throws InterruptedException {
        Object next = heard.poll(20, TimeUnit.SECONDS);
        assertThat(next).as("what the client heard within 20 s").isNotNull();
        return next;
    }
}
