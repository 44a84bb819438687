package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.SocketLeg;
import io.undertow.connector.PooledByteBuffer;
import io.undertow.server.AbstractServerConnection;
import io.undertow.server.HttpServerExchange;
import io.undertow.server.ServerConnection;
import io.undertow.servlet.spec.HttpServletRequestImpl;
import io.undertow.util.HeaderMap;
import io.undertow.util.Headers;
import java.io.IOException;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.xnio.IoUtils;
import org.xnio.StreamConnection;

/**
 * Takes the connection over from an Undertow server. Defined by {@link ServerBridge}, since a web application need not see
 * Undertow.
 *
 * <p>Undertow gives an upgraded connection away with nothing resumed, so that none of its threads touches it unasked. A plain
 * socket is taken from XNIO, Undertow's layer of channels, and used directly; it is closed through XNIO, so that the
 * listener's accounts stay right. Under TLS the bytes go through XNIO, see {@link UndertowLeg}.
 */
public final class UndertowUpgrade implements UndertowTakeover {

    @Override
    public void prepare(Object servletRequest, Consumer<Leg> client) throws IOException {
        HttpServerExchange exchange = exchangeOf(servletRequest);
        HeaderMap head = exchange.getResponseHeaders();
        String connection = head.getFirst(Headers.CONNECTION);
        try {
            exchange.upgradeChannel((channel, upgraded) -> {
                // In the connection's own thread nothing else happens to it meanwhile, a close or a timeout of the
                // server's.
                channel.getIoThread().execute(() -> handOver(channel, upgraded.getConnection(), client));
            });
        } catch (IllegalStateException notThis) {
            throw new IOException("Undertow does not upgrade this connection", notThis);
        }
        if (connection != null) {
            // Undertow has written a word of its own there.
            head.put(Headers.CONNECTION, connection);
        }
    }

    /** Undertow keeps what it has read behind a head in the buffer that the head came in. */
    @Override
    public @Nullable String headAsRead(Object servletRequest) throws IOException {
        PooledByteBuffer extra =
                exchangeOf(servletRequest).getConnection() instanceof AbstractServerConnection connection
                        ? connection.getExtraBytes()
                        : null;
        if (extra == null) {
            return null;
        }
        ByteBuffer head = extra.getBuffer().duplicate().flip();
        return StandardCharsets.ISO_8859_1.decode(head).toString();
    }

    @Override
    public void cutOff(Object servletRequest) throws IOException {
        IoUtils.safeClose(exchangeOf(servletRequest).getConnection());
    }

    private static HttpServerExchange exchangeOf(Object servletRequest) throws IOException {
        if (!(servletRequest instanceof HttpServletRequestImpl request)) {
            throw new IOException("no request of Undertow's below "
                    + servletRequest.getClass().getName());
        }
        return request.getExchange();
    }

    private static void handOver(StreamConnection channel, ServerConnection connection, Consumer<Leg> client) {
        boolean done = false;
        try {
            client.accept(legOf(channel, connection));
            done = true;
        } finally {
            if (!done) {
                IoUtils.safeClose(channel);
            }
        }
    }

    private static Leg legOf(StreamConnection channel, ServerConnection connection) {
        // This also stops the listener's timers of the connection.
        channel.getSourceChannel().suspendReads();
        channel.getSinkChannel().suspendWrites();
        ByteBuffer early = earlyBytes(connection);
        SocketChannel socket = socketOf(channel);
        return socket == null
                ? UndertowLeg.over(channel, connection, early)
                : new SocketLeg(socket, early, () -> IoUtils.safeClose(channel));
    }

    /** What Undertow had read behind the request. */
    private static @Nullable ByteBuffer earlyBytes(ServerConnection connection) {
        if (!(connection instanceof AbstractServerConnection reader)) {
            return null;
        }
        try (@Nullable PooledByteBuffer extra = reader.getExtraBytes()) {
            if (extra == null) {
                return null;
            }
            reader.setExtraBytes(null);
            ByteBuffer read = extra.getBuffer();
            return ByteBuffer.allocate(read.remaining()).put(read).flip();
        }
    }

    /** The socket of a plain connection, which XNIO shows to nobody; null under TLS, or where XNIO differs. */
    private static @Nullable SocketChannel socketOf(StreamConnection channel) {
        try {
            Method socket = channel.getClass().getDeclaredMethod("getChannel");
            socket.setAccessible(true);
            return socket.invoke(channel) instanceof SocketChannel found ? found : null;
        } catch (ReflectiveOperationException | InaccessibleObjectException none) {
            return null;
        }
    }
}
