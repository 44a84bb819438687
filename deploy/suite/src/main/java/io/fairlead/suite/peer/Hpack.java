package io.fairlead.suite.peer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Header compression of HTTP/2 (RFC 7541). Writes literals only, so that what a test wants said is what is said; reads
 * everything. One instance reads the header blocks of one direction of one connection, in their order.
 */
final class Hpack {

    /** RFC 7541 appendix A, from index 1. */
    private static final List<Head.Field> STATIC = table("""
            :authority
            :method: GET
            :method: POST
            :path: /
            :path: /index.html
            :scheme: http
            :scheme: https
            :status: 200
            :status: 204
            :status: 206
            :status: 304
            :status: 400
            :status: 404
            :status: 500
            accept-charset
            accept-encoding: gzip, deflate
            accept-language
            accept-ranges
            accept
            access-control-allow-origin
            age
            allow
            authorization
            cache-control
            content-disposition
            content-encoding
            content-language
            content-length
            content-location
            content-range
            content-type
            cookie
            date
            etag
            expect
            expires
            from
            host
            if-match
            if-modified-since
            if-none-match
            if-range
            if-unmodified-since
            last-modified
            link
            location
            max-forwards
            proxy-authenticate
            proxy-authorization
            range
            referer
            refresh
            retry-after
            server
            set-cookie
            strict-transport-security
            transfer-encoding
            user-agent
            vary
            via
            www-authenticate
            """);

    /**
     * The lengths of the codes of RFC 7541 appendix B for 0 to 255 and the end of string; A stands for 5 bits. The code
     * is canonical, so the lengths say everything.
     */
    private static final String LENGTHS =
            "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCC"
                    + "DCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSS"
                    + "QQRQSRSSPRRRSRRSVVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ";

    private static final int SHORTEST = 5;
    private static final int LONGEST = 30;

    /** By length: the first code of it, and the symbols that have codes of it. */
    private static final int[] FIRST = new int[LONGEST + 2];

    private static final int[][] SYMBOLS = new int[LONGEST + 1][];

    static {
        int code = 0;
        for (int length = SHORTEST; length <= LONGEST; length++) {
            FIRST[length] = code;
            int wanted = length;
            SYMBOLS[length] = java.util.stream.IntStream.range(0, LENGTHS.length())
                    .filter(symbol -> LENGTHS.charAt(symbol) - 'A' + SHORTEST == wanted)
                    .toArray();
            code = (code + SYMBOLS[length].length) << 1;
        }
    }

    /** What was added last is first. */
    private final List<Head.Field> dynamic = new ArrayList<>();

    private int room = 4096;
    private byte[] block = {};
    private int at;

    private static List<Head.Field> table(String lines) {
        List<Head.Field> fields = new ArrayList<>();
        for (String line : lines.split("\n")) {
            int colon = line.indexOf(": ");
            fields.add(
                    colon < 0
                            ? new Head.Field(line, "")
                            : new Head.Field(line.substring(0, colon), line.substring(colon + 2)));
        }
        return List.copyOf(fields);
    }

    /**
     * A header block of literals that are not indexed, without Huffman codes; nothing is checked. Names that the static
     * table has are written as their index: Tomcat takes pseudo fields no other way.
     */
    static byte[] write(List<Head.Field> fields) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Head.Field field : fields) {
            int index = 0;
            while (index < STATIC.size() && !STATIC.get(index).name().equals(field.name())) {
                index++;
            }
            if (index < STATIC.size()) {
                writeInteger(out, 4, index + 1);
            } else {
                out.write(0);
                writeString(out, field.name());
            }
            writeString(out, field.value());
        }
        return out.toByteArray();
    }

    private static void writeString(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        writeInteger(out, 7, bytes.length);
        out.writeBytes(bytes);
    }

    private static void writeInteger(ByteArrayOutputStream out, int prefixBits, int number) {
        int most = (1 << prefixBits) - 1;
        if (number < most) {
            out.write(number);
            return;
        }
        out.write(most);
        int rest = number - most;
        for (; rest >= 128; rest >>>= 7) {
            out.write((rest & 127) | 128);
        }
        out.write(rest);
    }

    /** Reads a whole header block. */
    List<Head.Field> read(byte[] headerBlock) throws IOException {
        block = headerBlock;
        at = 0;
        List<Head.Field> fields = new ArrayList<>();
        while (at < block.length) {
            int first = block[at] & 0xFF;
            if (first >= 0x80) {
                fields.add(indexed(integer(7)));
            } else if (first >= 0x40) {
                Head.Field field = literal(integer(6));
                fields.add(field);
                add(field);
            } else if (first >= 0x20) {
                room = integer(5);
                evict();
            } else {
                fields.add(literal(integer(4)));
            }
        }
        return fields;
    }

    private Head.Field indexed(int index) throws IOException {
        if (index < 1 || index > STATIC.size() + dynamic.size()) {
            throw new IOException("HPACK: no entry " + index);
        }
        return index <= STATIC.size() ? STATIC.get(index - 1) : dynamic.get(index - 1 - STATIC.size());
    }

    private Head.Field literal(int nameIndex) throws IOException {
        String name = nameIndex == 0 ? string() : indexed(nameIndex).name();
        return new Head.Field(name, string());
    }

    private void add(Head.Field field) {
        dynamic.add(0, field);
        evict();
    }

    private void evict() {
        int size = 0;
        for (int i = 0; i < dynamic.size(); i++) {
            size += dynamic.get(i).name().length() + dynamic.get(i).value().length() + 32;
            if (size > room) {
                dynamic.subList(i, dynamic.size()).clear();
            }
        }
    }

    private int next() throws IOException {
        if (at == block.length) {
            throw new IOException("HPACK: the block ends within a field");
        }
        return block[at++] & 0xFF;
    }

    private int integer(int prefixBits) throws IOException {
        int most = (1 << prefixBits) - 1;
        int value = next() & most;
        if (value < most) {
            return value;
        }
        for (int shift = 0; shift < 28; shift += 7) {
            int b = next();
            value += (b & 127) << shift;
            if (b < 128) {
                return value;
            }
        }
        throw new IOException("HPACK: a number of more than 28 bits");
    }

    private String string() throws IOException {
        if (at == block.length) {
            throw new IOException("HPACK: the block ends before a string");
        }
        boolean huffman = (block[at] & 0x80) != 0;
        int length = integer(7);
        if (length > block.length - at) {
            throw new IOException("HPACK: the block ends within a string");
        }
        int from = at;
        at += length;
        return huffman ? huffman(from, at) : new String(block, from, length, StandardCharsets.ISO_8859_1);
    }

    private String huffman(int from, int to) throws IOException {
        StringBuilder text = new StringBuilder();
        int code = 0;
        int length = 0;
        for (int bit = from * 8; bit < to * 8; bit++) {
            code = code << 1 | block[bit >> 3] >> (7 - (bit & 7)) & 1;
            length++;
            if (length > LONGEST) {
                throw new IOException("HPACK: no such Huffman code");
            }
            if (length >= SHORTEST && code - FIRST[length] < SYMBOLS[length].length) {
                text.append((char) SYMBOLS[length][code - FIRST[length]]);
                code = 0;
                length = 0;
            }
        }
        if (length > 7 || code != (1 << length) - 1) {
            throw new IOException("HPACK: a Huffman string is not padded with ones");
        }
        return text.toString();
    }
}
