package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.HopHeaders.Kept;
import io.fairlead.proxy.HopHeaders.RequestFields;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.junit.jupiter.api.Test;

class HopHeadersTest {

    /** Fields as a server gives them, from lines "name: value". */
    private record Lines(HttpFields fields) implements RequestFields {

        static Lines of(String text) {
            HttpFields.Mutable fields = HttpFields.build();
            text.lines().forEach(line -> {
                int colon = line.indexOf(':');
                fields.add(line.substring(0, colon), line.substring(colon + 1).trim());
            });
            return new Lines(fields);
        }

        @Override
        public Enumeration<String> names() {
            return Collections.enumeration(fields.getFieldNamesCollection());
        }

        @Override
        public Enumeration<String> values(String name) {
            return Collections.enumeration(
                    fields.getFields(name).stream().map(HttpField::getValue).toList());
        }
    }

    private static String text(Iterable<HttpField> fields) {
        StringBuilder text = new StringBuilder();
        fields.forEach(field -> text.append(field.getName())
                .append(": ")
                .append(field.getValue())
                .append('\n'));
        return text.toString();
    }

    @Test
    void onlyChunkedAloneTellsWhereABodyEnds() {
        assertThat(isSureOfLength()).isTrue();
        assertThat(isSureOfLength("chunked")).isTrue();
        assertThat(isSureOfLength(" Chunked ")).isTrue();
        assertThat(isSureOfLength("chunked, identity")).isFalse();
        assertThat(isSureOfLength("gzip, chunked")).isFalse();
        assertThat(isSureOfLength("chunked", "chunked")).isFalse();
        assertThat(isSureOfLength("identity")).isFalse();
        assertThat(isSureOfLength("xchunked")).isFalse();
        assertThat(isSureOfLength("")).isFalse();
    }

    private static boolean isSureOfLength(String... codings) {
        return HopHeaders.isSureOfLength(Collections.enumeration(List.of(codings)), null);
    }

    @Test
    void aLengthBesideACodingTellsNothing() {
        assertThat(HopHeaders.isSureOfLength(Collections.emptyEnumeration(), "5"))
                .isTrue();
        assertThat(HopHeaders.isSureOfLength(Collections.enumeration(List.of("chunked")), "5"))
                .isFalse();
    }

    @Test
    void requestKeepsWhatIsEndToEnd() {
        String lines = """
                Host: app.example:8443
                Cookie: a="b c"; d=e
                X-Multi: 1
                X-Multi: 2
                Accept: text/html;q="0.5", */*
                Content-Length: 5
                Expect: 100-continue
                """;
        assertThat(text(HopHeaders.request(Lines.of(lines), Set.of(Kept.HOST)))).isEqualTo(lines);
    }

    @Test
    void requestLosesWhatIsOneHopsBusiness() {
        String lines = """
                Host: app.example
                Connection: keep-alive, X-Hop ,Upgrade
                Connection: x-other
                Keep-Alive: timeout=5
                Proxy-Connection: keep-alive
                Proxy-Authorization: Basic eDp5
                TE: trailers
                Trailer: X-Sum
                Transfer-Encoding: chunked
                Upgrade: h2c
                HTTP2-Settings: AAMAAABkAAQAAP__
                x-hop: 1
                X-Other: 2
                X-Kept: 3
                """;
        assertThat(text(HopHeaders.request(Lines.of(lines), Set.of(Kept.HOST)))).isEqualTo("""
                Host: app.example
                X-Kept: 3
                """);
    }

    @Test
    void hostIsKeptOnlyIfAsked() {
        Lines request = Lines.of("Host: app.example\nConnection: host\n");
        assertThat(text(HopHeaders.request(request, Set.of(Kept.HOST)))).isEqualTo("Host: app.example\n");
        assertThat(text(HopHeaders.request(request, Set.of()))).isEmpty();
    }

    @Test
    void whatAClientSaysOfItsWayIsRemoved() {
        assertThat(text(HopHeaders.request(Lines.of("""
                        X-Forwarded-For: 1.2.3.4
                        x-forwarded-proto: https
                        X-Forwarded-Prefix: /admin
                        X-Real-IP: 1.2.3.4
                        X_Forwarded_For: 1.2.3.4
                        x_real_ip: 1.2.3.4
                        Forwarded: for=1.2.3.4
                        Via: 1.1 first
                        """), Set.of(Kept.HOST)))).isEqualTo("Via: 1.1 first\n");
    }

    @Test
    void responseValuesAreVerbatim() {
        String lines = """
                Content-Disposition: attachment; filename="a, b.txt"
                WWW-Authenticate: Basic realm="x"
                Set-Cookie: s="q v"; Path=/
                Set-Cookie: t=1
                Link: <a>; rel="x,y", <b>
                """;
        assertThat(text(HopHeaders.response(Lines.of(lines).fields()))).isEqualTo(lines);
    }

    @Test
    void responseLosesWhatIsOneHopsBusiness() {
        assertThat(text(HopHeaders.response(Lines.of("""
                        Connection: close, X-Hop
                        Transfer-Encoding: chunked
                        Upgrade: websocket
                        X-Hop: 1
                        Content-Length: 7
                        """).fields()))).isEqualTo("Content-Length: 7\n");
    }

    @Test
    void switchingProtocolsKeepsConnectionAndUpgradeButNoLength() {
        assertThat(text(HopHeaders.switchingProtocols(Lines.of("""
                        upgrade: webSOCKET
                        Connection: upgrade, X-Hop
                        X-Hop: 1
                        Content-Length: 0
                        Transfer-Encoding: chunked
                        Set-Cookie: a=1
                        Set-Cookie: b=2
                        Sec-WebSocket-Accept: x
                        """).fields()))).isEqualTo("""
                        upgrade: webSOCKET
                        Connection: upgrade, X-Hop
                        Set-Cookie: a=1
                        Set-Cookie: b=2
                        Sec-WebSocket-Accept: x
                        """);
    }

    @Test
    void a200ToAnExtendedConnectHasNoFieldsOfAnUpgrade() {
        assertThat(text(HopHeaders.connected(Lines.of("""
                        Upgrade: websocket
                        Connection: Upgrade, X-Hop
                        X-Hop: 1
                        Content-Length: 0
                        Sec-WebSocket-Accept: x
                        Sec-WebSocket-Protocol: chat
                        Set-Cookie: a=1
                        """).fields()))).isEqualTo("""
                        Sec-WebSocket-Protocol: chat
                        Set-Cookie: a=1
                        """);
    }

    @Test
    void cookiesThatHttp2HasSplitAreOneField() {
        Lines request = Lines.of("Cookie: a=1\nCookie: b=2; c=3\nX-Twice: 1\nX-Twice: 2\n");
        assertThat(text(HopHeaders.request(request, Set.of(Kept.HOST, Kept.COOKIES_AS_ONE))))
                .isEqualTo("Cookie: a=1; b=2; c=3\nX-Twice: 1\nX-Twice: 2\n");
    }

    @Test
    void connectionOptionsAreLowerCaseAndOfAllFields() {
        List<String> values = List.of("Keep-Alive, UPGRADE", " ,", "x");
        assertThat(HopHeaders.connectionOptions(Collections.enumeration(values)).stream()
                        .sorted()
                        .collect(Collectors.joining(" ")))
                .isEqualTo("keep-alive upgrade x");
    }
}
