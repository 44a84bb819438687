package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ClientAddressTest {

    private static final TrustedProxies TRUSTED = TrustedProxies.of(List.of("10.0.0.0/8", "::1", "2001:db8:ffff::/48"));

    private static ClientAddress of(String peer, String... forwardedFor) {
        return ClientAddress.of(peer, Collections.enumeration(Arrays.asList(forwardedFor)), TRUSTED);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    10.0.0.1 | 192.0.2.1                              | 192.0.2.1
                    10.0.0.1 | 198.51.100.9, 192.0.2.1                | 192.0.2.1
                    10.0.0.1 | 6.6.6.6, 192.0.2.1, 10.0.0.3, 10.0.0.2 | 192.0.2.1
                    10.0.0.1 | 10.0.0.3, 10.0.0.2                     | 10.0.0.3
                    ::1      | 192.0.2.1                              | 192.0.2.1
                    10.0.0.1 | 2001:db8::7, 2001:db8:ffff::1          | 2001:db8:0:0:0:0:0:7
                    10.0.0.1 | 192.0.2.1:4711                         | 192.0.2.1
                    10.0.0.1 | [2001:db8::7]:4711                     | 2001:db8:0:0:0:0:0:7
                    10.0.0.1 | [2001:db8::7]                          | 2001:db8:0:0:0:0:0:7
                    10.0.0.1 | ::ffff:10.0.0.2                        | 10.0.0.2
                    10.0.0.1 | 192.0.2.1,, ,                          | 192.0.2.1
                    10.0.0.1 | ''                                     | 10.0.0.1
                    ::ffff:10.0.0.1 | 192.0.2.1                       | 192.0.2.1
                    """)
    void theRightmostThatIsNoTrustedProxy(String peer, String forwardedFor, String client) {
        assertThat(of(peer, forwardedFor).text()).isEqualTo(client);
    }

    @Test
    void severalFieldsAreOneList() {
        assertThat(of("10.0.0.1", "6.6.6.6", "192.0.2.1, 10.0.0.3", "10.0.0.2").text())
                .isEqualTo("192.0.2.1");
        assertThat(of("10.0.0.1").text()).isEqualTo("10.0.0.1");
    }

    @Test
    void whatAnyOtherPeerSaysDoesNotCount() {
        assertThat(of("192.0.2.1", "198.51.100.9").text()).isEqualTo("192.0.2.1");
        assertThat(ClientAddress.of("127.0.0.1", Collections.enumeration(List.of("198.51.100.9")), TrustedProxies.NONE)
                        .text())
                .isEqualTo("127.0.0.1");
    }

    /** Names would be looked up, and an octet over 255 makes a name of an address. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "unknown",
                "_hidden",
                "localhost",
                "client.example",
                "256.1.1.1",
                "1.2.3",
                "1.2.3.4.5",
                "01.2.3.4",
                "1.2.3.4:",
                "1.2.3.4:123456",
                "1:2",
                ":::",
                "2001:db8::1::2",
                "[2001:db8::7",
                "2001:db8::7]",
                "for=192.0.2.1",
                "1.2.3.4 5",
                "192.0.2.1%1",
                "fe80::1%eth0",
                "a:b:c"
            })
    void anEntryThatIsNoAddressEndsTheSearch(String malformed) {
        assertThat(of("10.0.0.1", "192.0.2.1, " + malformed + ", 10.0.0.2").text())
                .isEqualTo("10.0.0.2");
        assertThat(of("10.0.0.1", "192.0.2.1, " + malformed).text()).isEqualTo("10.0.0.1");
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.1, 192.0.2.1",
        "::ffff:192.0.2.1, 192.0.2.1",
        "2001:db8:1:2::1, 2001:db8:1:2::/64",
        "2001:0db8:0001:0002:ffff:0:0:9, 2001:db8:1:2::/64",
        "2001:db8:1:3::1, 2001:db8:1:3::/64",
        "2001:db8::1, 2001:db8:0:0::/64",
        "fe80:0:0:0:1:2:3:4%eth0, fe80:0:0:0::/64",
        "::2, 0:0:0:0::/64",
    })
    void ipv6CountsByItsNetworkAndIpv4ByItself(String address, String network) {
        assertThat(of(address).network()).isEqualTo(network);
    }

    @Test
    void aPeerWithoutAnAddressIsWhatTheServerCallsIt() {
        assertThat(of("local socket", "192.0.2.1").network()).isEqualTo("local socket");
    }

    @Test
    void theLogShowsBoth() {
        assertThat(of("2001:db8:1:2::1")).hasToString("2001:db8:1:2:0:0:0:1 of 2001:db8:1:2::/64");
        assertThat(of("192.0.2.1")).hasToString("192.0.2.1");
    }
}
