package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.content.ByteBufferContentSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SocketIo09Test {

    private static final Set<String> WEBSOCKET = Set.of("websocket");

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    abc:60:60:websocket,htmlfile,xhr-polling | abc:60:60:htmlfile,xhr-polling
                    abc:60:60:xhr-polling,websocket          | abc:60:60:xhr-polling
                    abc:::websocket,jsonp-polling            | abc:::jsonp-polling
                    abc:60:60:xhr-polling                    | abc:60:60:xhr-polling
                    abc:60:60:flashsocket,websocket-2        | abc:60:60:flashsocket,websocket-2
                    io.j[0]("abc:8:10:websocket,htmlfile");  | io.j[0]("abc:8:10:htmlfile");
                    handshake error                          | handshake error
                    a websocket:1:1:websocket                | a websocket:1:1:websocket
                    {"upgrades":["websocket"]}               | {"upgrades":["websocket"]}
                    """)
    void takesTheHiddenOutOfTheList(String answer, String expected) {
        assertThat(SocketIo09.without(WEBSOCKET, answer)).isEqualTo(expected);
    }

    @Test
    void holdsAnAnswerUntilItIsWhole() throws Exception {
        assertThat(through("abc:60:", "60:web", "socket,xhr-polling")).isEqualTo("abc:60:60:xhr-polling");
        assertThat(through("")).isEmpty();
    }

    @Test
    void aLongBodyIsNoHandshake() throws Exception {
        String start = "abc:60:60:" + "x".repeat(9000);
        assertThat(through(start, ",websocket", ",y")).isEqualTo(start + ",websocket,y");
    }

    private static String through(String... parts) throws Exception {
        ByteBuffer[] buffers = Arrays.stream(parts)
                .map(part -> ByteBuffer.wrap(part.getBytes(StandardCharsets.ISO_8859_1)))
                .toArray(ByteBuffer[]::new);
        return Content.Source.asString(
                new SocketIo09.Body(new ByteBufferContentSource(buffers), WEBSOCKET), StandardCharsets.ISO_8859_1);
    }
}
