package io.fairlead.relay;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;

/**
 * {@code audit}: a line in the log for each message, by the logger {@code io.fairlead.audit} at INFO: route, tunnel, client, who is
 * logged in, subprotocol, direction, kind and length. With {@code audit.bodies=true} also what is in it.
 *
 * <ul>
 *   <li>{@code audit.bodies}: {@code false}
 *   <li>{@code audit.bodyLimit}: of each body, from its beginning: 1KB. The rest is neither held nor written
 *   <li>{@code audit.redact}: a regular expression; what it matches in a body is written as {@code ***}. A match that goes on beyond
 *       the limit is not known, so all behind the last white space before it is left out, too
 * </ul>
 */
public final class Audit implements MessageFilter {

    static final Logger LOG = LoggerFactory.getLogger("io.fairlead.audit");

    /** Made by the service loader. */
    public Audit() {}

    @Override
    public String name() {
        return "audit";
    }

    @Override
    public RouteFilter configure(FilterSettings settings) {
        boolean bodies = settings.flag("bodies", false);
        int limit = settings.size("bodyLimit", "1KB");
        Pattern redact = settings.pattern("redact");
        if (!bodies && settings.text("bodyLimit") != null) {
            settings.fault("bodyLimit", "has no effect without audit.bodies=true");
        }
        if (!bodies && redact != null) {
            settings.fault("redact", "has no effect without audit.bodies=true");
        }
        return tunnel -> new OfTunnel(tunnel, bodies ? limit : 0, redact);
    }

    private static final class OfTunnel implements TunnelFilter {

        private final Conversation tunnel;
        private final Written toBackend;
        private final Written toClient;

        OfTunnel(Conversation tunnel, int limit, @Nullable Pattern redact) {
            this.tunnel = tunnel;
            this.toBackend = new Written(limit, redact);
            this.toClient = new Written(limit, redact);
        }

        @Override
        public CompletionStage<Verdict> filter(Direction direction, Message message) {
            Written written = direction == Direction.TO_BACKEND ? toBackend : toClient;
            written.add(message);
            if (message.isLast()) {
                LoggingEventBuilder line = LOG.atInfo()
                        .addKeyValue("route", tunnel.route())
                        .addKeyValue("tunnel", tunnel.id())
                        .addKeyValue("client", tunnel.client())
                        .addKeyValue("path", quoted(tunnel.path()));
                if (tunnel.principal() != null) {
                    line = line.addKeyValue(
                            "principal", quoted(tunnel.principal().getName()));
                }
                if (tunnel.subprotocol() != null) {
                    line = line.addKeyValue("subprotocol", quoted(tunnel.subprotocol()));
                }
                line = line.addKeyValue("direction", direction == Direction.TO_BACKEND ? "toBackend" : "toClient")
                        .addKeyValue("kind", message.isText() ? "text" : "binary")
                        .addKeyValue(message.isText() ? "chars" : "bytes", written.length);
                if (written.limit > 0) {
                    line = line.addKeyValue("body", written.body());
                }
                line.log("message");
            }
            return TunnelFilter.now(Verdict.pass());
        }
    }

    /** What is written of one message. */
    static final class Written {

        private final int limit;
        private final @Nullable Pattern redact;
        private final StringBuilder begin = new StringBuilder();
        private boolean text;
        private long length;

        Written(int limit, @Nullable Pattern redact) {
            this.limit = limit;
            this.redact = redact;
        }

        void add(Message part) {
            if (part.isFirst()) {
                begin.setLength(0);
                length = 0;
                text = part.isText();
            }
            int left = limit - begin.length();
            if (text) {
                String all = part.text();
                length += all.length();
                if (left > 0) {
                    begin.append(all, 0, Math.min(left, all.length()));
                }
            } else {
                ByteBuffer all = part.bytes();
                length += all.remaining();
                if (left > 1) {
                    byte[] some = new byte[Math.min(left / 2, all.remaining())];
                    all.get(some);
                    begin.append(HexFormat.of().formatHex(some));
                }
            }
        }

        String body() {
            boolean cut = length > begin.length() && text;
            String body = begin.toString();
            if (redact != null) {
                if (cut) {
                    int word = body.length();
                    while (word > 0 && !Character.isWhitespace(body.charAt(word - 1))) {
                        word--;
                    }
                    body = body.substring(0, word);
                }
                body = redact.matcher(body).replaceAll("***");
            }
            return quoted(body) + (cut || (!text && length * 2 > begin.length()) ? "…" : "");
        }
    }

    /** In quotes, without control characters. */
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (Character.isISOControl(c) || c == '\u2028' || c == '\u2029') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
