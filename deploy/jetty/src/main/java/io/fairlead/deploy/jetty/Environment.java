package io.fairlead.deploy.jetty;

import java.nio.file.Path;
import org.eclipse.jetty.server.handler.ContextHandler;

/**
 * The generation of Jakarta EE that Jetty offers to an application. Each has its own classes for web applications; a
 * module names its own in {@code META-INF/services}.
 */
public interface Environment {

    /**
     * An application, not started, whose start fails if one of its servlets does, and that gets paths as they came.
     *
     * @param work a directory for what Jetty unpacks
     */
    ContextHandler application(String contextPath, Path war, Path work);

    /** Whether applications have Jetty's implementation of Jakarta WebSocket. */
    boolean hasWebSocket();
}
