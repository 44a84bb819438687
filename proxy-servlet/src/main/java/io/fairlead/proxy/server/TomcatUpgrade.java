package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.SocketLeg;
import jakarta.servlet.http.WebConnection;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;
import org.apache.coyote.http11.upgrade.InternalHttpUpgradeHandler;
import org.apache.tomcat.util.net.AbstractEndpoint.Handler.SocketState;
import org.apache.tomcat.util.net.NioChannel;
import org.apache.tomcat.util.net.NioEndpoint;
import org.apache.tomcat.util.net.SSLSupport;
import org.apache.tomcat.util.net.SecureNioChannel;
import org.apache.tomcat.util.net.SocketBufferHandler;
import org.apache.tomcat.util.net.SocketEvent;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.jspecify.annotations.Nullable;

/**
 * Takes the socket over from Tomcat's NIO connector.
 *
 * <p>A handler with asynchronous I/O leaves Tomcat's own selection key without interest, so that nothing but the tunnel
 * reads the channel. What the connector had read already lies in the wrapper's read buffer. The channel is closed through
 * the wrapper, which keeps Tomcat's count of connections right; Tomcat gives a closed {@code NioChannel} to the next
 * connection, so it is not touched afterwards.
 *
 * <p>Made by Tomcat, hence public.
 */
public final class TomcatUpgrade implements InternalHttpUpgradeHandler {

    /** Its declared type differs between 10.1 and 11. */
    private static final Method LOCK = lockMethod();

    private @Nullable SocketWrapperBase<?> wrapper;
    private @Nullable Consumer<Leg> client;

    private static Method lockMethod() {
        try {
            return SocketWrapperBase.class.getMethod("getLock");
        } catch (NoSuchMethodException tooOld) {
            throw new IllegalStateException("Fairlead needs Tomcat 10.1.0 or later", tooOld);
        }
    }

    /** To be told before {@code service()} ends; Tomcat calls {@link #init} after that. */
    void handTo(Consumer<Leg> receiver) {
        client = receiver;
    }

    @Override
    public void setSocketWrapper(SocketWrapperBase<?> socketWrapper) {
        wrapper = socketWrapper;
    }

    @Override
    public void init(WebConnection connection) {
        Consumer<Leg> receiver = client;
        if (receiver == null || !(wrapper instanceof NioEndpoint.NioSocketWrapper nio)) {
            throw new IllegalStateException("not a connection of Tomcat's NIO connector");
        }
        // What it knows of the handshake is not kept for as long as the connection lasts.
        client = null;
        NioChannel channel = nio.getSocket();
        SocketChannel socket = channel.getIOChannel();
        ByteBuffer early = alreadyRead(nio, channel.getBufHandler());
        TomcatBuffers unused = TomcatBuffers.takeFrom(channel.getBufHandler());
        Runnable close = () -> close(nio, unused);
        receiver.accept(
                channel instanceof SecureNioChannel tls
                        ? new TomcatTlsLeg(tls, socket, early, close)
                        : new SocketLeg(socket, early, close));
    }

    private static @Nullable ByteBuffer alreadyRead(NioEndpoint.NioSocketWrapper nio, SocketBufferHandler buffers) {
        if (buffers.isReadBufferEmpty()) {
            return null;
        }
        buffers.configureReadBufferForRead();
        ByteBuffer early = ByteBuffer.allocate(buffers.getReadBuffer().remaining());
        try {
            nio.read(false, early);
        } catch (IOException impossible) {
            throw new IllegalStateException("bytes that lie in memory could not be read", impossible);
        }
        return early.flip();
    }

    /**
     * Under the connection's lock, since the container's thread may still be finishing the upgrade: a connection that is
     * closed in the middle of that stays in the connector's list of waiting ones for ever.
     */
    private static void close(NioEndpoint.NioSocketWrapper nio, @Nullable TomcatBuffers unused) {
        Lock lock = lockOf(nio);
        lock.lock();
        try {
            if (unused != null && !nio.isClosed()) {
                unused.giveBack();
            }
            nio.close();
        } finally {
            lock.unlock();
        }
        // Two selectors know the socket; it is freed when both have looked.
        nio.getPoller().getSelector().wakeup();
    }

    private static Lock lockOf(NioEndpoint.NioSocketWrapper nio) {
        try {
            return (Lock) LOCK.invoke(nio);
        } catch (ReflectiveOperationException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @Override
    public boolean hasAsyncIO() {
        return true;
    }

    @Override
    public SocketState upgradeDispatch(SocketEvent event) {
        // No switch: the class behind it might have to be loaded after the web application has stopped.
        boolean ends = event == SocketEvent.STOP || event == SocketEvent.ERROR || event == SocketEvent.DISCONNECT;
        return ends ? SocketState.CLOSED : SocketState.ASYNC_IO;
    }

    @Override
    public void setSslSupport(SSLSupport sslSupport) {}

    @Override
    public void timeoutAsync(long now) {}

    @Override
    public void pause() {}

    @Override
    public void destroy() {}
}
