package io.fairlead.relay;

import io.fairlead.proxy.relay.Relay;
import io.fairlead.proxy.relay.RelaySettings;
import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.relay.FilterChain.NamedFilter;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Extension;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The relay of one route: its filters, its threads, and how the server is asked to end a client's WebSocket. */
final class RouteRelay implements Relay {

    private final RelaySettings settings;
    private final Map<String, RouteFilter> filters;
    private @Nullable RelayPool pool;
    private boolean closed;

    /** @param filters by name, in their order */
    RouteRelay(RelaySettings settings, Map<String, RouteFilter> filters) {
        this.settings = settings;
        this.filters = filters;
    }

    private static @Nullable ServerContainer container(ServletContext context) {
        return context.getAttribute(Relays.CONTAINER) instanceof ServerContainer container ? container : null;
    }

    private synchronized RelayPool pool() throws IOException {
        if (closed) {
            throw new IOException("the relay is closed");
        }
        RelayPool threads = pool;
        if (threads == null) {
            threads = new RelayPool(settings.route(), settings.threads());
            pool = threads;
        }
        return threads;
    }

    @Override
    public @Nullable String offer(List<String> asked) {
        return isOffered(asked) ? Deflate.NAME : null;
    }

    private boolean isOffered(List<String> asked) {
        return settings.deflate() && Deflate.isAmong(asked);
    }

    @Override
    public @Nullable String fault(List<String> asked, List<String> chosen) {
        try {
            Deflate.chosen(chosen, isOffered(asked));
            return null;
        } catch (IllegalArgumentException wrong) {
            return wrong.getMessage();
        }
    }

    @Override
    public void takeOver(
            HttpServletRequest request,
            HttpServletResponse response,
            String clientAddress,
            List<String> chosen,
            @Nullable String subprotocol,
            Consumer<Leg> client)
            throws IOException, ServletException {
        ServerContainer container = container(request.getServletContext());
        if (container == null) {
            throw new IOException("the server has no Jakarta WebSocket");
        }
        RelayPool threads = pool();
        Conversation about = new Conversation(
                settings.route(),
                HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt()),
                clientAddress,
                request.getRequestURI(),
                request.getUserPrincipal(),
                subprotocol);
        Deflate deflate = Deflate.chosen(chosen, true);
        Function<Session, MessageLeg> opening = session -> leg(session, about, threads, deflate, client);
        RegisteredEndpoint registered = RegisteredEndpoint.of(request.getServletContext());
        try {
            if (registered == null) {
                RelayEndpoint endpoint = new RelayEndpoint(opening);
                ServerEndpointConfig config = ServerEndpointConfig.Builder.create(RelayEndpoint.class, "/")
                        .subprotocols(subprotocol == null ? List.of() : List.of(subprotocol))
                        .configurator(new Handshake(endpoint, subprotocol, settings.deflate()))
                        .build();
                container.upgradeHttpToWebSocket(request, response, config, Collections.emptyMap());
            } else {
                registered.upgrade(
                        container, request, response, new Negotiation(subprotocol, settings.deflate()), opening);
            }
        } catch (DeploymentException refused) {
            throw new IOException("the server did not take the WebSocket", refused);
        }
        boolean http1 = request.getProtocol().startsWith("HTTP/1.");
        if (http1 && !response.isCommitted() && response.getStatus() != HttpServletResponse.SC_SWITCHING_PROTOCOLS) {
            throw new IOException("the server did not finish the WebSocket handshake");
        }
    }

    private MessageLeg leg(
            Session session, Conversation about, RelayPool threads, @Nullable Deflate deflate, Consumer<Leg> client) {
        List<NamedFilter> opened = new ArrayList<>();
        try {
            filters.forEach((name, filter) -> opened.add(new NamedFilter(name, filter.open(about))));
            return new MessageLeg(
                    about,
                    new ClientSession(session, threads, settings.closeTimeout()),
                    Pausing.of(session),
                    threads,
                    settings.buffer(),
                    opened,
                    deflate,
                    client);
        } catch (RuntimeException failure) {
            opened.forEach(filter -> filter.end(about.route()));
            throw failure;
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        RelayPool threads = pool;
        pool = null;
        if (threads != null) {
            threads.close();
        }
    }

    /** What the server asks while it answers one handshake. */
    private static class Negotiation extends ServerEndpointConfig.Configurator {

        private final String subprotocol;
        private final boolean deflate;

        Negotiation(@Nullable String subprotocol, boolean deflate) {
            this.subprotocol = subprotocol == null ? "" : subprotocol;
            this.deflate = deflate;
        }

        /** The backend has chosen. */
        @Override
        public String getNegotiatedSubprotocol(List<String> supported, List<String> requested) {
            return subprotocol;
        }

        @Override
        public List<Extension> getNegotiatedExtensions(List<Extension> installed, List<Extension> requested) {
            boolean has = installed.stream().anyMatch(extension -> Deflate.NAME.equals(extension.getName()));
            return !deflate || !has
                    ? List.of()
                    : requested.stream()
                            .filter(extension -> Deflate.NAME.equals(extension.getName()))
                            .limit(1)
                            .toList();
        }

        /** The backend has seen it, and has answered. */
        @Override
        public boolean checkOrigin(String origin) {
            return true;
        }
    }

    private static final class Handshake extends Negotiation {

        private final RelayEndpoint endpoint;

        Handshake(RelayEndpoint endpoint, @Nullable String subprotocol, boolean deflate) {
            super(subprotocol, deflate);
            this.endpoint = endpoint;
        }

        @Override
        public <T> T getEndpointInstance(Class<T> type) throws InstantiationException {
            if (!type.isInstance(endpoint)) {
                throw new InstantiationException(type.getName());
            }
            return type.cast(endpoint);
        }
    }
}
