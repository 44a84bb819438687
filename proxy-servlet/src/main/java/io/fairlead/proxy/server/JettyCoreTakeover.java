package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.EndPointTakeover;
import io.fairlead.proxy.tunnel.Leg;
import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.TunnelSupport;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.component.LifeCycle;
import org.jspecify.annotations.Nullable;

/**
 * Takes the socket, or the HTTP/2 stream, over from a Jetty server. Defined by {@link ServerBridge}, so that the Jetty named here is the
 * server's, not the one in the WAR.
 */
public final class JettyCoreTakeover implements JettyTakeover {

    @Override
    public @Nullable String connectProtocol(Object coreRequest) {
        TunnelSupport tunnel = ((Request) coreRequest).getTunnelSupport();
        return tunnel == null ? null : tunnel.getProtocol();
    }

    @Override
    public void prepare(Object coreRequest, Consumer<Leg> client) throws IOException {
        Request request = (Request) coreRequest;
        TunnelSupport tunnel = request.getTunnelSupport();
        if (tunnel == null) {
            throw new IOException("Jetty offers no tunnel on this connection");
        }
        Executor executor = request.getConnectionMetaData().getConnector().getExecutor();
        if (tunnel.getProtocol() != null) {
            request.setAttribute(
                    HttpStream.UPGRADE_CONNECTION_ATTRIBUTE,
                    new JettyStreamTakeover(tunnel.getEndPoint(), executor, client));
            return;
        }
        EndPointTakeover takeover = new EndPointTakeover(tunnel.getEndPoint(), executor, client);
        // Early bytes are taken now: when the response completes, Jetty's parser eats CR and LF behind the head.
        if (request.getConnectionMetaData().getConnection() instanceof Connection.UpgradeFrom from) {
            takeover.onUpgradeTo(from.onUpgradeFrom());
        }
        request.setAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, takeover);
    }

    @Override
    public void whenDone(Object coreRequest, Runnable then) {
        ((Request) coreRequest).addHttpStreamWrapper(stream -> new Watched(stream, then));
    }

    /** Jetty's own completion listeners are called before it upgrades. */
    private static final class Watched extends HttpStream.Wrapper {
        private final Runnable then;

        Watched(HttpStream stream, Runnable then) {
            super(stream);
            this.then = then;
        }

        @Override
        public void succeeded() {
            try {
                super.succeeded();
            } finally {
                then.run();
            }
        }

        @Override
        public void failed(Throwable failure) {
            try {
                super.failed(failure);
            } finally {
                then.run();
            }
        }
    }

    /** A server stops its connectors first, which close all that came by them. */
    @Override
    public Runnable warn(ServerAdapter.Warning warning) {
        ContextHandler context = ContextHandler.getCurrentContextHandler();
        Server server = context == null ? null : context.getServer();
        if (server == null) {
            return () -> {};
        }
        Stopping listener = new Stopping(warning);
        server.addEventListener(listener);
        return () -> server.removeEventListener(listener);
    }

    /** Hears of the stop before anything is stopped. */
    private static final class Stopping implements LifeCycle.Listener {

        private final ServerAdapter.Warning warning;

        Stopping(ServerAdapter.Warning warning) {
            this.warning = warning;
        }

        @Override
        public void lifeCycleStopping(LifeCycle server) {
            warning.stops();
        }
    }
}
