package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.catalina.Engine;
import org.apache.catalina.Globals;
import org.apache.catalina.Lifecycle;
import org.apache.catalina.LifecycleListener;
import org.apache.catalina.Service;
import org.apache.catalina.WebResourceRoot;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.RequestFacade;
import org.apache.coyote.ActionCode;
import org.apache.coyote.CloseNowException;
import org.jspecify.annotations.Nullable;

/**
 * Tomcat 10.1 and 11: the socket is taken over from the NIO connector by an internal upgrade handler, see
 * {@link TomcatUpgrade}. A connection of the NIO2 connector has no channel that can be selected and goes the portable way.
 *
 * <p>Tunnels count in the connector's {@code maxConnections}.
 */
final class TomcatAdapter implements ServerAdapter {

    private final PortableAdapter portable = new PortableAdapter(true);

    @Override
    public String name() {
        return "tomcat";
    }

    @Override
    public void takeOver(HttpServletRequest request, HttpServletResponse response, Consumer<Leg> client)
            throws IOException, ServletException {
        if (isNio(request)) {
            request.upgrade(TomcatUpgrade.class).handTo(client);
        } else {
            portable.takeOver(request, response, client);
        }
    }

    /** Tomcat logs other exceptions with their stack, for every response that is cut off. */
    @Override
    public void cutOff(HttpServletRequest request) throws IOException {
        throw new CloseNowException("the backend did not complete its response");
    }

    @Override
    public boolean cutOffNow(HttpServletRequest request) {
        Request connected = connected(ServerAdapter.unwrapped(request));
        if (connected == null) {
            return false;
        }
        connected
                .getCoyoteRequest()
                .action(ActionCode.CLOSE_NOW, new CloseNowException("the backend did not complete its response"));
        return true;
    }

    /**
     * Tomcat itself stops its applications first. An application that has Tomcat inside may not: Spring Boot takes the
     * connectors away before. When the last one of them stops, there will be no connection left.
     */
    @Override
    public Runnable warn(ServletContext context, Warning warning) {
        if (!(context.getAttribute(Globals.RESOURCES_ATTR) instanceof WebResourceRoot resources)
                || !(resources.getContext().getParent().getParent() instanceof Engine engine)) {
            return () -> {};
        }
        Service service = engine.getService();
        LifecycleListener listener = event -> {
            if (event.getType().equals(Lifecycle.BEFORE_STOP_EVENT)
                    && Stream.of(service.findConnectors())
                            .noneMatch(other -> other != event.getLifecycle()
                                    && other.getState().isAvailable())) {
                warning.stops();
            } else if (event.getType().equals(Lifecycle.AFTER_START_EVENT)) {
                warning.goesOn();
            }
        };
        List<Connector> connectors = List.of(service.findConnectors());
        connectors.forEach(connector -> connector.addLifecycleListener(listener));
        return () -> connectors.forEach(connector -> connector.removeLifecycleListener(listener));
    }

    private static boolean isNio(HttpServletRequest request) {
        ServletRequest innermost = ServerAdapter.unwrapped(request);
        if (!(innermost instanceof RequestFacade)) {
            return false;
        }
        Request connected = connected(innermost);
        // NIO is what Tomcat takes unless told otherwise.
        return connected == null
                || connected.getConnector().getProtocolHandlerClassName().endsWith("NioProtocol");
    }

    /** Tomcat's own request; null when it can't be had, as where the JVM's module options close Tomcat to reflection. */
    private static @Nullable Request connected(ServletRequest innermost) {
        try {
            Field field = RequestFacade.class.getDeclaredField("request");
            field.setAccessible(true);
            return (Request) field.get(innermost);
        } catch (ReflectiveOperationException | RuntimeException hidden) {
            return null;
        }
    }
}
