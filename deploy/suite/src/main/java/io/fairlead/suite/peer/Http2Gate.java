package io.fairlead.suite.peer;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Takes connections of HTTP/1.1 and asks a server over HTTP/2, so that every client can be one of HTTP/2: what a
 * browser does with its {@code WebSocket} and {@code fetch}, done with the bytes of any client.
 *
 * <p>A WebSocket handshake becomes an extended CONNECT (RFC 8441), its 200 becomes a 101 for the client's own key, and
 * from there bytes, ends and resets are passed on as they come: only what the client took gives the server credit. Any
 * other request becomes a request of HTTP/2, its body streamed; fields of the connection stay, other upgrades are not
 * known there. Cookies travel one by one, as browsers send them. Several clients share a connection.
 */
public final class Http2Gate {

    private static final Set<String> OF_THE_CONNECTION =
            Set.of("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "http2-settings");

    /** Small, so that a client that does not read is felt. */
    private static final int STREAM_CREDIT = 256 * 1024;

    private static final int CONNECTION_CREDIT = 64 << 20;

    /** More of them make servers suspect an attack (CVE-2023-44487); tests reset what browsers never would. */
    private static final int MANY_RESETS = 50;

    private final ServerSocket door;
    private final Supplier<InetSocketAddress> server;
    private final @Nullable SSLContext tls;
    private final int streamsPerConnection;
    private final List<Http2> connections = new ArrayList<>();
    private final List<Http2> retired = new ArrayList<>();

    private Http2Gate(
            ServerSocket door, Supplier<InetSocketAddress> server, @Nullable SSLContext tls, int streamsPerConnection) {
        this.door = door;
        this.server = server;
        this.tls = tls;
        this.streamsPerConnection = streamsPerConnection;
    }

    /**
     * Listens on a free port of the loopback address, without TLS.
     *
     * @param server where HTTP/2 is spoken; asked for each new connection
     * @param tls what trusts the server's certificate; {@code null} speaks HTTP/2 without TLS, by prior knowledge
     * @param streamsPerConnection how many streams share a connection before there is another
     */
    public static Http2Gate start(
            Supplier<InetSocketAddress> server, @Nullable SSLContext tls, int streamsPerConnection) {
        try {
            ServerSocket door = new ServerSocket();
            door.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1000);
            Http2Gate gate = new Http2Gate(door, server, tls, streamsPerConnection);
            Crew.start(gate::accept);
            return gate;
        } catch (IOException e) {
            throw new IllegalStateException("no gate", e);
        }
    }

    public InetSocketAddress address() {
        return new InetSocketAddress(door.getInetAddress(), door.getLocalPort());
    }

    /** Ends its connections to the server, with whatever is on them; the next request makes a new one. */
    public synchronized void disconnect() {
        retired.forEach(Http2::close);
        retired.clear();
        connections.forEach(Http2::close);
        connections.clear();
    }

    private void accept() throws IOException {
        while (true) {
            Wire client = Wire.accepted(door.accept());
            Crew.start(() -> serve(client));
        }
    }

    private void serve(Wire client) throws IOException {
        client.patience(0);
        try (client) {
            boolean more = true;
            while (more) {
                more = new Passage(client, client.readHead()).pass();
            }
        } catch (IOException e) {
            // A side has ended or failed, and the other was told.
        }
    }

    /** A connection with room for one more stream, or a new one. */
    private synchronized Http2Stream open(Request request) throws IOException {
        for (Http2 connection : List.copyOf(connections)) {
            if (!connection.usable() || connection.resets() > MANY_RESETS) {
                connections.remove(connection);
                retired.add(connection);
            }
        }
        for (Http2 connection : List.copyOf(retired)) {
            if (connection.open() == 0) {
                retired.remove(connection);
                connection.close();
            }
        }
        for (Http2 connection : connections) {
            if (connection.open() < streamsPerConnection) {
                return request.openOn(connection);
            }
        }
        Http2 connection = Http2.connect(server.get(), tls, STREAM_CREDIT, CONNECTION_CREDIT);
        connections.add(connection);
        return request.openOn(connection);
    }

    private interface Request {
        Http2Stream openOn(Http2 connection) throws IOException;
    }

    /** One request and what becomes of it. */
    private final class Passage {
        private final Wire client;
        private final Head head;

        Passage(Wire client, Head head) {
            this.client = client;
            this.head = head;
        }

        /** Gives whether the client may ask again on its connection. */
        boolean pass() throws IOException {
            boolean webSocket = head.method().equals("GET")
                    && head.tokens("Upgrade").contains("websocket")
                    && head.tokens("Connection").contains("upgrade");
            boolean body =
                    !webSocket && (head.tokens("Transfer-Encoding").contains("chunked") || head.has("Content-Length"));
            Http2Stream server = open(connection -> {
                String authority = head.value("Host");
                List<Head.Field> fields = webSocket
                        ? connection.connect("websocket", authority, head.target())
                        : connection.fields(head.method(), authority, head.target());
                copyFields(fields, webSocket);
                return connection.open(fields, !webSocket && !body);
            });
            server.patience(0);
            return webSocket ? tunnel(server) : exchange(server, body);
        }

