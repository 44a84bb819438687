package io.fairlead.suite.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SNIHostName;

/** One request at the {@link Backend}, and the connection that it came on. */
public final class Exchange {

    private final Wire wire;
    private final Head head;
    private final int connection;
    private boolean bodyRead;
    private volatile boolean lasting;

    Exchange(Wire wire, Head head, int connection) {
        this.wire = wire;
        this.head = head;
        this.connection = connection;
    }

    public Wire wire() {
        return wire;
    }

    public Head head() {
        return head;
    }

    /** The number of the connection, counted from 1 as they were accepted. */
    public int connection() {
        return connection;
    }

    /** The server name that the client of a TLS connection asked for; empty when it named none. */
    public String serverName() {
        return wire.tls().getRequestedServerNames().stream()
                .map(name -> ((SNIHostName) name).getAsciiName())
                .findFirst()
                .orElse("");
    }

    public byte[] readBody() throws IOException {
        bodyRead = true;
        return wire.readBody(head);
    }

    /** After the script the connection stays open for the next request. */
    public void stay() {
        lasting = true;
    }

    boolean lasting() {
        return lasting;
    }

    /** Makes the connection ready for the next request. */
    void finish() throws IOException {
        if (!bodyRead) {
            readBody();
        }
    }

    /** Answers with a length and stays for the next request. */
    public void answer(String status, String body, String... headers) throws IOException {
        StringBuilder text = new StringBuilder("HTTP/1.1 ").append(status).append("\r\n");
        for (String header : headers) {
            text.append(header).append("\r\n");
        }
        byte[] bytes = body.getBytes(StandardCharsets.ISO_8859_1);
        text.append("Content-Length: ").append(bytes.length).append("\r\n\r\n").append(body);
        if (!bodyRead) {
            readBody();
        }
        stay();
        wire.send(text.toString());
    }

    /** Sends the lines of a head and the empty line behind them. */
    public void sendHead(String... lines) throws IOException {
        wire.send(String.join("\r\n", lines) + "\r\n\r\n");
    }

    /** Sends one chunk; an empty one is the end of the body. */
    public void sendChunk(String text) throws IOException {
        wire.send(Integer.toHexString(text.length()) + "\r\n" + text + "\r\n");
    }

    /** Accepts the WebSocket as RFC 6455 has it, with further header lines. */
    public void acceptWebSocket(String... headers) throws IOException {
        wire.send(webSocketHead(headers));
    }

    /** The head that accepts the WebSocket, and the empty line behind it. */
    public String webSocketHead(String... headers) {
        return webSocketHead(head, headers);
    }

    private static String webSocketHead(Head request, String... headers) {
        StringBuilder text = new StringBuilder("HTTP/1.1 101 Switching Protocols\r\n")
                .append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
                .append(Frame.accept(request.value("Sec-WebSocket-Key")))
                .append("\r\n");
        for (String header : headers) {
            text.append(header).append("\r\n");
        }
        return text.append("\r\n").toString();
    }

    /** Accepts whatever protocol was asked for, with nothing but the headers that its 101 must have. */
    public void acceptRaw() throws IOException {
        wire.send(rawHead());
    }

    /** The head that accepts whatever protocol was asked for, and the empty line behind it. */
    public String rawHead() {
        return rawHead(head);
    }

    static String rawHead(Head request) {
        if (request.has("Sec-WebSocket-Key")) {
            return webSocketHead(request);
        }
        return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: " + request.value("Upgrade")
                + "\r\nConnection: Upgrade\r\n\r\n";
    }

    /** Sends back every byte until the end of the stream, then ends its own. */
    public void echo() throws IOException {
        byte[] buffer = new byte[65_536];
        for (int n = wire.in().read(buffer); n >= 0; n = wire.in().read(buffer)) {
            wire.out().write(buffer, 0, n);
        }
        wire.finish();
    }
}
