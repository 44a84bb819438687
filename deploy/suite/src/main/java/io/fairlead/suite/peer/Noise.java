package io.fairlead.suite.peer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/** Random bytes that need no memory: made from a seed as they are poured, known by their digest. */
public record Noise(long seed, long length) {

    private static final int PIECE = 32_768;

    public byte[] bytes() {
        byte[] all = new byte[Math.toIntExact(length)];
        Source source = new Source();
        for (int at = 0; at < all.length; ) {
            int n = source.next(all.length - at);
            System.arraycopy(source.piece, 0, all, at, n);
            at += n;
        }
        return all;
    }

    public void pour(OutputStream out) throws IOException {
        pour(out, new AtomicLong());
    }

    /** Writes all; the counter shows at any time how much was accepted. */
    public void pour(OutputStream out, AtomicLong written) throws IOException {
        Source source = new Source();
        for (long left = length; left > 0; ) {
            int n = source.next(left);
            out.write(source.piece, 0, n);
            left -= n;
            written.addAndGet(n);
        }
        out.flush();
    }

    public String digest() {
        MessageDigest digest = sha256();
        Source source = new Source();
        for (long left = length; left > 0; ) {
            int n = source.next(left);
            digest.update(source.piece, 0, n);
            left -= n;
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** Reads so many bytes and gives their digest; fewer bytes give the digest of what came, which is another. */
    public static String digest(InputStream in, long length) throws IOException {
        MessageDigest digest = sha256();
        byte[] piece = new byte[PIECE];
        for (long left = length; left > 0; ) {
            int n = in.read(piece, 0, (int) Math.min(left, piece.length));
            if (n < 0) {
                return "ended " + left + " bytes early";
            }
            digest.update(piece, 0, n);
            left -= n;
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private final class Source {
        private final SplittableRandom random = new SplittableRandom(seed);
        private final byte[] piece = new byte[PIECE];

        private int next(long wanted) {
            int n = (int) Math.min(wanted, piece.length);
            ByteBuffer words = ByteBuffer.wrap(piece).order(ByteOrder.LITTLE_ENDIAN);
            while (words.position() < n) {
                words.putLong(random.nextLong());
            }
            return n;
        }
    }
}
