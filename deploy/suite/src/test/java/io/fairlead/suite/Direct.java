package io.fairlead.suite;

import io.fairlead.suite.peer.Vitals;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** No Fairlead at all: clients talk to the backend. What passes here says nothing against a proxy that fails it. */
class Direct implements Fairlead {

    @Override
    public InetSocketAddress http() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), Routes.BACKEND.port());
    }

    @Override
    public @Nullable InetSocketAddress https() {
        return null;
    }

    @Override
    public @Nullable SSLContext trust() {
        return null;
    }

    @Override
    public String path(String route, String backendPath) {
        return backendPath;
    }

    @Override
    public Vitals vitals() {
        return Vitals.here();
    }

    @Override
    public Server server() {
        return new Server("no proxy", Set.of(Server.Trait.ENDS_OUTPUT_ALONE), Set.of(), 405);
    }
}
