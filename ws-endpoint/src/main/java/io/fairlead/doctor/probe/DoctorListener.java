package io.fairlead.doctor.probe;

import io.fairlead.doctor.probe.DoctorSettings.Parsed;
import jakarta.servlet.Servlet;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.ServletRegistration;
import java.util.Collections;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the doctor into a web application when its settings let anybody ask it. To be named as a {@code <listener>} in web.xml.
 * Where the server has no Jakarta WebSocket, the doctor examines plain HTTP and the routes, and says so. There may not even be its
 * classes, so this one must not need any of them.
 */
public final class DoctorListener implements ServletContextListener {

    private static final Logger LOG = LoggerFactory.getLogger(DoctorListener.class);
    private static final String CONTAINER = "jakarta.websocket.server.ServerContainer";

    private @Nullable Doctor doctor;

    /** Made by the server. */
    public DoctorListener() {}

    /** @throws IllegalStateException with every wrong setting, a line each */
    @Override
    public void contextInitialized(ServletContextEvent event) {
        ServletContext context = event.getServletContext();
        Parsed parsed = DoctorSettings.parse(
                Collections.list(context.getInitParameterNames()),
                name -> context.getInitParameter(DoctorSettings.PREFIX + name));
        if (!parsed.faults().isEmpty()) {
            throw new IllegalStateException("The doctor cannot start:\n  " + String.join("\n  ", parsed.faults()));
        }
        if (parsed.settings().isOff()) {
            return;
        }
        Doctor started = new Doctor(parsed.settings());
        doctor = started;
        Object container = context.getAttribute(CONTAINER);
        boolean hasWebSocket = container != null;
        if (container != null) {
            ProbeEndpoint.register(container, started);
        }
        context.addListener(new RequestWatcher(started));
        add(context, "fairlead-doctor", new DoctorServlet(started, hasWebSocket), Doctor.PAGE + "*");
        add(context, "fairlead-probe", new ProbeServlet(started), Doctor.PROBES + "*");
        LOG.info(
                "the doctor is at {}{}{}",
                context.getContextPath(),
                Doctor.PAGE,
                hasWebSocket ? "" : "; this server has no Jakarta WebSocket for it to try");
    }

    private static void add(ServletContext context, String name, Servlet servlet, String mapping) {
        ServletRegistration.Dynamic registration = context.addServlet(name, servlet);
        if (registration == null) {
            throw new IllegalStateException("There is a servlet '" + name + "' already; the doctor needs that name");
        }
        registration.setAsyncSupported(true);
        registration.addMapping(mapping);
    }

    @Override
    public void contextDestroyed(ServletContextEvent event) {
        Doctor ending = doctor;
        if (ending != null) {
            ending.close();
        }
    }
}
