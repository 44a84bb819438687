package io.fairlead.suite;

import io.fairlead.suite.peer.Http2Gate;
import java.net.InetSocketAddress;

/** No Fairlead, but HTTP/2 between the clients and the backend. */
final class DirectOverHttp2 extends Direct {

    private static final Http2Door DOOR = Http2Door.open();
    private static final Http2Gate GATE = Http2Gate.start(DOOR::address, DOOR.trust(), 20);

    @Override
    public InetSocketAddress http() {
        return GATE.address();
    }
}
