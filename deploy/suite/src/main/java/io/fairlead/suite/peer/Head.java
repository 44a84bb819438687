package io.fairlead.suite.peer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeSet;

/** A request or response head as it came off the wire: order, case, spaces and repetitions kept. */
public record Head(String startLine, List<Field> fields) {

    /** One header line. The value has lost its leading and trailing blanks, nothing else. */
    public record Field(String name, String value) {
        @Override
        public String toString() {
            return name + ": " + value;
        }
    }

    static Head parse(byte[] bytes) {
        String[] lines = new String(bytes, StandardCharsets.ISO_8859_1).split("\r\n", -1);
        List<Field> fields = new ArrayList<>();
        for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
            int colon = lines[i].indexOf(':');
            if (colon < 0) {
                throw new IllegalArgumentException("not a header line: " + lines[i]);
            }
            fields.add(new Field(
                    lines[i].substring(0, colon), lines[i].substring(colon + 1).strip()));
        }
        return new Head(lines[0], List.copyOf(fields));
    }

    /** The status of a response. */
    public int status() {
        return Integer.parseInt(startLine.split(" ", 3)[1]);
    }

    /** The method of a request. */
    public String method() {
        return startLine.split(" ", 3)[0];
    }

    /** The target of a request, byte for byte. */
    public String target() {
        return startLine.split(" ", 3)[1];
    }

    /** All values of a header, in order; the name's case does not matter. */
    public List<String> values(String name) {
        return fields.stream()
                .filter(field -> field.name().equalsIgnoreCase(name))
                .map(Field::value)
                .toList();
    }

    public boolean has(String name) {
        return !values(name).isEmpty();
    }

    /** The only value of a header. */
    public String value(String name) {
        List<String> values = values(name);
        if (values.size() != 1) {
            throw new AssertionError("expected one " + name + ", found " + values + " in\n" + this);
        }
        return values.get(0);
    }

    /** The members of a comma-separated header in lower case, sorted. */
    public TreeSet<String> tokens(String name) {
        TreeSet<String> tokens = new TreeSet<>();
        for (String value : values(name)) {
            for (String token : value.split(",")) {
                tokens.add(token.strip().toLowerCase(Locale.ROOT));
            }
        }
        return tokens;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(startLine).append('\n');
        fields.forEach(field -> text.append(field).append('\n'));
        return text.toString();
    }
}
