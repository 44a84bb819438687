package io.fairlead.proxy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.content.ContentSourceTransformer;
import org.jspecify.annotations.Nullable;

/** What has to be known of Engine.IO, the protocol below Socket.IO: where a session's name is told, and how one is refused. */
final class EngineIo {

    /**
     * The packet {@code open}, as {@code 0{"sid":"…"}} of version 4, {@code 96:0{"sid":"…"}} of 3, or within JSONP, where the
     * quotes are escaped. The name is the first field.
     */
    private static final Pattern OPEN = Pattern.compile("0\\{\\\\?\"sid\\\\?\":\\\\?\"([A-Za-z0-9_.~-]{1,128})\\\\?\"");

    /** Node's server says both over HTTP, and only the sentence to a handshake; others say it in their own words. */
    private static final Pattern UNKNOWN = Pattern.compile("\"code\"\\s*:\\s*1\\b|Session ID unknown|Invalid session");

    private EngineIo() {}

    /** The name of the session that an answer opens; null if it opens none. */
    static @Nullable String opened(String answer) {
        Matcher matcher = OPEN.matcher(answer);
        return matcher.find() ? matcher.group(1) : null;
    }

    /** Whether a 400 with this body says that the session is none of the backend's. */
    static boolean isUnknownSession(String body) {
        return UNKNOWN.matcher(body).find();
    }

    /** An answer's body, looked at on its way until it has told the name of its session, or 2 KB have not. */
    static final class OpeningBody extends ContentSourceTransformer {
        private static final int MOST = 2048;

        private final Consumer<String> opened;
        private final StringBuilder seen = new StringBuilder();
        private boolean done;

        /** @param opened told the name, before whoever reads has the bytes that say it */
        OpeningBody(Content.Source answer, Consumer<String> opened) {
            super(answer);
            this.opened = opened;
        }

        @Override
        protected Content.Chunk transform(Content.Chunk chunk) {
            if (!done) {
                ByteBuffer bytes = chunk.getByteBuffer().duplicate();
                bytes.limit(bytes.position() + Math.min(bytes.remaining(), MOST - seen.length()));
                seen.append(StandardCharsets.ISO_8859_1.decode(bytes));
                String sid = opened(seen.toString());
                if (sid != null) {
                    opened.accept(sid);
                }
                done = sid != null || seen.length() >= MOST;
            }
            return chunk;
        }
    }
}
