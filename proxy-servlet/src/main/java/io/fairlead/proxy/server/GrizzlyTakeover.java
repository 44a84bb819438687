package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.EngineLeg;
import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.SocketLeg;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.filterchain.FilterChainContext.Operation;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.server.Request;
import org.glassfish.grizzly.nio.NIOConnection;
import org.glassfish.grizzly.ssl.SSLUtils;
import org.jspecify.annotations.Nullable;

/**
 * Takes the socket over from Grizzly, the connector of GlassFish and Payara, and under TLS its engine, too. Defined by {@link
 * ServerBridge}, since a web application does not see Grizzly.
 *
 * <p>A request that was upgraded stays suspended, and as long as it is, Grizzly's own selection key is without interest. So
 * nothing but the tunnel reads the channel. It is closed through Grizzly, so that the server's accounts stay right.
 */
public final class GrizzlyTakeover implements GlassFishTakeover {

    /** By which GlassFish and Payara show Grizzly's request. */
    private static final Set<String> REQUEST_NAMES = Set.of("getGrizzlyRequest", "getCoyoteRequest");

    @Override
    public void answersAsHttp(Object servletRequest, boolean http) throws IOException {
        requestOf(servletRequest).getRequest().setIgnoreContentModifiers(!http);
    }

    @Override
    public Leg connectionOf(Object servletRequest, @Nullable ByteBuffer early) throws IOException {
        Request request = requestOf(servletRequest);
        if (!(request.getContext().getConnection() instanceof NIOConnection connection)
                || !(connection.getChannel() instanceof SocketChannel socket)) {
            throw new IOException("not a connection of Grizzly's TCP transport");
        }
        if (!connection.getAsyncWriteQueue().isEmpty()) {
            // As it may be behind a large response that the client has not read before it asked again.
            throw new IOException("what was sent to this client before is still under way");
        }
        Runnable close = () -> close(socket, connection);
        SSLEngine engine = SSLUtils.getSSLEngine(connection);
        return engine == null
                ? new SocketLeg(socket, early, close)
                : new EngineLeg(socket, engine, early, undecrypted(connection), close);
    }

    /** The beginning of a record that Grizzly keeps until it has read the rest; it shows that to nobody. */
    private static @Nullable ByteBuffer undecrypted(NIOConnection connection) throws IOException {
        Object kept = connection.obtainProcessorState(connection.getProcessor(), () -> null);
        if (kept == null) {
            return null;
        }
        try {
            Object[] filters = ((Object[][]) valueOf(kept, "state"))[Operation.READ.ordinal()];
            for (Object filter : filters) {
                if (filter != null
                        && Boolean.TRUE.equals(valueOf(filter, "isValid"))
                        && valueOf(filter, "state") instanceof Buffer buffer
                        && buffer.hasRemaining()) {
                    ByteBuffer copy = ByteBuffer.allocate(buffer.remaining());
                    buffer.get(copy);
                    return copy.flip();
                }
            }
            return null;
        } catch (ReflectiveOperationException | RuntimeException differs) {
            throw new IOException("this Grizzly does not show what it has read", differs);
        }
    }

    private static Object valueOf(Object object, String name) throws ReflectiveOperationException {
        Field field = object.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(object);
    }

    /** Grizzly closes in a thread of its own. Two selectors know the socket, and it is freed when both have looked. */
    private static void close(SocketChannel socket, NIOConnection connection) {
        try {
            socket.close();
        } catch (IOException closed) {
            // As it shall be.
        }
        connection.terminateSilently();
        connection.getSelectorRunner().getSelector().wakeup();
    }

    @Override
    public void endConnection(Object servletRequest) throws IOException {
        HttpRequestPacket request = requestOf(servletRequest).getRequest();
        request.setContentBroken(true);
        request.getProcessingState().getHttpContext().getCloseable().closeSilently();
    }

    @Override
    public void cutOff(Object servletRequest) throws IOException {
        requestOf(servletRequest)
                .getRequest()
                .getProcessingState()
                .getHttpContext()
                .getCloseable()
                .terminateSilently();
    }

    private static Request requestOf(Object servletRequest) throws IOException {
        Class<?> type = servletRequest.getClass();
        try {
            Object connected = type.getMethod("getUnwrappedCoyoteRequest").invoke(servletRequest);
            for (Method method : connected.getClass().getMethods()) {
                if (REQUEST_NAMES.contains(method.getName()) && method.invoke(connected) instanceof Request request) {
                    return request;
                }
            }
        } catch (ReflectiveOperationException | RuntimeException hidden) {
            throw new IOException("no request of GlassFish's below " + type.getName(), hidden);
        }
        throw new IOException("no request of Grizzly's below " + type.getName());
    }
}
