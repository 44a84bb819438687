package io.fairlead.proxy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.content.ContentSourceTransformer;
import org.jspecify.annotations.Nullable;

/**
 * The handshake of Socket.IO 0.9, whose answer lists the transports that a client may take:
 * {@code sid:60:60:websocket,xhr-polling}, or that in a call of JavaScript. A client takes the first that its browser has, and
 * some cannot go back when a middlebox lets a WebSocket open and its data not pass.
 */
final class SocketIo09 {

    private static final Pattern HANDSHAKE_PATH = Pattern.compile(".*/1/?");
    private static final Pattern ANSWER = Pattern.compile(
            "((?:io\\.j\\[\\d+]\\(\")?[^:\"\\s]+:\\d*:\\d*:)([a-z0-9,-]+)((?:\"\\);?)?\\s*)", Pattern.CASE_INSENSITIVE);
    private static final Set<String> TYPES = Set.of("text/plain", "application/javascript", "text/javascript");

    private SocketIo09() {}

    /** Whether the answer may be one that lists transports. */
    static boolean mayListTransports(String method, String path, Response answer) {
        String type = answer.getHeaders().get(HttpHeader.CONTENT_TYPE);
        return method.equals("GET")
                && answer.getStatus() == 200
                && HANDSHAKE_PATH.matcher(path).matches()
                && type != null
                && TYPES.contains(type.split(";", 2)[0].trim().toLowerCase(Locale.ROOT))
                && !answer.getHeaders().contains(HttpHeader.CONTENT_ENCODING);
    }

    /** The answer without the hidden transports; anything else as it is. */
    static String without(Set<String> hidden, String answer) {
        Matcher matcher = ANSWER.matcher(answer);
        if (!matcher.matches()) {
            return answer;
        }
        String left = Arrays.stream(matcher.group(2).split(","))
                .filter(transport -> !hidden.contains(transport))
                .collect(Collectors.joining(","));
        return matcher.group(1) + left + matcher.group(3);
    }

    /** An answer's body, of which up to 8 KB are held until it is whole; a longer one is no handshake and stays as it is. */
    static final class Body extends ContentSourceTransformer {
        private static final int MOST = 8192;

        private final Set<String> hidden;
        private final ByteArrayOutputStream held = new ByteArrayOutputStream();
        private boolean passing;

        Body(Content.Source answer, Set<String> hidden) {
            super(answer);
            this.hidden = hidden;
        }

        @Override
        protected Content.@Nullable Chunk transform(Content.Chunk chunk) {
            if (passing) {
                return chunk;
            }
            ByteBuffer bytes = chunk.getByteBuffer();
            byte[] array = new byte[bytes.remaining()];
            bytes.get(array);
            held.write(array, 0, array.length);
            if (chunk.isLast()) {
                String answer = without(hidden, held.toString(ISO_8859_1));
                return Content.Chunk.from(ByteBuffer.wrap(answer.getBytes(ISO_8859_1)), true);
            }
            if (held.size() <= MOST) {
                return null;
            }
            passing = true;
            return Content.Chunk.from(ByteBuffer.wrap(held.toByteArray()), false);
        }
    }
}
