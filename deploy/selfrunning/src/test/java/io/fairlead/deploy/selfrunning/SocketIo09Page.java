package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.io.Closeable;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a page does that talks to Socket.IO 0.9 by a transport only pages have: by scripts that it loads, each of which the
 * server withholds until there is a message ({@code jsonp-polling}), or by one document without an end, with a script for each
 * message ({@code htmlfile}). Messages to the server are forms, or bare text.
 *
 * <p>Packets are those of the protocol: {@code 5:1+::{"name":"echo","args":["a"]}} is an event, {@code 6:::1+["a"]} its
 * acknowledgement.
 */
final class SocketIo09Page implements Closeable {

    enum Transport {
        JSONP("jsonp-polling", "jsonppolling"),
        HTMLFILE("htmlfile", "htmlfile");

        private final String path;

        /** What the server calls it in its greeting. */
        final String greeting;

        Transport(String path, String greeting) {
            this.path = path;
            this.greeting = greeting;
        }
    }

    /** Where the server is. */
    interface Connector {
        Wire connect() throws IOException;
    }

    private static final Pattern CALL = Pattern.compile("io\\.j\\[0]\\(\"(.*)\"\\);", Pattern.DOTALL);
    private static final Pattern ESCAPE = Pattern.compile("\\\\(?:u([0-9a-f]{4})|(.))");
    private static final Pattern FRAMED = Pattern.compile("\uFFFD(\\d+)\uFFFD");
    private static final String END_OF_SCRIPT = "</script>";

    private final Transport transport;
    private final String host;
    private final String target;
    private final Wire listening;
    private final Wire speaking;
    private final Queue<String> packets = new ArrayDeque<>();
    private final StringBuilder document = new StringBuilder();

    private SocketIo09Page(Transport transport, String host, String target, Wire listening, Wire speaking) {
        this.transport = transport;
        this.host = host;
        this.target = target;
        this.listening = listening;
        this.speaking = speaking;
    }

    /**
     * Has a session made and begins to listen.
     *
     * @param resource the path of Socket.IO, with a slash at its end
     */
    static SocketIo09Page open(Transport transport, Connector server, String host, String resource) throws IOException {
        Wire speaking = server.connect();
        Wire listening = null;
        try {
            listening = server.connect();
            String call = transport == Transport.JSONP ? "&jsonp=0" : "";
            speaking.send("GET " + resource + "1/?t=1" + call + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
            String answer = text(speaking);
            String session = (transport == Transport.JSONP ? called(answer) : answer).split(":", 2)[0];
            String target = resource + "1/" + transport.path + "/" + session + "?t=2&i=0";
            SocketIo09Page page = new SocketIo09Page(transport, host, target, listening, speaking);
            page.listen();
            if (transport == Transport.HTMLFILE) {
                assertThat(listening.readHead().status()).isEqualTo(200);
            }
            return page;
        } catch (IOException | RuntimeException | AssertionError e) {
            speaking.close();
            if (listening != null) {
                listening.close();
            }
            throw e;
        }
    }

    private static String text(Wire wire) throws IOException {
        Head head = wire.readHead();
        String body = new String(wire.readBody(head), StandardCharsets.UTF_8);
        assertThat(head.status()).as(body).isEqualTo(200);
        return body;
    }

    /** The string in a call of the page's own function. */
    private static String called(String script) {
        Matcher call = CALL.matcher(script);
        assertThat(call.matches()).as(script).isTrue();
        return unescaped(call.group(1));
    }

    private static String unescaped(String json) {
        return ESCAPE.matcher(json)
                .replaceAll(escape -> Matcher.quoteReplacement(
                        escape.group(1) == null
                                ? escape.group(2)
                                : String.valueOf((char) Integer.parseInt(escape.group(1), 16))));
    }

    private void listen() throws IOException {
        listening.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    }

    /** Sends one packet. */
    void send(String packet) throws IOException {
        String body = packet;
        String type = "text/plain; charset=UTF-8";
        if (transport == Transport.JSONP) {
            String json = "\"" + packet.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
            body = "d=" + URLEncoder.encode(json, StandardCharsets.UTF_8);
            type = "application/x-www-form-urlencoded";
        }
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        speaking.sendLines(
                "POST " + target + " HTTP/1.1",
                "Host: " + host,
                "Content-Type: " + type,
                "Content-Length: " + bytes.length,
                "");
        speaking.send(bytes);
        assertThat(text(speaking)).isEqualTo("1");
    }

    /** Waits for the next packet. */
    String next() throws IOException {
        while (packets.isEmpty()) {
            packets.addAll(transport == Transport.JSONP ? nextScript() : nextOfDocument());
        }
        return packets.remove();
    }

    private List<String> nextScript() throws IOException {
        String payload = called(text(listening));
        listen();
        Matcher framed = FRAMED.matcher(payload);
        if (!framed.lookingAt()) {
            return List.of(payload);
        }
        List<String> several = new ArrayList<>();
        for (int at = 0; at < payload.length(); ) {
            assertThat(framed.find(at) && framed.start() == at).as(payload).isTrue();
            at = framed.end() + Integer.parseInt(framed.group(1));
            several.add(payload.substring(framed.end(), at));
        }
        return several;
    }

    private List<String> nextOfDocument() throws IOException {
        int end = document.indexOf(END_OF_SCRIPT);
        while (end < 0) {
            byte[] chunk = listening.readChunk();
            if (chunk.length == 0) {
                throw new AssertionError("the document has ended with " + document);
            }
            document.append(new String(chunk, StandardCharsets.ISO_8859_1));
            end = document.indexOf(END_OF_SCRIPT);
        }
        byte[] bytes = document.substring(0, end).getBytes(StandardCharsets.ISO_8859_1);
        document.delete(0, end + END_OF_SCRIPT.length());
        String script = new String(bytes, StandardCharsets.UTF_8);
        int call = script.indexOf("<script>_(\"");
        // The first script is the page's own.
        return call < 0 ? List.of() : List.of(unescaped(script.substring(call + 11, script.length() - 3)));
    }

    /** Leaves at once; an orderly end of TLS would wait for what it listens to. */
    @Override
    public void close() throws IOException {
        try {
            listening.reset();
        } finally {
            speaking.close();
        }
    }
}
