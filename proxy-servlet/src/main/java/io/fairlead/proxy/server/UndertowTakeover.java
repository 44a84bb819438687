package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@link UndertowAdapter} asks of the class that is defined against the server's own Undertow. Only types of the JDK
 * and of Fairlead, so that both sides see the same.
 *
 * <p>Public for the class loader between; nothing else implements or calls it.
 */
public interface UndertowTakeover {

    /**
     * Makes the server give its connection to Fairlead once the response to {@code servletRequest} is sent.
     *
     * @param servletRequest Undertow's own, below the wrappers of filters
     * @throws IOException when its connection can't be upgraded
     */
    void prepare(Object servletRequest, Consumer<Leg> client) throws IOException;

    /**
     * The head of {@code servletRequest} as it was read, when it was read together with what follows it; else null.
     *
     * @throws IOException when it is no request of Undertow's
     */
    @Nullable
    String headAsRead(Object servletRequest) throws IOException;

    /**
     * Closes the connection of {@code servletRequest}; over HTTP/2 its stream is reset.
     *
     * @throws IOException when it is no request of Undertow's
     */
    void cutOff(Object servletRequest) throws IOException;
}
