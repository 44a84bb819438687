package io.fairlead.proxy.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.apache.tomcat.util.net.SocketBufferHandler;
import org.junit.jupiter.api.Test;

class TomcatBuffersTest {

    private final SocketBufferHandler handler = new SocketBufferHandler(4096, 8192, false);

    private TomcatBuffers taken() {
        // A Tomcat that names them otherwise fails here.
        return Objects.requireNonNull(TomcatBuffers.takeFrom(handler), "Tomcat's buffers are not seen");
    }

    @Test
    void aTunnelHoldsNone() {
        taken();
        assertThat(handler.getReadBuffer().capacity()).isEqualTo(TomcatBuffers.LEFT);
        assertThat(handler.getWriteBuffer().capacity()).isEqualTo(TomcatBuffers.LEFT);
    }

    @Test
    void theNextConnectionHasThemAsTheyWere() {
        TomcatBuffers unused = taken();
        unused.giveBack();
        assertThat(handler.getReadBuffer().remaining()).isEqualTo(4096);
        assertThat(handler.getWriteBuffer().remaining()).isEqualTo(8192);
        assertThat(handler.isReadBufferEmpty()).isTrue();
        assertThat(handler.isWriteBufferEmpty()).isTrue();
    }

    @Test
    void whatTomcatHasPutThereMeanwhileStays() {
        TomcatBuffers unused = taken();
        handler.expand(16_384);
        handler.getReadBuffer().put((byte) 1);
        unused.giveBack();
        assertThat(handler.getReadBuffer().capacity()).isEqualTo(16_384);
        assertThat(handler.getReadBuffer().position()).isEqualTo(1);
    }

    @Test
    void thatInWhichSomethingLiesStays() {
        handler.getWriteBuffer().put((byte) 1);
        assertThat(TomcatBuffers.takeFrom(handler)).isNull();
        assertThat(handler.getWriteBuffer().capacity()).isEqualTo(8192);
    }

    @Test
    void thatWhichIsNoPartOfTheHeapStays() {
        assertThat(TomcatBuffers.takeFrom(new SocketBufferHandler(4096, 4096, true)))
                .isNull();
    }
}
