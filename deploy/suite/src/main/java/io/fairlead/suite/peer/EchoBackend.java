package io.fairlead.suite.peer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A backend for crowds: one thread for all connections; each gets the 101 that its request asks for, then its own bytes
 * back.
 */
public final class EchoBackend {

    private final ServerSocketChannel door;
    private final Selector selector;
    private final AtomicInteger open = new AtomicInteger();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(65_536);

    private EchoBackend(ServerSocketChannel door, Selector selector) {
        this.door = door;
        this.selector = selector;
    }

    /** Listens on a free port of the loopback address. */
    public static EchoBackend start() {
        try {
            ServerSocketChannel door = ServerSocketChannel.open();
            door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4096);
            door.configureBlocking(false);
            Selector selector = Selector.open();
            door.register(selector, SelectionKey.OP_ACCEPT);
            EchoBackend backend = new EchoBackend(door, selector);
            Crew.start(backend::run);
            return backend;
        } catch (IOException e) {
            throw new IllegalStateException("no backend", e);
        }
    }

    public int port() {
        return door.socket().getLocalPort();
    }

    /** The connections open now. */
    public int open() {
        return open.get();
    }

    private void run() throws IOException {
        while (true) {
            selector.select(this::ready);
        }
    }

    private void ready(SelectionKey key) {
        try {
            if (key.isAcceptable()) {
                SocketChannel channel = door.accept();
                if (channel != null) {
                    open.incrementAndGet();
                    channel.configureBlocking(false);
                    channel.register(selector, SelectionKey.OP_READ, new Connection());
                }
            } else if (key.attachment() instanceof Connection connection) {
                connection.read((SocketChannel) key.channel());
            }
        } catch (IOException e) {
            close(key);
        }
    }

    private void close(SelectionKey key) {
        try {
            key.channel().close();
        } catch (IOException e) {
            // It was over already.
        }
        open.decrementAndGet();
    }

    private final class Connection {
        private final ByteArrayOutputStream head = new ByteArrayOutputStream();
        private int newlines;

        void read(SocketChannel channel) throws IOException {
            buffer.clear();
            if (channel.read(buffer) < 0) {
                throw new IOException("over");
            }
            buffer.flip();
            while (newlines < 2 && buffer.hasRemaining()) {
                byte b = buffer.get();
                head.write(b);
                if (b == '\n') {
                    newlines++;
                } else if (b != '\r') {
                    newlines = 0;
                }
                if (newlines == 2) {
                    String answer = Exchange.rawHead(Head.parse(head.toByteArray()));
                    write(channel, ByteBuffer.wrap(answer.getBytes(StandardCharsets.ISO_8859_1)));
                }
            }
            write(channel, buffer);
        }

        /** A crowd's echoes are small enough for the socket's buffer. */
        private void write(SocketChannel channel, ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }
}
