package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.EngineLeg;
import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.SocketLeg;
import jakarta.servlet.ServletRequest;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Map;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/**
 * The connection of a request on Open Liberty, below the servlet API. Found by reflection: a web application does not see the
 * server's classes, and they are in no artifact to compile against.
 *
 * <p>Liberty's own selection key is without interest while it reads nothing, and it reads nothing of a connection that is
 * {@linkplain #keep() kept}. So nothing but the tunnel reads the channel. It is closed through Liberty, so that the server's
 * accounts stay right.
 */
final class LibertyConnection {

    /** Liberty's names of what it keeps with a connection. */
    private static final String UPGRADED = "UpgradedConnection";

    private static final String UNREAD = "NotUpgradedUnreadData";

    /** A connection in clear text; under TLS another is above it. */
    private static final String TCP = "com.ibm.ws.tcpchannel.internal.TCPConnLink";

    private static final String TLS = "com.ibm.ws.channel.ssl.internal.SSLConnectionLink";

    /** More than a TLS record. */
    private static final int RECORD = 64 * 1024;

    private final Object context;
    private final Object device;
    private final Object virtual;
    private final SocketChannel socket;
    private final @Nullable SSLEngine engine;

    private LibertyConnection(
            Object context, Object device, Object virtual, SocketChannel socket, @Nullable SSLEngine engine) {
        this.context = context;
        this.device = device;
        this.virtual = virtual;
        this.socket = socket;
        this.engine = engine;
    }

    /**
     * Of {@code request}, which is the server's own.
     *
     * @throws IOException when it is on no socket of its own, as over HTTP/2, or on one that can't be taken over
     */
    static LibertyConnection of(ServletRequest request) throws IOException {
        try {
            Object response = call(call(request, "getResponse"), "getIResponse");
            Object context = call(response, "getTCPConnectionContext");
            boolean tls = context.getClass().getName().equals(TLS);
            Object tcp = tls ? call(context, "getDeviceLink") : context;
            if (!tcp.getClass().getName().equals(TCP)) {
                throw new IOException("not a connection of Liberty's TCP channel, but "
                        + tcp.getClass().getName());
            }
            Object link = call(tcp, "getSocketIOChannel");
            Object socket = call(call(link, "getSocket"), "getChannel");
            if (!(socket instanceof SocketChannel channel) || channel.isBlocking()) {
                throw new IOException("not a socket of Liberty's that is read by a selector, but "
                        + link.getClass().getName());
            }
            return new LibertyConnection(
                    context,
                    call(response, "getDeviceConnectionLink"),
                    call(response, "getVC"),
                    channel,
                    tls ? (SSLEngine) call(context, "getSSLEngine") : null);
        } catch (ReflectiveOperationException | RuntimeException differs) {
            throw new IOException("this Liberty does not show the connection of a request", differs);
        }
    }

    /** Makes Liberty leave the connection alone at the end of the request, instead of reading the next one. */
    void keep() throws IOException {
        state().put(UPGRADED, "true");
    }

    void keepNoMore() throws IOException {
        state().remove(UPGRADED);
    }

    /** To be called when Liberty has ended the request. */
    Leg leg() throws IOException {
        try {
            ByteBuffer early = join(bytesOf(state().remove(UNREAD)), null);
            if (engine == null) {
                return new SocketLeg(socket, early, this::close);
            }
            Object reading = call(context, "getReadInterface");
            if (valueOf(reading, "unconsumedDecData") instanceof Object[] decrypted) {
                for (Object buffer : decrypted) {
                    early = join(early, bytesOf(buffer));
                }
            }
            // The beginning of a record that Liberty keeps until it has read the rest.
            ByteBuffer encrypted = bytesOf(valueOf(reading, "netBuffer"));
            return new EngineLeg(socket, engine, early, encrypted, this::close);
        } catch (ReflectiveOperationException | RuntimeException differs) {
            throw new IOException("this Liberty does not show what it has read", differs);
        }
    }

    /**
     * Cuts it off. A thread of Liberty's that waits for its client is told so by the end of both directions; by a close it
     * would not be.
     */
    void cutOff() throws IOException {
        SocketLeg.lingerZero(socket);
        socket.shutdownInput();
        socket.shutdownOutput();
    }

    /** Liberty's close says farewell under TLS, and waits until it is written; so there must be nothing left to say. */
    private void close() {
        try {
            if (engine != null) {
                engine.closeOutbound();
                ByteBuffer nowhere = ByteBuffer.allocate(RECORD);
                while (!engine.isOutboundDone()) {
                    SSLEngineResult result = engine.wrap(ByteBuffer.allocate(0), nowhere.clear());
                    if (result.bytesProduced() == 0) {
                        break;
                    }
                }
            }
        } catch (SSLException broken) {
            // Then it says nothing either.
        }
        try {
            socket.close();
        } catch (IOException closed) {
            // As it shall be.
        }
        try {
            for (Method method : device.getClass().getMethods()) {
                if (method.getName().equals("close") && method.getParameterCount() == 2) {
                    method.setAccessible(true);
                    method.invoke(device, virtual, null);
                    return;
                }
            }
            throw new IllegalStateException("no close in " + device.getClass());
        } catch (ReflectiveOperationException failure) {
            throw new IllegalStateException("Liberty does not close a connection", failure);
        }
    }

    @SuppressWarnings("unchecked")
    private Map<Object, Object> state() throws IOException {
        try {
            return (Map<Object, Object>) call(virtual, "getStateMap");
        } catch (ReflectiveOperationException differs) {
            throw new IOException("this Liberty does not show the state of a connection", differs);
        }
    }

    /** A copy of what is left in a buffer of Liberty's; null of anything else, and of an empty one. */
    private static @Nullable ByteBuffer bytesOf(@Nullable Object buffer) throws ReflectiveOperationException {
        if (buffer == null || buffer instanceof String) {
            return null;
        }
        byte[] bytes = new byte[(int) call(buffer, "remaining")];
        Method get = buffer.getClass().getMethod("get", byte[].class);
        get.setAccessible(true);
        get.invoke(buffer, (Object) bytes);
        return bytes.length == 0 ? null : ByteBuffer.wrap(bytes);
    }

    private static @Nullable ByteBuffer join(@Nullable ByteBuffer first, @Nullable ByteBuffer second) {
        if (first == null || second == null) {
            return first == null ? second : first;
        }
        return ByteBuffer.allocate(first.remaining() + second.remaining())
                .put(first)
                .put(second)
                .flip();
    }

    private static Object call(Object object, String name) throws ReflectiveOperationException {
        Method method = object.getClass().getMethod(name);
        method.setAccessible(true);
        Object value;
        try {
            value = method.invoke(object);
        } catch (InvocationTargetException failure) {
            throw new ReflectiveOperationException(name + " failed", failure.getCause());
        }
        if (value == null) {
            throw new NoSuchFieldException(object.getClass().getName() + "." + name + "() is null");
        }
        return value;
    }

    private static @Nullable Object valueOf(Object object, String name) throws ReflectiveOperationException {
        Field field = object.getClass().getDeclaredField(name);
        field.setAccessible(true);
        return field.get(object);
    }
}
