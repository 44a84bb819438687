package io.fairlead.suite;

import io.fairlead.suite.peer.Http2Gate;

/** The tests of {@link TrafficTest}, without a proxy but over HTTP/2: proves {@link Http2Gate} and what it is made of. */
class DirectOverHttp2TrafficTest extends TrafficTest {

    @Override
    protected Fairlead fairlead() {
        return new DirectOverHttp2();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.http2(fairlead());
    }
}
