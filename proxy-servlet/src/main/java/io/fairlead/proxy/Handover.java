package io.fairlead.proxy;

import io.fairlead.proxy.Exchange.Resumption;
import io.fairlead.proxy.backend.Backend;
import io.fairlead.proxy.backend.Backends;
import io.fairlead.proxy.backend.Lease;
import io.fairlead.proxy.guard.Admission;
import io.fairlead.proxy.relay.Relay;
import io.fairlead.proxy.server.ServerAdapter;
import io.fairlead.proxy.tunnel.Leg;
import io.fairlead.proxy.tunnel.PromisedLeg;
import io.fairlead.proxy.tunnel.Tunnel;
import io.fairlead.proxy.tunnel.TunnelEnd;
import io.fairlead.proxy.tunnel.TunnelSettings;
import io.fairlead.proxy.tunnel.Tunnels;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpFields;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From a backend's 101 to a tunnel: the client gets its answer inside {@code service()}, then both connections are a loop's.
 *
 * <pre>
 *  switched ── Tunnels.open ── dispatch ── finish: the 101's head ── ServerAdapter.takeOver ── Tunnel.connect
 * </pre>
 *
 * <p>A backend of the draft hixie-76 may wait for the client's last 8 bytes before it says anything, and no server shows these
 * before a 101. So after a while of silence the client is answered first:
 *
 * <pre>
 *  promise ── Tunnels.open(PromisedLeg) ── dispatch ── finish: a head of ours ── … ── 8 bytes to the backend
 *  switched ── the backend's head is dropped ── Tunnel.fulfil
 * </pre>
 */
final class Handover {

    /** What a client is told that is to try again, and may then come to another instance. */
    static final String STOPPING = "The proxy is stopping.";

    private static final Logger LOG = LoggerFactory.getLogger(UpgradeProxyServlet.class);

    private final Object owner;
    private final Route route;
    private final Tunnels tunnels;
    private final ServerAdapter adapter;
    private final Backends backends;
    private final BooleanSupplier stopped;
    private final Outcomes outcomes;
    private final OutcomeDraft draft;
    private final HttpServletRequest request;
    private final UpgradeRequest upgrade;
    private final Exchange exchange;
    private final Admission admission;
    private final Ending ending;
    private final Runnable release;
    private final @Nullable Relay relay;
    private volatile @Nullable Tunnel promised;

    /**
     * @param owner of the tunnel: the servlet
     * @param stopped whether the servlet was destroyed, or is drained
     * @param admission closed when the tunnel ends; until the handover the exchange does that
     * @param draft of what becomes of it
     * @param relay gives the client's leg; null when the server adapter does
     */
    Handover(
            Object owner,
            Route route,
            Tunnels tunnels,
            ServerAdapter adapter,
            Backends backends,
            BooleanSupplier stopped,
            Outcomes outcomes,
            OutcomeDraft draft,
            HttpServletRequest request,
            UpgradeRequest upgrade,
            Exchange exchange,
            Admission admission,
            @Nullable Relay relay) {
        this.owner = owner;
        this.route = route;
        this.tunnels = tunnels;
        this.adapter = adapter;
        this.backends = backends;
        this.stopped = stopped;
        this.outcomes = outcomes;
        this.draft = draft;
        this.request = request;
        this.upgrade = upgrade;
        this.exchange = exchange;
        this.admission = admission;
        this.ending = new Ending(outcomes, draft);
        Attempts attempts = exchange.attempts();
        this.release = () -> {
            admission.close();
            attempts.close();
        };
        this.relay = relay;
    }

    /** The backend has switched protocols; a thread of the HTTP client's. */
    void switched(Response answer, Leg backend) {
        draft.head();
        if (exchange.handOver()) {
            boolean framed = BackendHandshake.isFramed(upgrade, answer.getHeaders());
            Lease lease = exchange.becomesTunnel();
            Admission place = admission;
            // Nothing else of the handshake is kept for as long as the tunnel lasts.
            Runnable over = () -> {
                place.close();
                if (lease != null) {
                    lease.close();
                }
            };
            answerClient(open(backend, framed, over), answer.getHeaders(), admission::opened);
            return;
        }
        Tunnel waiting = promised;
        if (waiting == null || !exchange.isPromised()) {
            backend.reset();
        } else {
            admission.opened();
            exchange.becomesTunnel();
            waiting.fulfil(backend);
        }
    }

    /** The backend is silent, and may wait for what follows the head; a thread of the timer's. */
    void promise() {
        PromisedLeg leg = new PromisedLeg(Hixie76.KEY3_LENGTH, exchange::sendBehindHead, () -> {
            if (exchange.isPromised()) {
                exchange.abort(new IOException("the client went away before the backend had answered"));
            }
        });
        // The backend may answer at this moment: then this is not the tunnel that counts.
        AtomicInteger untilOver = new AtomicInteger(2);
        Runnable over = () -> {
            if (untilOver.decrementAndGet() == 0) {
                release.run();
            }
        };
        Tunnel tunnel = open(leg, false, over);
        promised = tunnel;
        // The server may take the request back with the connection.
        String asked = Answers.clean(request.getMethod()) + " " + Answers.clean(request.getRequestURI());
        boolean first = exchange.promise(why -> broken(tunnel, asked, why));
        if (first) {
            over.run();
            // The handshake is not done before the backend has answered, too.
            answerClient(tunnel, Hixie76.answer(request), () -> {});
        } else if (tunnel != null) {
            ending.superseded = true;
            tunnel.abandon();
        }
    }

