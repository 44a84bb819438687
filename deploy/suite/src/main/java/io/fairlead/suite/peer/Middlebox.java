package io.fairlead.suite.peer;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Something between a client and a server that does one thing wrong, as proxies, balancers and virus scanners do. It speaks HTTP/1.1
 * to both, a request a connection.
 */
public final class Middlebox implements AutoCloseable {

    /** What it does wrong. */
    public enum Fault {
        NONE,
        /** Upgrade and Connection are removed, as by an HTTP listener of a balancer. */
        STRIP_UPGRADE,
        /** The handshake passes, what the client sends then does not. */
        SWALLOW_UP,
        /** The handshake passes, what the server sends then does not. */
        SWALLOW_DOWN,
        /** The first bytes behind the handshake pass, then both connections are reset. */
        RESET_AFTER_FIRST_FRAME,
        /** Tunnels without a byte for so long as {@link #IDLE_MS} are cut. */
        CUT_IDLE,
        /** Names of fields are written in small letters. */
        SMALL_LETTERS,
        /** Event streams are passed on when they are whole. */
        BUFFER_EVENTS,
        /** Bodies of more than 500,000 bytes are refused. */
        LIMIT_BODIES
    }

    public static final int IDLE_MS = 5000;

    private static final int LARGEST_BODY = 500_000;
    private static final Set<String> OF_THE_HOP = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

    static {
        OF_THE_HOP.addAll(Set.of("Connection", "Upgrade", "Keep-Alive"));
    }

    private final Fault fault;
    private final InetSocketAddress server;
    private final @Nullable SSLContext serverTrust;
    private final @Nullable SSLContext own;
    private final ServerSocket door;

    private Middlebox(
            Fault fault,
            InetSocketAddress server,
            @Nullable SSLContext serverTrust,
            @Nullable SSLContext own,
            ServerSocket door) {
        this.fault = fault;
        this.server = server;
        this.serverTrust = serverTrust;
        this.own = own;
        this.door = door;
    }

    /**
     * Listens on a free port of 127.0.0.1.
     *
     * @param serverTrust for TLS with the server; null: in the clear
     * @param own certificate for TLS with clients; null: in the clear
     */
    public static Middlebox start(
            Fault fault, InetSocketAddress server, @Nullable SSLContext serverTrust, @Nullable SSLContext own) {
        try {
            ServerSocket door = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
            Middlebox middlebox = new Middlebox(fault, server, serverTrust, own, door);
            Crew.start(middlebox::accept);
            return middlebox;
        } catch (IOException e) {
            throw new IllegalStateException("no middlebox", e);
        }
    }

    public int port() {
        return door.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        door.close();
    }

    private void accept() throws IOException {
        while (!door.isClosed()) {
            var tcp = door.accept();
            Crew.start(() -> {
                tcp.setTcpNoDelay(true);
                try (Wire client = own == null ? Wire.accepted(tcp) : Wire.accepted(tcp, own, socket -> {})) {
                    serve(client);
                }
            });
        }
    }

    private void serve(Wire client) throws IOException {
        Head head = client.readHead();
        boolean upgrade = head.has("Upgrade") && fault != Fault.STRIP_UPGRADE;
        int length = head.has("Content-Length") ? Integer.parseInt(head.value("Content-Length")) : 0;
        if (fault == Fault.LIMIT_BODIES && length > LARGEST_BODY) {
            client.read(length);
            client.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return;
        }
        try (Wire backend = Wire.connect(server, serverTrust, 0)) {
            backend.send(forwarded(head, upgrade));
            if (length > 0) {
                backend.send(client.read(length));
            }
            if (upgrade) {
                tunnel(client, backend);
            } else if (fault == Fault.BUFFER_EVENTS && head.tokens("Accept").contains("text/event-stream")) {
                client.send(backend.readRest());
            } else {
                pass(backend, client, new AtomicLong());
            }
        }
    }

    private String forwarded(Head head, boolean upgrade) {
        StringBuilder text = new StringBuilder(head.startLine()).append("\r\n");
        for (Head.Field field : head.fields()) {
            if (upgrade || !OF_THE_HOP.contains(field.name())) {
                String name = fault == Fault.SMALL_LETTERS ? field.name().toLowerCase(Locale.ROOT) : field.name();
                text.append(name).append(": ").append(field.value()).append("\r\n");
            }
        }
        if (!upgrade) {
            text.append("Connection: close\r\n");
        }
        return text.append("\r\n").toString();
    }

    private void tunnel(Wire client, Wire backend) throws IOException {
        Head answer = backend.readHead();
        StringBuilder head = new StringBuilder(answer.startLine()).append("\r\n");
        answer.fields().forEach(field -> head.append(field).append("\r\n"));
        client.send(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        AtomicLong lastByte = new AtomicLong(System.nanoTime());
        if (fault == Fault.CUT_IDLE) {
            client.patience(IDLE_MS);
            backend.patience(IDLE_MS);
        }
        Crew.start(() -> direction(client, backend, fault == Fault.SWALLOW_UP, lastByte));
        direction(backend, client, fault == Fault.SWALLOW_DOWN, lastByte);
    }

    private void direction(Wire from, Wire to, boolean swallows, AtomicLong lastByte) throws IOException {
        if (swallows) {
            from.in().transferTo(OutputStream.nullOutputStream());
        } else if (fault == Fault.RESET_AFTER_FIRST_FRAME) {
            byte[] buffer = new byte[65_536];
            int n = from.in().read(buffer);
            if (n > 0) {
                to.out().write(buffer, 0, n);
                to.out().flush();
            }
            from.reset();
            to.reset();
        } else {
            pass(from, to, lastByte);
        }
    }

    /** Until the end, or until nothing has come in either direction for the time of a tunnel that may be cut. */
    private void pass(Wire from, Wire to, AtomicLong lastByte) throws IOException {
        byte[] buffer = new byte[65_536];
        while (true) {
            try {
                int n = from.in().read(buffer);
                if (n < 0) {
                    break;
                }
                lastByte.set(System.nanoTime());
                to.out().write(buffer, 0, n);
                to.out().flush();
            } catch (SocketTimeoutException silent) {
                if ((System.nanoTime() - lastByte.get()) / 1_000_000 >= IDLE_MS - 50) {
                    break;
                }
            } catch (SocketException gone) {
                break;
            }
        }
        to.close();
        from.close();
    }
}
