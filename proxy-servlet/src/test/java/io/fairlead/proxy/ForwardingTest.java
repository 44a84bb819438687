package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.eclipse.jetty.http.HttpFields;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ForwardingTest {

    private static HttpFields fields(String client, @Nullable String host) {
        HttpFields.Mutable fields = HttpFields.build();
        new Forwarding(client, "https", host, 8443).addTo(fields);
        return fields;
    }

    @Test
    void tellsWhoAskedAndHow() {
        HttpFields fields = fields("10.0.0.7", "app.example");
        assertThat(fields.get("X-Forwarded-For")).isEqualTo("10.0.0.7");
        assertThat(fields.get("X-Forwarded-Proto")).isEqualTo("https");
        assertThat(fields.get("X-Forwarded-Host")).isEqualTo("app.example");
        assertThat(fields.get("X-Forwarded-Port")).isEqualTo("8443");
        assertThat(fields.get("Forwarded")).isEqualTo("for=10.0.0.7;proto=https;host=app.example");
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.7,   app.example:8443, 'for=10.0.0.7;proto=https;host=\"app.example:8443\"'",
        "2001:db8::1,app.example,      'for=\"[2001:db8::1]\";proto=https;host=app.example'",
        "fe80::1%2,  [::1]:80,         'for=\"[fe80::1]\";proto=https;host=\"[::1]:80\"'",
    })
    void forwardedQuotesWhatIsNoToken(String client, String host, String expected) {
        assertThat(fields(client, host).get("Forwarded")).isEqualTo(expected);
    }

    @Test
    void aHostThatTriesToBreakOutOfTheQuotesStaysInside() {
        assertThat(fields("10.0.0.7", "a\";for=1.2.3.4").get("Forwarded"))
                .isEqualTo("for=10.0.0.7;proto=https;host=\"a\\\";for=1.2.3.4\"");
    }

    @Test
    void aTrustedProxysWordStaysAndIsAddedTo() {
        HttpFields.Mutable fields = HttpFields.build()
                .add("X-Forwarded-For", "1.2.3.4")
                .add("X-Forwarded-For", "10.0.0.1")
                .add("X-Forwarded-Proto", "http")
                .add("X-Forwarded-Host", "shop.example")
                .add("X-Forwarded-Port", "80")
                .add("Forwarded", "for=_hidden, for=\"[2001:db8::1]:_x\";by=unknown");
        new Forwarding("10.0.0.7", "https", "inner.example", 8443).addTo(fields);
        assertThat(fields.getValuesList("X-Forwarded-For")).containsExactly("1.2.3.4, 10.0.0.1, 10.0.0.7");
        assertThat(fields.getValuesList("X-Forwarded-Proto")).containsExactly("http");
        assertThat(fields.getValuesList("X-Forwarded-Host")).containsExactly("shop.example");
        assertThat(fields.getValuesList("X-Forwarded-Port")).containsExactly("80");
        assertThat(fields.getValuesList("Forwarded"))
                .containsExactly("for=_hidden, for=\"[2001:db8::1]:_x\";by=unknown, "
                        + "for=10.0.0.7;proto=https;host=inner.example");
    }

    @Test
    void withoutHostNothingIsSaidOfIt() {
        HttpFields fields = fields("10.0.0.7", null);
        assertThat(fields.contains("X-Forwarded-Host")).isFalse();
        assertThat(fields.get("Forwarded")).isEqualTo("for=10.0.0.7;proto=https");
    }

    @Test
    void viaGrowsByOneHop() {
        HttpFields.Mutable fields = HttpFields.build();
        Forwarding.addVia(fields, "HTTP/1.1", "here");
        assertThat(fields.get("Via")).isEqualTo("1.1 here");
        Forwarding.addVia(fields, "HTTP/2.0", "there");
        assertThat(fields.get("Via")).isEqualTo("1.1 here, 2.0 there");
    }
}
