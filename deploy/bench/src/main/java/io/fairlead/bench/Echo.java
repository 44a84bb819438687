package io.fairlead.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The backend: answers {@code GET /N} by N bytes, and sends WebSocket messages back. One thread, and as little work as it takes,
 * so that it is not what is measured.
 */
final class Echo implements Closeable {

    private static final int BUFFER = 256 * 1024;
    private static final int LONGEST_HEAD = 8192;
    private static final Pattern SIZE = Pattern.compile("^GET /(\\d+) ");
    private static final Pattern KEY = Pattern.compile("(?im)^sec-websocket-key:\\s*(\\S+)\\s*$");

    private final ServerSocketChannel door;
    private final Selector selector;
    private final Thread thread;
    private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER);
    private final ArrayDeque<ByteBuffer> spare = new ArrayDeque<>();
    private ByteBuffer out = newBuffer();
    private volatile boolean stopping;
    private final Map<Integer, byte[]> responses = new HashMap<>();

    private Echo() throws IOException {
        door = ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8192);
        door.configureBlocking(false);
        selector = Selector.open();
        door.register(selector, SelectionKey.OP_ACCEPT);
        thread = new Thread(this::run, "echo");
        thread.setDaemon(true);
    }

    private static ByteBuffer newBuffer() {
        return ByteBuffer.allocateDirect(BUFFER + LONGEST_HEAD);
    }

    static Echo start() throws IOException {
        Echo echo = new Echo();
        echo.thread.start();
        return echo;
    }

    int port() {
        return door.socket().getLocalPort();
    }

    private void run() {
        try (selector;
                door) {
            while (!stopping) {
                selector.select(this::selected);
            }
            selector.keys().forEach(Echo::close);
        } catch (IOException e) {
            throw new UncheckedIOException("the backend cannot go on", e);
        }
    }

    private void selected(SelectionKey key) {
        try {
            if (key.isAcceptable()) {
                for (SocketChannel client = door.accept(); client != null; client = door.accept()) {
                    client.configureBlocking(false);
                    client.setOption(StandardSocketOptions.TCP_NODELAY, true);
                    client.register(selector, SelectionKey.OP_READ, new Connection(client));
                }
            } else {
                ((Connection) key.attachment()).ready(key);
            }
        } catch (IOException gone) {
            close(key);
        }
    }

    private static void close(SelectionKey key) {
        try {
            key.channel().close();
        } catch (IOException e) {
            throw new UncheckedIOException("a socket does not close", e);
        }
    }

    /** The thread closes what it has opened. */
    @Override
    public void close() {
        stopping = true;
        selector.wakeup();
    }

    /** One of the contenders'. */
    private final class Connection {

        private final SocketChannel channel;
        private final byte[] head = new byte[LONGEST_HEAD];
        private int headLength;
        private boolean webSocket;
        private boolean closing;
        private long payloadLeft;
        private int mask;
        private @Nullable ByteBuffer pending;

        Connection(SocketChannel channel) {
            this.channel = channel;
        }

        void ready(SelectionKey key) throws IOException {
            ByteBuffer waiting = pending;
            if (waiting != null) {
                channel.write(waiting);
                if (waiting.hasRemaining()) {
                    return;
                }
                pending = null;
                spare.push(waiting);
                if (closing) {
                    channel.close();
                    return;
                }
                key.interestOps(SelectionKey.OP_READ);
            }
            in.clear();
            int length = channel.read(in);
            if (length < 0) {
                channel.close();
                return;
            }
            in.flip();
            out.clear();
            while (in.hasRemaining() && !closing) {
                if (webSocket) {
                    frames();
                } else {
                    request();
                }
            }
            send(key);
        }

        private void send(SelectionKey key) throws IOException {
            out.flip();
            channel.write(out);
            if (out.hasRemaining()) {
                pending = out;
                out = spare.isEmpty() ? newBuffer() : spare.pop();
                key.interestOps(SelectionKey.OP_WRITE);
            } else if (closing) {
                channel.close();
            }
        }

        private void request() throws IOException {
            while (in.hasRemaining()) {
                if (headLength == head.length) {
                    throw new IOException("a head of more than " + LONGEST_HEAD + " bytes");
                }
                head[headLength++] = in.get();
                if (headLength > 3
                        && head[headLength - 1] == '\n'
                        && head[headLength - 2] == '\r'
                        && head[headLength - 3] == '\n'
                        && head[headLength - 4] == '\r') {
                    answer(new String(head, 0, headLength, StandardCharsets.ISO_8859_1));
                    headLength = 0;
                    return;
                }
            }
        }

        private void answer(String request) throws IOException {
            Matcher key = KEY.matcher(request);
            if (key.find()) {
                webSocket = true;
                put("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        + "Sec-WebSocket-Accept: " + accept(key.group(1)) + "\r\n\r\n");
                return;
            }
            Matcher size = SIZE.matcher(request);
            if (!size.find()) {
                put("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
                return;
            }
            out.put(responses.computeIfAbsent(Integer.parseInt(size.group(1)), Connection::response));
        }

        private static byte[] response(int length) {
            byte[] head = ("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + length
                            + "\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1);
            return ByteBuffer.allocate(head.length + length)
                    .put(head)
                    .put(Frames.payload(length))
                    .array();
        }

        private void put(String text) {
            out.put(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        private void frames() throws IOException {
            while (in.hasRemaining()) {
                if (payloadLeft > 0) {
                    int length = (int) Math.min(payloadLeft, in.remaining());
                    if (mask == 0) {
                        out.put(in.slice(in.position(), length));
                        in.position(in.position() + length);
                    } else {
                        unmask(length);
                    }
                    payloadLeft -= length;
                } else if (!frameHead()) {
                    return;
                }
            }
        }

        /** Only for proxies that make messages of their own: the clients' masks are zero. */
        private void unmask(int length) {
            for (int i = 0; i < length; i++) {
                out.put((byte) (in.get() ^ mask >> 24));
                mask = Integer.rotateLeft(mask, 8);
            }
        }

        /** Reads a head, and all of a control frame; false when more has to come first. */
        private boolean frameHead() throws IOException {
            while (true) {
                int needed = needed();
                if (headLength == needed) {
                    break;
                }
                int length = Math.min(needed - headLength, in.remaining());
                if (length == 0) {
                    return false;
                }
                in.get(head, headLength, length);
                headLength += length;
            }
            int opcode = head[0] & 0x0f;
            if (opcode >= Frames.CLOSE) {
                control(opcode);
            } else {
                payloadLeft = length();
                mask = (mask(0) << 24) | ((mask(1) & 0xff) << 16) | ((mask(2) & 0xff) << 8) | (mask(3) & 0xff);
                Frames.head(out, head[0] & (Frames.FIN | 0x0f), payloadLeft, false);
            }
            headLength = 0;
            return true;
        }

        private int needed() {
            if (headLength < 2) {
                return 2;
            }
            int length = head[1] & 0x7f;
            int extended = length == 126 ? 2 : length == 127 ? 8 : 0;
            boolean control = (head[0] & 0x08) != 0;
            return 2 + extended + 4 + (control ? length : 0);
        }

        private long length() {
            int length = head[1] & 0x7f;
            ByteBuffer extended = ByteBuffer.wrap(head, 2, 8);
            return length == 126 ? extended.getShort() & 0xffff : length == 127 ? extended.getLong() : length;
        }

        private byte mask(int index) {
            int length = head[1] & 0x7f;
            return head[2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + index];
        }

        /** The proxy's pings have masks that are not zero. */
        private void control(int opcode) {
            byte[] payload = new byte[head[1] & 0x7f];
            for (int i = 0; i < payload.length; i++) {
                payload[i] = (byte) (head[6 + i] ^ mask(i & 3));
            }
            if (opcode == Frames.PONG) {
                return;
            }
            Frames.head(out, Frames.FIN | (opcode == Frames.PING ? Frames.PONG : Frames.CLOSE), payload.length, false);
            out.put(payload);
            closing = opcode == Frames.CLOSE;
        }
    }

    private static String accept(String key) {
        try {
            return Base64.getEncoder()
                    .encodeToString(MessageDigest.getInstance("SHA-1")
                            .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                                    .getBytes(StandardCharsets.ISO_8859_1)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JVM has SHA-1", impossible);
        }
    }
}
