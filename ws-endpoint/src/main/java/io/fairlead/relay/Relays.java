package io.fairlead.relay;

import io.fairlead.proxy.relay.Relay;
import io.fairlead.proxy.relay.RelayProvider;
import io.fairlead.proxy.relay.RelaySettings;
import jakarta.servlet.ServletContext;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes relays; found by {@link java.util.ServiceLoader}. A server without Jakarta WebSocket may not even have its classes, so this
 * one needs none of them.
 */
public final class Relays implements RelayProvider {

    /** The attribute of the context with the server's implementation of Jakarta WebSocket. */
    static final String CONTAINER = "jakarta.websocket.server.ServerContainer";

    /** Made by the service loader. */
    public Relays() {}

    @Override
    public void prepare(ServletContext context) {
        Object container = context.getAttribute(CONTAINER);
        if (container != null && RegisteredEndpoint.isNeeded(container)) {
            RegisteredEndpoint.register(container, context);
        }
    }

    @Override
    public @Nullable Relay open(RelaySettings settings, @Nullable ServletContext context, Consumer<String> faults) {
        boolean[] right = {true};
        Consumer<String> fault = what -> {
            right[0] = false;
            faults.accept(what);
        };
        Object container = context == null ? null : context.getAttribute(CONTAINER);
        if (context != null && container == null) {
            fault.accept("'mode' is 'relay', which needs Jakarta WebSocket 2.1, and this server shows none to web"
                    + " applications; enable it, or take mode=relay away");
        }
        if (context != null
                && container != null
                && RegisteredEndpoint.isNeeded(container)
                && RegisteredEndpoint.of(context) == null) {
            fault.accept("'mode' is 'relay', which this server carries only where the listener"
                    + " io.fairlead.proxy.RouteCheck stands in web.xml");
        }
        Map<String, MessageFilter> known = FilterFinder.filters();
        Map<String, RouteFilter> filters = new LinkedHashMap<>();
        for (String name : settings.filters()) {
            MessageFilter filter = known.get(name);
            if (filter == null) {
                fault.accept("'filters' names '" + name + "', which is none of " + new TreeMap<>(known).keySet());
                continue;
            }
            FilterSettings own = new FilterSettings(settings.route(), name, settings.more());
            RouteFilter configured = filter.configure(own);
            own.faults().forEach(fault);
            if (filters.putIfAbsent(name, configured) != null) {
                fault.accept("'filters' names '" + name + "' twice");
            }
        }
        for (String setting : settings.more().keySet()) {
            String filter = setting.substring(0, setting.indexOf('.'));
            if (known.containsKey(filter) && !settings.filters().contains(filter)) {
                fault.accept("'" + setting + "' has no effect, since 'filters' does not name '" + filter + "'");
            }
        }
        return right[0] ? new RouteRelay(settings, filters) : null;
    }
}
