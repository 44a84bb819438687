package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrustedProxiesTest {

    private final TrustedProxies trusted =
            TrustedProxies.of(List.of("10.0.0.0/8", "192.168.1.7", "::1", "2001:db8:1::/48"));

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3, true",
        "11.1.2.3, false",
        "192.168.1.7, true",
        "192.168.1.8, false",
        "0:0:0:0:0:0:0:1, true",
        "2001:db8:1:5::9, true",
        "2001:db8:2::9, false",
    })
    void containAddressesAndNetworks(String address, boolean expected) {
        assertThat(trusted.contain(address)).isEqualTo(expected);
    }

    @Test
    void nobodyIsTrustedByDefault() {
        assertThat(TrustedProxies.NONE.contain("127.0.0.1")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"proxy.example", "10.0.0.0/33", "10.0.0", "*", "10.0.0.1-5", "1.2.3.4.5"})
    void whatIsNoAddressIsNamed(String wrong) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TrustedProxies.of(List.of("10.0.0.1", wrong)))
                .withMessage(wrong);
    }
}
