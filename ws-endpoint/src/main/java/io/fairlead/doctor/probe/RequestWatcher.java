package io.fairlead.doctor.probe;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletRequestEvent;
import jakarta.servlet.ServletRequestListener;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/**
 * Sees every probe's request before any filter does, also a WebSocket handshake that a filter of the server's takes. Thread-safe.
 */
public final class RequestWatcher implements ServletRequestListener {

    private static final String WATCH = RequestWatcher.class.getName();

    private final Doctor doctor;

    public RequestWatcher(Doctor doctor) {
        this.doctor = doctor;
    }

    @Override
    public void requestInitialized(ServletRequestEvent event) {
        if (event.getServletRequest() instanceof HttpServletRequest request
                && request.getDispatcherType() == DispatcherType.REQUEST
                && request.getRequestURI().startsWith(request.getContextPath() + Doctor.PROBES)
                && request.getAttribute(WATCH) == null) {
            Watch watch = doctor.watch(request);
            if (watch != null) {
                request.setAttribute(WATCH, watch);
            }
        }
    }

    /** Null if the request belongs to no examination. */
    static @Nullable Watch of(HttpServletRequest request) {
        return request.getAttribute(WATCH) instanceof Watch watch ? watch : null;
    }
}
