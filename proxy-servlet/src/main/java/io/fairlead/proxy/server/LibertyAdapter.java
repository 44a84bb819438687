package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.function.Consumer;

/** Open Liberty. It upgrades only in the thread that has brought the request. */
final class LibertyAdapter implements ServerAdapter {

    private final PortableAdapter portable = new PortableAdapter(false);

    @Override
    public String name() {
        return "liberty";
    }

    @Override
    public boolean upgradesAfterDispatch() {
        return false;
    }

    @Override
    public String shortcomings() {
        return portable.shortcomings();
    }

    @Override
    public void takeOver(HttpServletRequest request, HttpServletResponse response, Consumer<Leg> client)
            throws IOException, ServletException {
        portable.takeOver(request, response, client);
    }
}
