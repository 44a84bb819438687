package io.fairlead.suite.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HpackTest {

    private final Hpack hpack = new Hpack();

    private static List<Head.Field> fields(String... lines) {
        return Stream.of(lines)
                .map(line -> line.split(": ", 2))
                .map(parts -> new Head.Field(parts[0], parts[1]))
                .toList();
    }

    private List<Head.Field> read(String hex) throws IOException {
        return hpack.read(HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    @Test
    void requestsOfRfc7541WithHuffmanCodes() throws Exception {
        // Appendix C.4: three requests of one connection.
        String[] first = {":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com"};
        assertThat(read("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")).isEqualTo(fields(first));
        assertThat(read("8286 84be 5886 a8eb 1064 9cbf"))
                .startsWith(fields(first).toArray(Head.Field[]::new))
                .endsWith(new Head.Field("cache-control", "no-cache"));
        assertThat(read("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"))
                .isEqualTo(fields(
                        ":method: GET",
                        ":scheme: https",
                        ":path: /index.html",
                        ":authority: www.example.com",
                        "custom-key: custom-value"));
    }

    @Test
    void responsesOfRfc7541WithEviction() throws Exception {
        // Appendix C.5, whose table holds 256 bytes.
        String first = "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a"
                + "3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d";
        assertThat(read("3fe101" + first))
                .isEqualTo(fields(
                        ":status: 302",
                        "cache-control: private",
                        "date: Mon, 21 Oct 2013 20:13:21 GMT",
                        "location: https://www.example.com"));
        assertThat(read("4803 3330 37c1 c0bf"))
                .isEqualTo(fields(
                        ":status: 307",
                        "cache-control: private",
                        "date: Mon, 21 Oct 2013 20:13:21 GMT",
                        "location: https://www.example.com"));
        // The first status was evicted: index 65 is its neighbour now.
        assertThat(read("c1")).isEqualTo(fields("cache-control: private"));
        assertThatThrownBy(() -> read("c2")).isInstanceOf(IOException.class);
    }

    @Test
    void whatIsWrittenIsRead() throws Exception {
        List<Head.Field> fields = fields(
                ":path: /x",
                "www-authenticate: b",
                "x: ",
                "y: " + "v".repeat(126),
                "z: " + "w".repeat(127),
                "a: " + "l".repeat(70_000));
        assertThat(hpack.read(Hpack.write(fields))).isEqualTo(fields);
    }

    @ParameterizedTest
    @ValueSource(strings = {"80", "be", "40", "4001", "400161", "ffffffffffff7f", "40016181fe"})
    void whatIsNoHeaderBlockIsRefused(String hex) {
        assertThatThrownBy(() -> read(hex)).isInstanceOf(IOException.class);
    }
}
