package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What {@link GlassFishAdapter} asks of the class that is defined against the server's own Grizzly. Only types of the JDK and
 * of Fairlead, so that both sides see the same.
 *
 * <p>Public for the class loader between; nothing else implements or calls it. A servlet request is the server's own, below
 * the wrappers of filters; all methods throw when it is none of GlassFish's.
 */
public interface GlassFishTakeover {

    /**
     * Says whether the response to a request that asks for an upgrade is one as to all others. Grizzly leaves out its
     * Content-Type and its chunks else.
     */
    void answersAsHttp(Object servletRequest, boolean http) throws IOException;

    /**
     * The connection of an upgraded request, whose 101 was sent.
     *
     * @param early what the server has read behind the head
     */
    Leg connectionOf(Object servletRequest, @Nullable ByteBuffer early) throws IOException;

    /** Closes the connection of a request behind what is written, and serves nothing that has come on it already. */
    void endConnection(Object servletRequest) throws IOException;

    /** Closes the connection of a request; over HTTP/2 its stream is reset. */
    void cutOff(Object servletRequest) throws IOException;
}
