package io.fairlead.proxy;

import io.fairlead.proxy.RouteSettings.Parsed;
import io.fairlead.proxy.relay.RelayProvider;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.ServletRegistration;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks the settings of every {@link UpgradeProxyServlet} of a web application when it is deployed, and refuses the
 * deployment with one message that lists all that is wrong. To be named as a {@code <listener>} in web.xml. On GlassFish and Payara
 * it also prepares the server for routes with {@code mode=relay}.
 *
 * <p>Without it each servlet still checks its own settings when it starts; and so it is where the listener was added by code
 * ({@code ServletContext.addListener}, Spring Boot's {@code ServletListenerRegistrationBean}): such a one is shown no servlets.
 */
public final class RouteCheck implements ServletContextListener {

    private static final Logger LOG = LoggerFactory.getLogger(RouteCheck.class);

    /** Made by the server. */
    public RouteCheck() {}

    /** @throws IllegalStateException with every fault, a line each */
    @Override
    public void contextInitialized(ServletContextEvent event) {
        ServletContext context = event.getServletContext();
        Collection<? extends ServletRegistration> registrations;
        try {
            registrations = context.getServletRegistrations().values();
        } catch (UnsupportedOperationException addedByCode) {
            LOG.debug("added by code, where the server shows it no servlets: each route checks itself", addedByCode);
            return;
        }
        // A wrong context-param is told once, not for every servlet.
        Set<String> faults = new LinkedHashSet<>();
        boolean relays = false;
        for (ServletRegistration registration : registrations) {
            if (isProxy(registration, context)) {
                Parsed parsed = RouteSettings.parse(
                        registration.getName(),
                        context.getContextPath(),
                        registration.getInitParameters().keySet(),
                        registration::getInitParameter,
                        Collections.list(context.getInitParameterNames()),
                        context::getInitParameter);
                faults.addAll(parsed.faults());
                Route route = parsed.route();
                relays |= route != null && route.relay() != null;
            }
        }
        if (!faults.isEmpty()) {
            throw new IllegalStateException(message(List.copyOf(faults)));
        }
        if (relays) {
            RelayProvider.find().ifPresent(provider -> provider.prepare(context));
        }
    }

    /**
     * Checks one servlet's init-params without a web application, for those who register servlets by code.
     *
     * @return what is wrong, a sentence each; empty when nothing is
     */
    public static List<String> faults(String servletName, Map<String, String> initParams) {
        return RouteSettings.parse(servletName, "", initParams.keySet(), initParams::get, List.of(), name -> null)
                .faults();
    }

    /** What {@link #faults} has found, as one text. */
    public static String message(List<String> faults) {
        return "Fairlead cannot start, " + (faults.size() == 1 ? "1 setting is" : faults.size() + " settings are")
                + " wrong:\n  " + String.join("\n  ", faults);
    }

    private static boolean isProxy(ServletRegistration registration, ServletContext context) {
        String className = registration.getClassName();
        if (className == null) {
            return false;
        }
        // An embedded server may have given the context no loader of its own.
        ClassLoader loader =
                context.getClassLoader() == null ? RouteCheck.class.getClassLoader() : context.getClassLoader();
        try {
            return UpgradeProxyServlet.class.isAssignableFrom(Class.forName(className, false, loader));
        } catch (ClassNotFoundException | LinkageError notOurs) {
            return false;
        }
    }
}
