package io.fairlead.deploy.wildfly;

import io.fairlead.relay.Direction;
import io.fairlead.relay.FilterSettings;
import io.fairlead.relay.Message;
import io.fairlead.relay.MessageFilter;
import io.fairlead.relay.RouteFilter;
import io.fairlead.relay.TunnelFilter;
import io.fairlead.relay.Verdict;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.security.Principal;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** {@code signature}: puts who says it before each text of a client, and how many were signed. A CDI bean, with another injected. */
@ApplicationScoped
public class SignatureFilter implements MessageFilter {

    /** Counts for all tunnels. */
    @ApplicationScoped
    public static class Counter {

        private final AtomicInteger signed = new AtomicInteger();

        int next() {
            return signed.incrementAndGet();
        }
    }

    @Inject
    private @Nullable Counter counter;

    @Override
    public String name() {
        return "signature";
    }

    @Override
    public RouteFilter configure(FilterSettings settings) {
        Counter signed = counter;
        if (signed == null) {
            throw new IllegalStateException("not made by CDI");
        }
        return tunnel -> (direction, message) -> {
            if (direction == Direction.TO_CLIENT || !message.isText()) {
                return TunnelFilter.now(Verdict.pass());
            }
            Principal who = tunnel.principal();
            String name = who == null ? "nobody" : who.getName();
            return TunnelFilter.now(Verdict.change(Message.of(name + " " + signed.next() + ": " + message.text())));
        };
    }
}
