package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.EndPointTakeover;
import io.fairlead.proxy.tunnel.Leg;
import java.io.IOException;
import java.util.function.Consumer;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.TunnelSupport;

/**
 * Takes the socket over from a Jetty server. Defined by {@link JettyBridge}, so that the Jetty named here is the
 * server's, not the one in the WAR.
 */
public final class JettyCoreTakeover implements JettyTakeover {

    @Override
    public void prepare(Object coreRequest, Consumer<Leg> client) throws IOException {
        Request request = (Request) coreRequest;
        TunnelSupport tunnel = request.getTunnelSupport();
        if (tunnel == null) {
            throw new IOException("Jetty offers no tunnel on this connection");
        }
        if (tunnel.getProtocol() != null) {
            throw new IOException("an HTTP/2 stream has no socket to take over");
        }
        EndPointTakeover takeover = new EndPointTakeover(
                tunnel.getEndPoint(),
                request.getConnectionMetaData().getConnector().getExecutor(),
                client);
        // Early bytes are taken now: when the response completes, Jetty's parser eats CR and LF behind the head.
        if (request.getConnectionMetaData().getConnection() instanceof Connection.UpgradeFrom from) {
            takeover.onUpgradeTo(from.onUpgradeFrom());
        }
        request.setAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, takeover);
    }
}
