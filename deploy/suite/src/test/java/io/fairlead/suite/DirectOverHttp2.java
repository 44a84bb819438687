package io.fairlead.suite;

import java.net.InetSocketAddress;
import javax.net.ssl.SSLContext;

/** No Fairlead, but HTTP/2 between the clients and the backend. */
final class DirectOverHttp2 extends Direct {

    private static final Http2Door DOOR = Http2Door.open();

    @Override
    public InetSocketAddress https() {
        return DOOR.address();
    }

    @Override
    public SSLContext trust() {
        return DOOR.trust();
    }
}
