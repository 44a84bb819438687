package io.fairlead.relay;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Text that comes as UTF-8 in parts that may end within a character (RFC 6455 section 5.6). Each part becomes text that ends where
 * a character does; the beginning of one that is not complete waits for the next part.
 *
 * <p>One thread at a time.
 */
final class Utf8Parts {

    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPORT)
            .onUnmappableCharacter(CodingErrorAction.REPORT);

    /** The beginning of a character, 3 bytes at the most. */
    private byte[] rest = {};

    /**
     * The text of {@code part} and what waited before it.
     *
     * @param last whether the message ends with it
     * @throws Breach when it is no UTF-8 (1007)
     */
    String decode(ByteBuffer part, boolean last) throws Breach {
        ByteBuffer all = part;
        if (rest.length > 0) {
            all = ByteBuffer.allocate(rest.length + part.remaining())
                    .put(rest)
                    .put(part)
                    .flip();
        }
        CharBuffer text = CharBuffer.allocate(all.remaining());
        CoderResult result = decoder.decode(all, text, last);
        if (result.isError()) {
            throw Breach.ofProtocol(CloseCode.BAD_DATA, "a text is not UTF-8");
        }
        rest = new byte[all.remaining()];
        all.get(rest);
        if (last) {
            decoder.reset();
        }
        return text.flip().toString();
    }
}
