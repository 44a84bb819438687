package io.fairlead.demo;

import io.fairlead.ws.EchoEndpoint;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.strategies.WorkerThreadIOStrategy;
import org.glassfish.tyrus.container.grizzly.server.WebSocketAddOn;
import org.glassfish.tyrus.spi.ServerContainer;
import org.glassfish.tyrus.spi.ServerContainerFactory;

/**
 * The backend of the demo: a Tyrus server on 127.0.0.1 and a free port, with a {@link ChatEndpoint} at {@code /chat}, an
 * {@link EchoEndpoint} at {@code /echo}, and a {@link RoomEndpoint}. Close it to stop it.
 */
public final class Demo implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    /** A session without a message ends after this. */
    private static final Duration IDLE_TIMEOUT = Duration.ofMinutes(30);

    private static final String LOOPBACK = "127.0.0.1";

    private final HttpServer server;
    private final NetworkListener listener;

    private Demo(HttpServer server, NetworkListener listener) {
        this.server = server;
        this.listener = listener;
    }

    /**
     * Starts it.
     *
     * @throws IOException if there is no free port
     */
    public static Demo start() throws IOException {
        // Tyrus's own start listens on all addresses, so its engine is put on a listener that is made here.
        ServerContainer tyrus = ServerContainerFactory.createServerContainer(Map.of());
        // Not by the sessions: Tyrus 2.2 closes one that is given a timeout just when it finds that it had none.
        tyrus.setDefaultMaxSessionIdleTimeout(IDLE_TIMEOUT.toMillis());
        try {
            ChatRoom room = new ChatRoom();
            ServerEndpointConfig chat = ServerEndpointConfig.Builder.create(ChatEndpoint.class, "/chat")
                    .configurator(new ChatEndpoint.Config(room))
                    .build();
            ServerEndpointConfig echo = ServerEndpointConfig.Builder.create(EchoEndpoint.class, "/echo")
                    .configurator(new TyrusConfig())
                    .build();
            tyrus.getWebSocketEngine().register(chat, "");
            tyrus.getWebSocketEngine().register(echo, "");
            tyrus.getWebSocketEngine().register(RoomEndpoint.class, "");
        } catch (DeploymentException e) {
            throw new IllegalStateException(e);
        }
        NetworkListener listener = new NetworkListener("demo", LOOPBACK, 0);
        listener.getTransport().setIOStrategy(WorkerThreadIOStrategy.getInstance());
        listener.getKeepAlive().setIdleTimeoutInSeconds(-1);
        listener.registerAddOn(new WebSocketAddOn(tyrus, ""));
        HttpServer server = new HttpServer();
        server.addListener(listener);
        server.start();
        return new Demo(server, listener);
    }

    /** Where the backend is, without a slash at the end. */
    public String url() {
        return "http://" + LOOPBACK + ":" + listener.getPort();
    }

    /** Stops it and waits for its threads, a moment at most: they must be gone before their class loader is closed. */
    @Override
    public void close() {
        ExecutorService workers = listener.getTransport().getWorkerThreadPool();
        ExecutorService kernel = listener.getTransport().getKernelThreadPool();
        server.shutdownNow();
        try {
            for (ExecutorService pool : List.of(workers, kernel)) {
                pool.shutdown();
                if (!pool.awaitTermination(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
