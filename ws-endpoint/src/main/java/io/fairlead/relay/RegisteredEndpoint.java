package io.fairlead.relay;

import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Extension;
import jakarta.websocket.HandshakeResponse;
import jakarta.websocket.Session;
import jakarta.websocket.server.HandshakeRequest;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The one endpoint of all relays of an application, where the server is Tyrus (GlassFish, Payara): its {@code
 * upgradeHttpToWebSocket} takes only the path of what it is given, and looks for an endpoint that was registered there while the
 * application started.
 *
 * <p>Each handshake goes by a path of its own. Who asks for such a path without having been sent there by a relay is refused, or,
 * as Tyrus looks at an Origin only where there is one, closed at once (1008).
 *
 * <p>Thread-safe.
 */
final class RegisteredEndpoint {

    private static final String ATTRIBUTE = RegisteredEndpoint.class.getName();
    private static final String HANDSHAKE = "handshake";

    /** More handshakes than are ever between their answer and their session; the rest lost their clients there. */
    private static final int MOST_WAITING = 1_024;

    /** The handshake that this thread has Tyrus finish. */
    private final ThreadLocal<ServerEndpointConfig.Configurator> current = new ThreadLocal<>();

    /** Guarded by itself. */
    private final Map<String, Function<Session, MessageLeg>> waiting = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Function<Session, MessageLeg>> eldest) {
            return size() > MOST_WAITING;
        }
    };

    /** Whether a server has to be told of relays before its applications have started. */
    static boolean isNeeded(Object container) {
        return container.getClass().getName().startsWith("org.glassfish.tyrus.");
    }

    /** Null when there was no listener to register it. */
    static @Nullable RegisteredEndpoint of(ServletContext context) {
        return context.getAttribute(ATTRIBUTE) instanceof RegisteredEndpoint registered ? registered : null;
    }

    static void register(Object container, ServletContext context) {
        RegisteredEndpoint registered = new RegisteredEndpoint();
        try {
            ((ServerContainer) container)
                    .addEndpoint(ServerEndpointConfig.Builder.create(RelayEndpoint.class, path())
                            .configurator(registered.new ByThread())
                            .build());
        } catch (DeploymentException refused) {
            throw new IllegalStateException("The endpoint of routes with mode=relay cannot be registered", refused);
        }
        context.setAttribute(ATTRIBUTE, registered);
    }

    private static String path() {
        return "/-/relay/{" + HANDSHAKE + "}";
    }

    /**
     * Has the server finish a handshake.
     *
     * @param negotiation what is asked about it
     * @param opening makes the leg of its session
     */
    void upgrade(
            ServerContainer container,
            HttpServletRequest request,
            HttpServletResponse response,
            ServerEndpointConfig.Configurator negotiation,
            Function<Session, MessageLeg> opening)
            throws IOException, DeploymentException {
        String handshake = UUID.randomUUID().toString();
        synchronized (waiting) {
            waiting.put(handshake, opening);
        }
        current.set(negotiation);
        boolean upgraded = false;
        try {
            ServerEndpointConfig config = ServerEndpointConfig.Builder.create(RelayEndpoint.class, path())
                    .build();
            container.upgradeHttpToWebSocket(request, response, config, Map.of(HANDSHAKE, handshake));
            upgraded = response.isCommitted();
        } finally {
            current.remove();
            if (!upgraded) {
                claim(handshake);
            }
        }
    }

    private @Nullable Function<Session, MessageLeg> claim(@Nullable String handshake) {
        synchronized (waiting) {
            return waiting.remove(handshake);
        }
    }

    private @Nullable MessageLeg open(Session session) {
        Function<Session, MessageLeg> opening =
                claim(session.getPathParameters().get(HANDSHAKE));
        return opening == null ? null : opening.apply(session);
    }

    /** What Tyrus asks is asked of the handshake that the thread finishes. */
    private final class ByThread extends ServerEndpointConfig.Configurator {

        @Override
        public boolean checkOrigin(String origin) {
            ServerEndpointConfig.Configurator negotiation = current.get();
            return negotiation != null && negotiation.checkOrigin(origin);
        }

        @Override
        public String getNegotiatedSubprotocol(List<String> supported, List<String> requested) {
            ServerEndpointConfig.Configurator negotiation = current.get();
            return negotiation == null ? "" : negotiation.getNegotiatedSubprotocol(supported, requested);
        }

        @Override
        public List<Extension> getNegotiatedExtensions(List<Extension> installed, List<Extension> requested) {
            ServerEndpointConfig.Configurator negotiation = current.get();
            return negotiation == null ? List.of() : negotiation.getNegotiatedExtensions(installed, requested);
        }

        @Override
        public void modifyHandshake(ServerEndpointConfig config, HandshakeRequest request, HandshakeResponse response) {
            // The rest of the head is set already.
        }

        @Override
        public <T> T getEndpointInstance(Class<T> type) throws InstantiationException {
            RelayEndpoint endpoint = new RelayEndpoint(RegisteredEndpoint.this::open);
            if (!type.isInstance(endpoint)) {
                throw new InstantiationException(type.getName());
            }
            return type.cast(endpoint);
        }
    }
}
