package io.fairlead.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import org.eclipse.jetty.util.Jetty;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JettyClientVersionTest {

    @ParameterizedTest
    @ValueSource(strings = {"12.1.0", "12.1.14", "12.2.0.beta1", "UNKNOWN", "12.1.z-SNAPSHOT", ""})
    void versionsThatWillDo(String version) {
        assertThat(JettyClientVersion.fault(version)).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"12.0.36", "11.0.26", "13.0.0", "9.4.58.v20250814"})
    void versionsThatOtherBuildsManage(String version) {
        assertThat(JettyClientVersion.fault(version)).contains(version, "12.1", "jetty.version", "jetty-bom");
    }

    @Test
    void ourOwnWillDo() {
        assertThat(Jetty.VERSION).startsWith("12.");
        assertThat(JettyClientVersion.fault(Jetty.VERSION)).isNull();
    }
}