        private void copyFields(List<Head.Field> fields, boolean webSocket) {
            TreeSet<String> named = head.tokens("Connection");
            for (Head.Field field : head.fields()) {
                String name = field.name().toLowerCase(Locale.ROOT);
                boolean stays = OF_THE_CONNECTION.contains(name)
                        || named.contains(name)
                        || name.equals("host")
                        || name.equals("te") && !field.value().equals("trailers")
                        || webSocket && name.equals("sec-websocket-key");
                if (stays) {
                    continue;
                }
                if (name.equals("cookie")) {
                    for (String crumb : field.value().split("; ")) {
                        fields.add(new Head.Field(name, crumb));
                    }
                } else {
                    fields.add(new Head.Field(name, field.value()));
                }
            }
        }

        // ---- a tunnel

        private boolean tunnel(Http2Stream server) throws IOException {
            CompletableFuture<Void> up = Crew.start(() -> up(server));
            try {
                Head answer = server.readFinalHead();
                if (answer.status() != 200) {
                    answer(server, answer, "Connection: close");
                    client.finish();
                    return false;
                }
                client.send(text(
                        answer,
                        "HTTP/1.1 101 Switching Protocols",
                        "Upgrade: websocket",
                        "Connection: Upgrade",
                        "Sec-WebSocket-Accept: " + Frame.accept(head.value("Sec-WebSocket-Key"))));
                copy(server.in(), client);
                client.finish();
            } catch (IOException e) {
                // One of the two failed; to say it to both is to say it to the other.
                client.reset();
                server.close();
                throw e;
            } finally {
                up.join();
            }
            return false;
        }

        /** Passes on what the client sends; its end ends the stream, its reset resets it. */
        private void up(Http2Stream server) {
            byte[] buffer = new byte[16_384];
            try {
                for (int n = client.in().read(buffer); n >= 0; n = client.in().read(buffer)) {
                    server.out().write(buffer, 0, n);
                }
                server.finish();
            } catch (IOException e) {
                server.close();
            }
        }

        // ---- a request

        private boolean exchange(Http2Stream server, boolean body) throws IOException {
            CompletableFuture<Void> up =
                    body ? Crew.start(() -> upload(server)) : CompletableFuture.completedFuture(null);
            try {
                Head answer = server.readHead();
                while (answer.status() < 200) {
                    client.send(text(answer, "HTTP/1.1 " + answer.status() + " Interim"));
                    answer = server.readHead();
                }
                boolean last = head.tokens("Connection").contains("close");
                answer(server, answer, last ? "Connection: close" : "Connection: keep-alive");
                if (last || !up.isDone() || up.isCompletedExceptionally()) {
                    // Who still sends a body may not have read the answer: a close now would reset it away.
                    client.finish();
                    up.join();
                    return false;
                }
                return true;
            } catch (IOException e) {
                client.reset();
                server.close();
                throw e;
            }
        }

        private void upload(Http2Stream server) {
            try {
                InputStream in = client.in();
                if (head.has("Content-Length")) {
                    byte[] buffer = new byte[16_384];
                    long left = Long.parseLong(head.value("Content-Length"));
                    while (left > 0) {
                        int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
                        if (n < 0) {
                            throw new IOException("the client left within its body");
                        }
                        left -= n;
                        if (left == 0) {
                            // Servers suspect those that send small frames which are not the last.
                            server.finish(buffer, 0, n);
                            return;
                        }
                        server.out().write(buffer, 0, n);
                    }
                } else {
                    for (byte[] chunk = client.readChunk(); chunk.length > 0; chunk = client.readChunk()) {
                        server.out().write(chunk);
                    }
                }
                server.finish();
            } catch (IOException e) {
                server.close();
                discardRest();
            }
        }

        /** The server does not want the body; the client may still be sending it. */
        private void discardRest() {
            try {
                client.in().transferTo(java.io.OutputStream.nullOutputStream());
            } catch (IOException e) {
                // The client is gone, as it should.
            }
        }

        private void answer(Http2Stream server, Head answer, String connection) throws IOException {
            String start = "HTTP/1.1 " + answer.status() + " From HTTP/2";
            boolean bodiless = head.method().equals("HEAD") || answer.status() == 204 || answer.status() == 304;
            if (bodiless) {
                client.send(text(answer, start, connection));
                server.readRest();
            } else if (answer.has("Content-Length")) {
                client.send(text(answer, start, connection));
                copy(server.in(), client);
            } else {
                client.send(text(answer, start, connection, "Transfer-Encoding: chunked"));
                byte[] buffer = new byte[16_384];
                for (int n = server.in().read(buffer); n >= 0; n = server.in().read(buffer)) {
                    client.send(Integer.toHexString(n) + "\r\n");
                    client.out().write(buffer, 0, n);
                    client.send("\r\n");
                }
                client.send("0\r\n\r\n");
            }
        }

        private static String text(Head answer, String... first) {
            StringBuilder text = new StringBuilder();
            for (String line : first) {
                text.append(line).append("\r\n");
            }
            answer.fields().forEach(field -> text.append(field).append("\r\n"));
            return text.append("\r\n").toString();
        }

        private static void copy(InputStream from, Wire to) throws IOException {
            byte[] buffer = new byte[16_384];
            for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                to.out().write(buffer, 0, n);
            }
        }
    }
}
