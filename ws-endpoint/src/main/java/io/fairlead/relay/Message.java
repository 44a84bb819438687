package io.fairlead.relay;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A message of a WebSocket, or a part of one: parts come in order, the first says {@link #isFirst}, the last {@link #isLast}. How a
 * message is cut into parts means nothing. A part of a text ends where a character ends.
 *
 * <p>Immutable.
 */
public final class Message {

    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final @Nullable String text;
    private final ByteBuffer bytes;
    private final boolean first;
    private final boolean last;

    private Message(@Nullable String text, ByteBuffer bytes, boolean first, boolean last) {
        this.text = text;
        this.bytes = bytes;
        this.first = first;
        this.last = last;
    }

    /** A whole message of text. */
    public static Message of(String text) {
        return of(text, true, true);
    }

    /** A whole binary message. The buffer's content must not change any more. */
    public static Message of(ByteBuffer bytes) {
        return of(bytes, true, true);
    }

    static Message of(String text, boolean first, boolean last) {
        return new Message(text, NOTHING, first, last);
    }

    static Message of(ByteBuffer bytes, boolean first, boolean last) {
        return new Message(null, bytes.asReadOnlyBuffer(), first, last);
    }

    /** The same content in this one's place within its message. */
    Message placed(Message content) {
        return new Message(content.text, content.bytes, first, last);
    }

    /** Without content, in the same place. */
    Message emptied() {
        return new Message(text == null ? null : "", NOTHING, first, last);
    }

    public boolean isText() {
        return text != null;
    }

    /** Whether it is a message, or the beginning of one. */
    public boolean isFirst() {
        return first;
    }

    /** Whether it is a message, or the end of one. */
    public boolean isLast() {
        return last;
    }

    /** Whether it is all of a message. */
    public boolean isWhole() {
        return first && last;
    }

    /**
     * Its text.
     *
     * @throws IllegalStateException if it is binary
     */
    public String text() {
        if (text == null) {
            throw new IllegalStateException("this message is binary");
        }
        return text;
    }

    /** Its bytes, those of a text as UTF-8; read-only. */
    public ByteBuffer bytes() {
        return text == null
                ? bytes.duplicate()
                : ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer();
    }

    /** About how much memory it takes, in bytes. */
    int weight() {
        return text == null ? bytes.remaining() : text.length();
    }
}