    private void broken(@Nullable Tunnel tunnel, String asked, Throwable why) {
        if (tunnel != null) {
            LOG.warn(
                    "{}: {}: the backend did not complete a handshake of hixie-76 after the client was answered: {}",
                    route.name(),
                    asked,
                    Answers.clean(String.valueOf(why.getMessage())));
            tunnel.breakPromise(new IOException("the backend did not complete the handshake", why));
        }
    }

    /** @param over run once, when the tunnel has ended, or has not come to be */
    private @Nullable Tunnel open(Leg backend, boolean framed, Runnable over) {
        Backend to = exchange.backend();
        TunnelSettings settings = new TunnelSettings(
                owner,
                to,
                route.name(),
                framed,
                route.closeTimeout(),
                route.idleTimeoutOfTunnel(framed),
                route.closeTimeout(),
                route.pingInterval(),
                route.pongTimeout(),
                route.maxTunnelAge(),
                route.rules());
        if (framed) {
            draft.framed();
        }
        Tunnel tunnel = null;
        try {
            tunnel = tunnels.open(backend, settings, draft, ending.after(over));
        } finally {
            if (tunnel == null) {
                over.run();
            }
        }
        Duration left = to == null ? null : backends.leftOfDrain(to);
        if (to != null && left != null) {
            // It began before the drain, or is a session's that the backend keeps.
            tunnels.drain(owner, to, left);
        }
        if (stopped.getAsBoolean() && tunnel != null) {
            // Meanwhile, so nobody else would close it.
            ending.superseded = true;
            tunnel.abandon();
            return null;
        }
        return tunnel;
    }

    /** @param joined run when the client's connection is the tunnel's */
    private void answerClient(@Nullable Tunnel tunnel, HttpFields head, Runnable joined) {
        if (tunnel != null) {
            outcomes.tunnelOpened();
        }
        if (tunnel != null) {
            exchange.ifClientGoes(tunnel::abandon);
        }
        request.setAttribute(
                Exchange.RESUME, (Resumption) (again, response) -> finish(again, response, head, tunnel, joined));
        try {
            request.getAsyncContext().dispatch();
        } catch (IllegalStateException clientIsGone) {
            LOG.debug("{}: the client did not wait for the 101", route.name(), clientIsGone);
            if (tunnel != null) {
                tunnel.abandon();
            }
        }
    }

    /** Back in service(): the client gets the 101, and its connection, or its stream, becomes the tunnel's. */
    private void finish(
            HttpServletRequest again,
            HttpServletResponse response,
            HttpFields head,
            @Nullable Tunnel tunnel,
            Runnable joined)
            throws IOException, ServletException {
        if (tunnel == null) {
            int status = HttpServletResponse.SC_SERVICE_UNAVAILABLE;
            String id = Answers.send(again, response, status, STOPPING, LOG, route.name(), null, false);
            EndedBy endedBy = outcomes.isStopping() ? EndedBy.SHUTDOWN : EndedBy.DRAIN;
            draft.answered(status, id);
            outcomes.ended(endedBy);
            outcomes.handshakeRefused();
            outcomes.tell(draft.http(endedBy, null, 0, 0));
            return;
        }
        Consumer<Leg> join = client -> {
            joined.run();
            tunnel.connect(client);
        };
        int status = upgrade.extendedConnect() ? HttpServletResponse.SC_OK : HttpServletResponse.SC_SWITCHING_PROTOCOLS;
        List<HttpField> fields = relay != null
                ? HopHeaders.relayed(head)
                : upgrade.extendedConnect() ? HopHeaders.connected(head) : HopHeaders.switchingProtocols(head);
        if (relay == null) {
            response.setStatus(status);
        }
        draft.answered(status);
        Exchange.copy(exchange.forClient(fields), response);
        exchange.addCookie(response);
        try {
            if (relay == null) {
                adapter.ifNotTakenOver(again, tunnel::abandon);
                adapter.takeOver(again, response, join);
            } else {
                relay.takeOver(
                        again,
                        response,
                        draft.client(),
                        head.getValuesList(BackendHandshake.EXTENSIONS),
                        head.get(BackendHandshake.SUBPROTOCOL),
                        join);
            }
        } catch (IOException | ServletException | RuntimeException refused) {
            try {
                if (response.isCommitted()) {
                    throw refused;
                }
                int unavailable = HttpServletResponse.SC_SERVICE_UNAVAILABLE;
                String sentence = "This connection cannot be upgraded now.";
                String id = Answers.send(again, response, unavailable, sentence, LOG, route.name(), refused, false);
                draft.answered(unavailable, id);
            } finally {
                tunnel.abandon();
            }
        }
    }

    /** Tells of the tunnel's end. With what is run then, it is all that a tunnel keeps of its handshake. */
    private static final class Ending {
        private final Outcomes outcomes;
        private final OutcomeDraft draft;

        /** Whether the client gets another answer, so that the tunnel is none of the client's. */
        private volatile boolean superseded;

        Ending(Outcomes outcomes, OutcomeDraft draft) {
            this.outcomes = outcomes;
            this.draft = draft;
        }

        /** Called in the loop's thread. */
        Consumer<TunnelEnd> after(Runnable over) {
            return end -> {
                over.run();
                if (!superseded) {
                    outcomes.tunnelEnded(draft, end);
                }
            };
        }
    }
}
