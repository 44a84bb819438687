package io.fairlead.doctor.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "loopback              | 127.0.0.1                 | true",
                "loopback              | 127.3.4.5                 | true",
                "loopback              | ::1                       | true",
                "loopback              | 0:0:0:0:0:0:0:1%0         | true",
                "loopback              | 10.0.0.1                  | false",
                "loopback              | 127.0.0.1;10.0.0.1        | false",
                "loopback              | 127.0.0.1;127.0.0.1       | true",
                "loopback              | 127.0.0.1;unknown         | false",
                "loopback              | 127.0.0.1;localhost       | false",
                "loopback              | 127.0.0.1;'\"[::1]:4711\"' | false",
                "loopback              | 127.0.0.1;[::1]:4711      | true",
                "10.0.0.0/8, loopback  | 127.0.0.1;10.2.3.4:80     | true",
                "10.0.0.0/8            | 127.0.0.1;10.2.3.4        | false",
                "2001:db8::/32         | 2001:db8::7               | true",
                "all                   | 203.0.113.9               | true",
                "role(admin)           | 127.0.0.1                 | false"
            })
    void everyAddressOfTheWayMustBeAllowed(String setting, String hops, boolean allowed) {
        assertThat(Access.of(setting).allow(List.of(hops.split(";")))).isEqualTo(allowed);
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "10.0.0.0/99", "", "role()", "everybody", "10.0.0"})
    void whatIsNoEntryIsNamed(String setting) {
        assertThatThrownBy(() -> Access.of(setting)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void nobodyIsNobody() {
        assertThat(Access.NOBODY.allow(List.of("127.0.0.1"))).isFalse();
    }
}
