package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Http2;
import io.fairlead.suite.peer.Http2Stream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** A client that speaks HTTP/2 itself, a backend of HTTP/1.1, and Fairlead between them. */
public abstract class Http2WireTest extends WireTest {

    /** A connection whose windows are a browser's. */
    protected Http2 connection() throws IOException {
        return Http2.connect(address(), entrance().trust());
    }

    /** A connection that lets the server send so much, on each stream and on all together. */
    protected Http2 connection(int streamCredit, int connectionCredit) throws IOException {
        return Http2.connect(address(), entrance().trust(), streamCredit, connectionCredit);
    }

    /** Asks without a body; lines are fields, their names in lower case. */
    protected Http2Stream ask(Http2 connection, String method, String route, String backendPath, String... lines)
            throws IOException {
        return connection.open(connection.fields(method, HOST, path(route, backendPath), lines), true);
    }

    /** Asks with a body that is still to come. */
    protected Http2Stream post(Http2 connection, String route, String backendPath, String... lines) throws IOException {
        return connection.open(connection.fields("POST", HOST, path(route, backendPath), lines), false);
    }

    /** The fields of the handshake that a browser sends, and these lines. */
    protected List<Head.Field> handshake(Http2 connection, String route, String backendPath, String... lines) {
        List<Head.Field> fields = connection.connect("websocket", HOST, path(route, backendPath), lines);
        fields.add(new Head.Field("sec-websocket-version", "13"));
        return fields;
    }

    /** Asks for a tunnel and leaves the answer to be read. */
    protected Http2Stream askForTunnel(Http2 connection, String route, String backendPath, String... lines)
            throws IOException {
        return connection.open(handshake(connection, route, backendPath, lines), false);
    }

    /** A stream that is a tunnel, its 200 read. */
    protected Http2Stream tunnel(Http2 connection, String route, String backendPath) throws IOException {
        Http2Stream stream = askForTunnel(connection, route, backendPath);
        Head head = stream.readHead();
        assertThat(head.status()).as("%s", head).isEqualTo(200);
        return stream;
    }

    /** Tunnels that echo, many to a connection. */
    protected List<Http2Stream> tunnels(Http2 connection, int count, String route, String backendPath)
            throws IOException {
        List<Http2Stream> streams = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            streams.add(askForTunnel(connection, route, backendPath));
        }
        for (Http2Stream stream : streams) {
            assertThat(stream.readHead().status()).isEqualTo(200);
        }
        return streams;
    }

    protected static void assertEchoes(Http2Stream tunnel, Frame frame) throws IOException {
        byte[] bytes = frame.masked();
        tunnel.send(bytes);
        assertThat(tunnel.read(bytes.length)).isEqualTo(bytes);
    }

    /** What happened to one stream did nothing to the connection. */
    protected void assertServes(Http2 connection) throws IOException {
        backend.on("/alive", exchange -> {
            exchange.sendHead("HTTP/1.1 200 OK", "Content-Length: 5", "Connection: close");
            exchange.wire().send("alive");
        });
        Http2Stream stream = ask(connection, "GET", Routes.MAIN, "/alive");
        assertThat(stream.readHead().status()).isEqualTo(200);
        assertThat(stream.readRestText()).isEqualTo("alive");
    }

    /** What happened to one connection did nothing to the server. */
    protected void assertServes() throws IOException {
        try (Http2 another = connection()) {
            assertServes(another);
        }
    }
}
