package io.fairlead.doctor.probe;

import io.fairlead.doctor.Verdict;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * What the server says on the socket of a probe; by which implementation of WebSocket is a {@link Line}'s business.
 *
 * <p>On {@code echo} every message goes back, part by part. On {@code push} the server begins: {@link #BURST} messages at once,
 * one in three fragments, a ping; for the answer to that it says {@code pong}; and to anything the client says it closes.
 *
 * <p>One socket's, for one thread at a time.
 */
public final class Talk {

    public static final int BURST = 32;

    /** What the message in three fragments says. */
    static final String FRAGMENTS = "in three fragments";

    private static final int POLICY = 1008;
    private static final int LOST = 1006;

    /** The ways to send, in order. Whether they wait is their own business; what they are given stays theirs until it is sent. */
    public interface Line {
        void text(String part, boolean last) throws IOException;

        void binary(ByteBuffer part, boolean last) throws IOException;

        void ping() throws IOException;

        void close(int code, String reason) throws IOException;
    }

    private final Watch watch;
    private final boolean pushes;
    private final Line line;
    private long pinged;

    /** @param path what follows {@link Doctor#SOCKETS} */
    public Talk(Watch watch, String path, Line line) {
        this.watch = watch;
        this.pushes = path.equals("push");
        this.line = line;
    }

    public void opened(String subprotocol, String extensions) throws IOException {
        if (!watch.opened(subprotocol, extensions)) {
            line.close(POLICY, "too many sockets");
            return;
        }
        if (pushes) {
            for (int i = 0; i < BURST; i++) {
                line.text("" + i, true);
                watch.sent();
            }
            line.text("in three ", false);
            line.text("frag", false);
            line.text("ments", true);
            watch.sent();
            pinged = System.nanoTime();
            line.ping();
        }
    }

    public void pong() throws IOException {
        watch.pong((System.nanoTime() - pinged) / 1_000_000);
        if (pushes) {
            line.text("pong", true);
            watch.sent();
        }
    }

    public void text(String part, boolean last) throws IOException {
        if (takes(part.length(), last)) {
            line.text(part, last);
        }
    }

    public void binary(ByteBuffer part, boolean last) throws IOException {
        if (takes(part.remaining(), last)) {
            line.binary(part, last);
        }
    }

    /** Whether it is to be sent back. */
    private boolean takes(int length, boolean last) throws IOException {
        boolean within = watch.received(length);
        if (last) {
            watch.message();
        }
        if (!within) {
            line.close(POLICY, "enough");
        } else if (pushes && last) {
            line.close(Verdict.CLOSE_CODE, "as agreed");
        } else if (!pushes && last) {
            watch.sent();
        }
        return within && !pushes;
    }

    public void closed(int code) {
        watch.closed(code);
    }

    /** The connection is gone. */
    public void failed() {
        watch.closed(LOST);
    }
}
