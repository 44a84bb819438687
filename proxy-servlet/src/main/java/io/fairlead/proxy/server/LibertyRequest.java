package io.fairlead.proxy.server;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import org.jspecify.annotations.Nullable;

/**
 * What a client asks for, as it is known to the thread that makes this. Liberty keeps it with the thread, so that any other one is
 * told of what it has served last.
 */
final class LibertyRequest extends HttpServletRequestWrapper {

    private final String uri;
    private final StringBuffer url;
    private final @Nullable String query;
    private final String contextPath;
    private final String servletPath;
    private final @Nullable String pathInfo;

    LibertyRequest(HttpServletRequest request) {
        super(request);
        uri = request.getRequestURI();
        url = request.getRequestURL();
        query = request.getQueryString();
        contextPath = request.getContextPath();
        servletPath = request.getServletPath();
        pathInfo = request.getPathInfo();
    }

    @Override
    public String getRequestURI() {
        return uri;
    }

    @Override
    public StringBuffer getRequestURL() {
        return new StringBuffer(url);
    }

    @Override
    public @Nullable String getQueryString() {
        return query;
    }

    @Override
    public String getContextPath() {
        return contextPath;
    }

    @Override
    public String getServletPath() {
        return servletPath;
    }

    @Override
    public @Nullable String getPathInfo() {
        return pathInfo;
    }
}
