package io.fairlead.doctor.dial;

import io.fairlead.doctor.Sighting.Field;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The head of a response, as it came. */
record Answer(int status, List<Field> fields) {

    private static final int LONGEST = 32 * 1024;
    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d{3})(?: .*)?");

    /** Reads to the empty line and no byte further; passes over 1xx but 101. */
    static Answer read(InputStream in) throws IOException {
        Answer answer = readOne(in);
        while (answer.status() < 200 && answer.status() != 101) {
            answer = readOne(in);
        }
        return answer;
    }

    private static Answer readOne(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        int lineFeeds = 0;
        while (lineFeeds < 2) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException(head.size() == 0 ? "the connection was ended" : "the answer broke off");
            }
            if (head.size() == LONGEST) {
                throw new IOException("the answer's head is longer than " + LONGEST + " bytes");
            }
            head.write(b);
            lineFeeds = b == '\n' ? lineFeeds + 1 : b == '\r' ? lineFeeds : 0;
        }
        String[] lines = head.toString(StandardCharsets.ISO_8859_1).split("\r?\n");
        Matcher status = STATUS.matcher(lines[0]);
        if (!status.matches()) {
            throw new IOException("the answer is not HTTP/1.1");
        }
        List<Field> fields = new ArrayList<>();
        for (int i = 1; i < lines.length; i++) {
            int colon = lines[i].indexOf(':');
            if (colon > 0) {
                fields.add(new Field(
                        lines[i].substring(0, colon),
                        lines[i].substring(colon + 1).strip()));
            }
        }
        return new Answer(Integer.parseInt(status.group(1)), List.copyOf(fields));
    }

    /** All values of a field with commas between; empty if there is none. */
    String value(String name) {
        StringBuilder all = new StringBuilder();
        for (Field field : fields) {
            if (field.name().equalsIgnoreCase(name)) {
                all.append(all.isEmpty() ? "" : ", ").append(field.value());
            }
        }
        return all.toString();
    }
}
