package io.fairlead.proxy.server;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.apache.tomcat.util.net.SocketBufferHandler;
import org.jspecify.annotations.Nullable;

/**
 * The two buffers that Tomcat has for each connection, 8 KB each by default and more under TLS, which a tunnel has no use for:
 * taken from an open connection, and given back before it is closed, since Tomcat uses its channel objects again.
 *
 * <p>Tomcat has no way to do so but private fields. Where these can't be written, and where the buffers are no part of the heap
 * ({@code socket.directBuffer}), they stay.
 */
final class TomcatBuffers {

    /** What stays. Were a connection used again with it, by a way that is not known, it would be slow and right. */
    static final int LEFT = 64;

    private static final @Nullable VarHandle READ = buffer("readBuffer");
    private static final @Nullable VarHandle WRITE = buffer("writeBuffer");

    private final SocketBufferHandler handler;
    private final int readSize;
    private final int writeSize;
    private final ByteBuffer read = ByteBuffer.allocate(LEFT);
    private final ByteBuffer write = ByteBuffer.allocate(LEFT);

    private TomcatBuffers(SocketBufferHandler handler, int readSize, int writeSize) {
        this.handler = handler;
        this.readSize = readSize;
        this.writeSize = writeSize;
    }

    /** Takes them if nothing is in them; null if they stay. */
    static @Nullable TomcatBuffers takeFrom(SocketBufferHandler handler) {
        VarHandle readBuffer = READ;
        VarHandle writeBuffer = WRITE;
        if (readBuffer == null
                || writeBuffer == null
                || handler.getReadBuffer().isDirect()
                || !handler.isReadBufferEmpty()
                || !handler.isWriteBufferEmpty()) {
            return null;
        }
        handler.reset();
        TomcatBuffers taken = new TomcatBuffers(
                handler,
                handler.getReadBuffer().capacity(),
                handler.getWriteBuffer().capacity());
        readBuffer.setVolatile(handler, taken.read);
        writeBuffer.setVolatile(handler, taken.write);
        return taken;
    }

    /** New ones of the same size, unless others are there already. Before the connection is closed. */
    void giveBack() {
        VarHandle readBuffer = READ;
        VarHandle writeBuffer = WRITE;
        if (readBuffer != null && writeBuffer != null) {
            readBuffer.compareAndSet(handler, read, ByteBuffer.allocate(readSize));
            writeBuffer.compareAndSet(handler, write, ByteBuffer.allocate(writeSize));
        }
    }

    private static @Nullable VarHandle buffer(String field) {
        try {
            return MethodHandles.privateLookupIn(SocketBufferHandler.class, MethodHandles.lookup())
                    .findVarHandle(SocketBufferHandler.class, field, ByteBuffer.class);
        } catch (ReflectiveOperationException anotherTomcat) {
            return null;
        }
    }
}
