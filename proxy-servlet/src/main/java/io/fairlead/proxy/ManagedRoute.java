package io.fairlead.proxy;

import io.fairlead.proxy.backend.Backend;
import io.fairlead.proxy.backend.Backends;
import io.fairlead.proxy.tunnel.TunnelAccount;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.management.InstanceAlreadyExistsException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A route in the JVM's MBean server, from {@link #register} to {@link #unregister}. Without JMX it works all the same. */
final class ManagedRoute implements RouteMXBean {

    private static final Logger LOG = LoggerFactory.getLogger(UpgradeProxyServlet.class);
    private static final int MOST_INSTANCES = 100;
    private static final Pattern TO_BE_QUOTED = Pattern.compile("[,=:\"*?\\n]");

    private final Route route;
    private final Outcomes outcomes;
    private final Backends backends;
    private final Control control;
    private @Nullable ObjectName name;

    /** What can be asked of, and done to, the route itself. */
    interface Control {

        /** Each is about an {@link OutcomeDraft}. */
        List<TunnelAccount> tunnels();

        void drain(Duration period);

        void resume();

        boolean isDraining();

        /** @param period over which its tunnels are closed; null: they finish by themselves */
        void drain(Backend backend, @Nullable Duration period);

        void resume(Backend backend);
    }

    ManagedRoute(Route route, Outcomes outcomes, Backends backends, Control control) {
        this.route = route;
        this.outcomes = outcomes;
        this.backends = backends;
        this.control = control;
    }

    /** Makes it known; where that can't be done, a warning says so. */
    synchronized void register(String contextPath) {
        try {
            MBeanServer server = ManagementFactory.getPlatformMBeanServer();
            for (int instance = 1; name == null; instance++) {
                ObjectName wanted = name(contextPath, route.name(), instance);
                try {
                    server.registerMBean(this, wanted);
                    name = wanted;
                } catch (InstanceAlreadyExistsException taken) {
                    if (instance == MOST_INSTANCES) {
                        throw taken;
                    }
                }
            }
        } catch (JMException | RuntimeException failure) {
            LOG.warn("route '{}': JMX does not show it", route.name(), failure);
        }
    }

    static ObjectName name(String contextPath, String route, int instance) throws JMException {
        String context = contextPath.isEmpty() ? "/" : contextPath;
        return new ObjectName("io.fairlead:type=Route,context=" + quoted(context) + ",name=" + quoted(route)
                + (instance == 1 ? "" : ",instance=" + instance));
    }

    private static String quoted(String value) {
        return TO_BE_QUOTED.matcher(value).find() ? ObjectName.quote(value) : value;
    }

    /** Takes it back, or the MBean server would hold the class loader of the application. */
    synchronized void unregister() {
        ObjectName known = name;
        if (known == null) {
            return;
        }
        name = null;
        try {
            ManagementFactory.getPlatformMBeanServer().unregisterMBean(known);
        } catch (InstanceNotFoundException somebodyElseDid) {
            LOG.debug("route '{}': it was unregistered by somebody else", route.name());
        } catch (JMException | RuntimeException failure) {
            LOG.warn("route '{}': JMX still shows it", route.name(), failure);
        }
    }

    @Override
    public String getTarget() {
        return route.backends().shown();
    }

    @Override
    public String getMode() {
        return route.mode();
    }

    @Override
    public long getRequests() {
        return outcomes.requests();
    }

    @Override
    public Map<String, Long> getRequestsEndedBy() {
        return byName(outcomes.requestsEnded());
    }

    @Override
    public long getHandshakesRefused() {
        return outcomes.handshakesRefused();
    }

    @Override
    public long getTunnelsOpened() {
        return outcomes.tunnelsOpened();
    }

    @Override
    public Map<String, Long> getTunnelsEndedBy() {
        return byName(outcomes.tunnelsEnded());
    }

    private static Map<String, Long> byName(Map<EndedBy, Long> counts) {
        Map<String, Long> named = new TreeMap<>();
        counts.forEach((endedBy, count) -> named.put(OutcomeLog.name(endedBy), count));
        return named;
    }

    @Override
    public long getOpenTunnels() {
        return outcomes.openTunnels();
    }

    @Override
    public boolean isDraining() {
        return control.isDraining();
    }

    @Override
    public void drain(int seconds) {
        if (seconds < 0) {
            throw new IllegalArgumentException("a number of seconds from 0 on, not " + seconds);
        }
        control.drain(Duration.ofSeconds(seconds));
    }

    @Override
    public void resume() {
        control.resume();
    }

    @Override
    public List<BackendMXView> getBackends() {
        return backends.all().stream().map(BackendMXView::new).toList();
    }

    @Override
    public int getWaitingRequests() {
        return backends.waiting();
    }

    @Override
    public void drainBackend(String address, int seconds) {
        control.drain(backend(address), seconds < 0 ? null : Duration.ofSeconds(seconds));
    }

    @Override
    public void resumeBackend(String address) {
        control.resume(backend(address));
    }

    private Backend backend(String address) {
        Backend backend = backends.find(address);
        if (backend == null) {
            throw new IllegalArgumentException(
                    "a backend of this route, host:port: one of " + backends.all() + ", not " + address);
        }
        return backend;
    }

    @Override
    public List<TunnelMXView> getTunnels() {
        List<TunnelMXView> views = new ArrayList<>();
        for (TunnelAccount account : control.tunnels()) {
            if (account.about() instanceof OutcomeDraft draft) {
                views.add(new TunnelMXView(draft.tunnel(account, null, null)));
            }
        }
        return views;
    }
}
