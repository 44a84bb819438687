package io.fairlead.proxy.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class EndPointLegTest {

    /** Without them each message under TLS costs a read that finds nothing; a Jetty that names them otherwise fails here. */
    @Test
    void theBuffersOfJettysTlsAreSeen() {
        assertThat(EndPointLeg.seesInputOfTls()).isTrue();
    }
}
