package io.fairlead.suite;

import io.fairlead.suite.peer.Http2Gate;

/** The tests of {@link ClientsTest}, without a proxy but over HTTP/2: proves {@link Http2Gate}. */
class DirectOverHttp2ClientsTest extends ClientsTest {

    @Override
    protected Fairlead fairlead() {
        return new DirectOverHttp2();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.http2(fairlead());
    }
}
