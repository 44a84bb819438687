package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@link JettyAdapter} asks of the class that is defined against the server's own Jetty. Only types of the JDK and of
 * Fairlead, so that both sides see the same.
 *
 * <p>Public for the class loader between; nothing else implements or calls it.
 */
public interface JettyTakeover {

    /**
     * The {@code :protocol} of an extended CONNECT (RFC 8441), which the servlet API does not show; null for any other
     * request.
     *
     * @param coreRequest the {@code org.eclipse.jetty.server.Request} below the servlet's request
     */
    @Nullable
    String connectProtocol(Object coreRequest);

    /**
     * Makes the server give its connection to Fairlead once the response of {@code coreRequest} is sent.
     *
     * @param coreRequest the {@code org.eclipse.jetty.server.Request} below the servlet's request
     * @throws IOException when its connection can't be upgraded
     */
    void prepare(Object coreRequest, Consumer<Leg> client) throws IOException;

    /**
     * Has {@code then} run when the server is done with {@code coreRequest}, after it has given its connection away, or
     * without.
     *
     * @param coreRequest the {@code org.eclipse.jetty.server.Request} below the servlet's request
     */
    void whenDone(Object coreRequest, Runnable then);

    /** As {@link ServerAdapter#warn}, for the server of the context that is being started. */
    Runnable warn(ServerAdapter.Warning warning);
}
