package io.fairlead.relay;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * permessage-deflate toward a backend (RFC 7692), the client's part of it. Offered without parameters; the JDK's window has 15 bits,
 * so a backend can't ask for a smaller one of ours, and it may use any.
 *
 * @param ourContext whether our compression goes on from one message to the next
 * @param theirContext whether the backend's does
 */
record Deflate(boolean ourContext, boolean theirContext) {

    static final String NAME = "permessage-deflate";

    private static final byte[] TAIL = {0, 0, -1, -1};
    private static final int STEP = 16 * 1024;

    /** Whether one of some Sec-WebSocket-Extensions fields names it. */
    static boolean isAmong(List<String> fields) {
        for (String field : fields) {
            for (String extension : field.split(",", -1)) {
                if (extension.split(";", 2)[0].trim().equals(NAME)) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * What a backend has chosen of the offer.
     *
     * @return null if it has chosen no extension
     * @throws IllegalArgumentException with a sentence, if it has chosen what was not offered
     */
    static @Nullable Deflate chosen(List<String> fields, boolean offered) {
        String chosen = String.join(",", fields).trim();
        if (chosen.isEmpty()) {
            return null;
        }
        String[] parts = chosen.split(";", -1);
        if (!offered || chosen.indexOf(',') >= 0 || !parts[0].trim().equals(NAME)) {
            throw new IllegalArgumentException("the backend chose an extension that it was not offered");
        }
        Set<String> names = new HashSet<>();
        boolean ours = true;
        boolean theirs = true;
        for (int i = 1; i < parts.length; i++) {
            String[] pair = parts[i].trim().toLowerCase(Locale.ROOT).split("=", 2);
            String name = pair[0].trim();
            boolean known =
                    switch (name) {
                        case "client_no_context_takeover" -> {
                            ours = false;
                            yield pair.length == 1;
                        }
                        case "server_no_context_takeover" -> {
                            theirs = false;
                            yield pair.length == 1;
                        }
                        case "server_max_window_bits" ->
                            pair.length == 2 && pair[1].trim().matches("\"?([89]|1[0-5])\"?");
                        default -> false;
                    };
            if (!known || !names.add(name)) {
                throw new IllegalArgumentException(
                        "the backend chose a parameter of " + NAME + " that it was not offered, or that is not valid");
            }
        }
        return new Deflate(ours, theirs);
    }

    /** Compresses our messages. One thread at a time, but for {@link #close}. */
    static final class Compression implements AutoCloseable {

        private final boolean context;
        private final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        private final byte[] step = new byte[STEP];
        private boolean closed;

        Compression(Deflate chosen) {
            this.context = chosen.ourContext();
        }

        /** The payload of one frame; empty once it is closed. */
        synchronized ByteBuffer compress(ByteBuffer part, boolean last) {
            ByteArrayOutputStream out = new ByteArrayOutputStream(part.remaining() / 2 + 16);
            if (!closed) {
                deflater.setInput(part);
                int length;
                do {
                    length = deflater.deflate(step, 0, step.length, Deflater.SYNC_FLUSH);
                    out.write(step, 0, length);
                } while (length == step.length);
                if (last && !context) {
                    deflater.reset();
                }
            }
            byte[] bytes = out.toByteArray();
            if (!last) {
                return ByteBuffer.wrap(bytes);
            }
            // The empty block at the end is taken for granted (section 7.2.1); nothing at all is one byte (7.2.3.6).
            return bytes.length >= TAIL.length && endsWithTail(bytes)
                    ? ByteBuffer.wrap(bytes, 0, bytes.length - TAIL.length)
                    : ByteBuffer.wrap(new byte[] {0});
        }

        private static boolean endsWithTail(byte[] bytes) {
            for (int i = 0; i < TAIL.length; i++) {
                if (bytes[bytes.length - TAIL.length + i] != TAIL[i]) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public synchronized void close() {
            closed = true;
            deflater.end();
        }
    }

    /** Inflates the backend's messages, a bounded piece at a time. One thread at a time, but for {@link #close}. */
    static final class Inflation implements AutoCloseable {

        private final boolean context;
        private final Inflater inflater = new Inflater(true);
        private final byte[] step = new byte[STEP];
        private byte[] input = {};
        private boolean tail;
        private boolean closed;

        Inflation(Deflate chosen) {
            this.context = chosen.theirContext();
        }

        /** Gives it the payload of a frame, or some of it; only when the last {@link #next} gave nothing. */
        synchronized void take(byte[] compressed) {
            if (!closed) {
                give(compressed);
            }
        }

        /**
         * The next piece of what it was given.
         *
         * @param last whether the message ends with what it was given
         * @return empty when there is no more of it
         * @throws Breach when it is not what permessage-deflate makes (1007)
         */
        synchronized ByteBuffer next(boolean last) throws Breach {
            try {
                int length = inflate();
                if (length == 0 && last && !tail) {
                    tail = true;
                    give(TAIL);
                    length = inflate();
                }
                if (length == 0 && last) {
                    tail = false;
                    if (!context && !closed) {
                        inflater.reset();
                    }
                }
                return ByteBuffer.wrap(Arrays.copyOf(step, length));
            } catch (DataFormatException broken) {
                throw Breach.ofProtocol(CloseCode.BAD_DATA, "a message is not compressed as was agreed on");
            }
        }

        private int inflate() throws DataFormatException {
            if (closed) {
                return 0;
            }
            int length = inflater.inflate(step);
            while (length == 0 && inflater.finished()) {
                // After a block that says it is the last one, the next begins anew (section 7.2.3.4).
                byte[] rest = Arrays.copyOfRange(input, input.length - inflater.getRemaining(), input.length);
                inflater.reset();
                give(rest);
                if (rest.length == 0) {
                    return 0;
                }
                length = inflater.inflate(step);
            }
            return length;
        }

        private void give(byte[] bytes) {
            input = bytes;
            inflater.setInput(bytes);
        }

        @Override
        public synchronized void close() {
            closed = true;
            inflater.end();
        }
    }
}
