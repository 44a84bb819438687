package io.fairlead.proxy.tunnel;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A client's message, as it is read. */
final class Message {

    /** What a loop reads at once, by default. */
    static final int READ = 64 * 1024;

    /** At the most. */
    static final int HEAD = 14;

    private Message() {}

    /** A binary one of zeros; its mask is zero, too. */
    static ByteBuffer[] reads(int payload) {
        ByteBuffer message = ByteBuffer.allocateDirect(HEAD + payload).put((byte) 0x82);
        if (payload < 126) {
            message.put((byte) (0x80 | payload));
        } else if (payload < 65_536) {
            message.put((byte) (0x80 | 126)).putShort((short) payload);
        } else {
            message.put((byte) (0x80 | 127)).putLong(payload);
        }
        message.putInt(0);
        message.position(message.position() + payload).flip();
        List<ByteBuffer> reads = new ArrayList<>();
        for (int at = 0; at < message.limit(); at += READ) {
            reads.add(message.slice(at, Math.min(READ, message.limit() - at)));
        }
        return reads.toArray(ByteBuffer[]::new);
    }
}
