package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.UpgradeRequest.Form;
import io.fairlead.proxy.UpgradeRequest.Kind;
import java.util.List;
import org.eclipse.jetty.http.HttpFields;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BackendHandshakeTest {

    /** The example of RFC 6455 section 1.3. */
    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private static final String ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private static UpgradeRequest asked(@Nullable String key, String... tokens) {
        return new UpgradeRequest(Kind.UPGRADE, String.join(", ", tokens), List.of(tokens), key, Form.ORDINARY);
    }

    private static HttpFields answer(String... namesAndValues) {
        HttpFields.Mutable fields = HttpFields.build();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            fields.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return fields;
    }

    @Test
    void acceptOfTheRfcsExample() {
        assertThat(BackendHandshake.accept(KEY)).isEqualTo(ACCEPT);
    }

    @ParameterizedTest
    @CsvSource({"websocket,Upgrade", "WebSocket,upgrade", "WEBSOCKET,'keep-alive, Upgrade'"})
    void aSwitchToWhatWasAskedForIsRight(String upgrade, String connection) {
        assertThat(BackendHandshake.fault(
                        asked(KEY, "websocket"), answer("Upgrade", upgrade, "Connection", connection)))
                .isNull();
    }

    @Test
    void aVersionOfWhatWasAskedForIsRight() {
        assertThat(BackendHandshake.fault(
                        asked(null, "foo", "bar"), answer("Upgrade", "Bar/2", "Connection", "Upgrade")))
                .isNull();
    }

    @Test
    void theFaultSaysWhoDidWhat() {
        HttpFields switched = answer("Upgrade", "foo/2", "Connection", "Upgrade");
        assertThat(BackendHandshake.fault(asked(KEY, "websocket"), switched))
                .isEqualTo("the backend tried to switch to protocol 'foo/2' when 'websocket' was requested");
        assertThat(BackendHandshake.fault(null, switched))
                .isEqualTo("the backend switched protocols although the request asked for no upgrade");
        assertThat(BackendHandshake.fault(asked(KEY, "websocket"), answer("Connection", "Upgrade")))
                .isEqualTo("the backend's 101 names no protocol");
        assertThat(BackendHandshake.fault(asked(KEY, "websocket"), answer("Upgrade", "websocket")))
                .isEqualTo("the backend's 101 has no Connection: Upgrade");
    }

    @Test
    void framedOnlyWithTheRightAccept() {
        UpgradeRequest asked = asked(KEY, "websocket");
        assertThat(BackendHandshake.isFramed(asked, answer("Upgrade", "websocket", "Sec-WebSocket-Accept", ACCEPT)))
                .isTrue();
        assertThat(BackendHandshake.isFramed(asked, answer("Upgrade", "websocket", "Sec-WebSocket-Accept", "x")))
                .isFalse();
        assertThat(BackendHandshake.isFramed(asked, answer("Upgrade", "websocket")))
                .isFalse();
        assertThat(BackendHandshake.isFramed(asked, answer("Upgrade", "foo", "Sec-WebSocket-Accept", ACCEPT)))
                .isFalse();
        assertThat(BackendHandshake.isFramed(
                        asked(null, "websocket"), answer("Upgrade", "websocket", "Sec-WebSocket-Accept", ACCEPT)))
                .isFalse();
    }

    @Test
    void overHttp2TheAcceptIsCheckedHere() {
        UpgradeRequest asked =
                new UpgradeRequest(Kind.UPGRADE, "websocket", List.of("websocket"), KEY, Form.EXTENDED_CONNECT);
        assertThat(BackendHandshake.fault(
                        asked, answer("Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", ACCEPT)))
                .isNull();
        assertThat(BackendHandshake.fault(
                        asked, answer("Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Accept", KEY)))
                .contains("Sec-WebSocket-Accept");
        assertThat(BackendHandshake.fault(asked, answer("Upgrade", "websocket", "Connection", "Upgrade")))
                .contains("Sec-WebSocket-Accept");
    }
}
