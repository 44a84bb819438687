package io.fairlead.suite.peer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The sessions of one server of Engine.IO, below Socket.IO: as a {@link Backend.Script} opens them, and knows only those that it
 * has opened itself.
 */
public final class EngineIo implements Backend.Script {

    /** How the answer to the first poll carries the packet that opens a session. */
    public enum Framing {
        /** Engine.IO 4, Socket.IO 3 and 4. */
        EIO4("text/plain; charset=UTF-8", packet -> packet),
        /** Engine.IO 3, Socket.IO 2: with its length before it, and a packet of Socket.IO's behind it. */
        EIO3("text/plain; charset=UTF-8", packet -> packet.length() + ":" + packet + "2:40"),
        /** Engine.IO 3, Socket.IO 1, to a client that takes binary data: the length in digits that are a byte each. */
        EIO3_BINARY("application/octet-stream", Framing::binary),
        EIO4_JSONP("text/javascript; charset=UTF-8", packet -> script(packet)),
        EIO3_JSONP("text/javascript; charset=UTF-8", packet -> script(packet.length() + ":" + packet + "2:40"));

        private final String contentType;
        private final UnaryOperator<String> body;

        Framing(String contentType, UnaryOperator<String> body) {
            this.contentType = contentType;
            this.body = body;
        }

        private static String binary(String packet) {
            StringBuilder text = new StringBuilder("\u0000");
            String.valueOf(packet.length()).chars().forEach(digit -> text.append((char) (digit - '0')));
            return text.append('\u00ff').append(packet).toString();
        }

        private static String script(String text) {
            return "___eio[0](\"" + text.replace("\"", "\\\"") + "\");";
        }

        /** The query of a client's first poll. */
        public String query() {
            return "?EIO=" + name().charAt(3) + "&transport=polling" + (name().endsWith("JSONP") ? "&j=0" : "")
                    + "&t=PkT1mEr";
        }
    }

    private static final String OPEN =
            "0{\"sid\":\"%s\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000," + "\"pingTimeout\":20000}";
    private static final AtomicInteger NAMES = new AtomicInteger();
    private static final String UNKNOWN = "Session ID unknown";

    private final String name;
    private final Framing framing;
    private final boolean inPieces;
    private final AtomicInteger opened = new AtomicInteger();
    private final Map<String, AtomicInteger> uses = new ConcurrentHashMap<>();
    private final Map<String, AtomicInteger> askedFor = new ConcurrentHashMap<>();

    /**
     * @param name of the server: it stands in what it answers
     * @param inPieces whether the packet that opens a session comes in two, parted within the session's name
     */
    public EngineIo(String name, Framing framing, boolean inPieces) {
        this.name = name;
        this.framing = framing;
        this.inPieces = inPieces;
    }

    /** A new session, as a client has it that came by another way. */
    public String open() {
        opened.incrementAndGet();
        String sid = "lv_VI97HAXpY6yYW-" + NAMES.incrementAndGet();
        uses.put(sid, new AtomicInteger());
        return sid;
    }

    /** Takes a session over from another server. */
    public void adopt(String sid, EngineIo from) {
        from.uses.remove(sid);
        uses.put(sid, new AtomicInteger());
    }

    /** How many sessions it has opened. */
    public int opened() {
        return opened.get();
    }

    /** How often it was asked within a session of its own. */
    public int uses(String sid) {
        return count(uses, sid);
    }

    /** How often it was asked for a session that is not its own. */
    public int askedFor(String sid) {
        return count(askedFor, sid);
    }

    /** How often it was asked for any session that is not its own. */
    public int askedForStrangers() {
        return askedFor.values().stream().mapToInt(AtomicInteger::get).sum();
    }

    private static int count(Map<String, AtomicInteger> counts, String sid) {
        AtomicInteger count = counts.get(sid);
        return count == null ? 0 : count.get();
    }

    @Override
    public void play(Exchange exchange) throws Exception {
        Head head = exchange.head();
        boolean upgrade = head.has("Upgrade");
        String sid = parameter(head.target(), "sid");
        if (head.method().equals("OPTIONS")) {
            // Before it looks whose session it is.
            exchange.answer("200 OK", "", "X-Backend: " + name);
            return;
        }
        if (sid == null && !upgrade) {
            answerOpen(exchange, open());
            return;
        }
        if (sid != null && !uses.containsKey(sid)) {
            byte[] body = upgrade ? new byte[0] : exchange.readBody();
            askedFor.computeIfAbsent(sid, of -> new AtomicInteger()).incrementAndGet();
            refuse(exchange, upgrade, body);
            return;
        }
        String session = sid == null ? open() : sid;
        if (upgrade) {
            uses.computeIfAbsent(session, of -> new AtomicInteger()).incrementAndGet();
            exchange.acceptWebSocket("X-Backend: " + name);
            Correspondent.backend(exchange.wire()).echo();
        } else {
            String body = new String(exchange.readBody(), StandardCharsets.ISO_8859_1);
            uses.computeIfAbsent(session, of -> new AtomicInteger()).incrementAndGet();
            exchange.answer(
                    "200 OK", body.isEmpty() ? "6" : "ok " + body, "Content-Type: text/plain", "X-Backend: " + name);
        }
    }

    private void answerOpen(Exchange exchange, String sid) throws IOException {
        String body = framing.body.apply(OPEN.formatted(sid));
        String type = "Content-Type: " + framing.contentType;
        if (!inPieces) {
            exchange.answer("200 OK", body, type, "X-Backend: " + name);
            return;
        }
        int middle = body.indexOf(sid) + sid.length() / 2;
        exchange.sendHead("HTTP/1.1 200 OK", type, "X-Backend: " + name, "Transfer-Encoding: chunked");
        exchange.sendChunk(body.substring(0, middle));
        exchange.sendChunk(body.substring(middle));
        exchange.sendChunk("");
        exchange.stay();
    }

    /** As engine.io does: to a poll or a post in JSON, to a handshake in words, and then it hangs up. */
    private void refuse(Exchange exchange, boolean upgrade, byte[] body) throws IOException {
        if (upgrade) {
            exchange.sendHead(
                    "HTTP/1.1 400 Bad Request",
                    "Connection: close",
                    "Content-type: text/html",
                    "Content-Length: " + UNKNOWN.length());
            exchange.wire().send(UNKNOWN);
        } else {
            exchange.answer(
                    "400 Bad Request",
                    "{\"code\":1,\"message\":\"" + UNKNOWN + "\"}",
                    "Content-Type: application/json",
                    "X-Length: " + body.length);
        }
    }

    private static @Nullable String parameter(String target, String parameter) {
        for (String pair : target.substring(target.indexOf('?') + 1).split("&", -1)) {
            if (pair.startsWith(parameter + "=")) {
                return pair.substring(parameter.length() + 1);
            }
        }
        return null;
    }
}
