package io.fairlead.proxy;

import io.fairlead.proxy.tunnel.TunnelAccount;
import io.fairlead.proxy.tunnel.TunnelEnd;
import jakarta.servlet.http.HttpServletRequest;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The exchanges of one route: counted, and told of at their end, each once.
 *
 * <p>Thread-safe. Of a request that nobody wants to be told of there is no draft, so it costs two counts.
 */
final class Outcomes {

    private static final Logger LOG = LoggerFactory.getLogger(UpgradeProxyServlet.class);

    /** Held here so that it is known, to those who set levels by JMX, before the first request. */
    private static final Logger REQUESTS = OutcomeLog.HTTP;

    private final Route route;
    private final Consumer<Outcome> listener;
    private final boolean always;
    private final LongAdder requests = new LongAdder();
    private final LongAdder handshakesRefused = new LongAdder();
    private final LongAdder tunnelsOpened = new LongAdder();
    private final LongAdder openTunnels = new LongAdder();
    private final Map<EndedBy, LongAdder> requestsEnded = counters();
    private final Map<EndedBy, LongAdder> tunnelsEnded = counters();
    private final AtomicBoolean listenerFailed = new AtomicBoolean();
    private volatile boolean stopping;

    /**
     * @param listener told of each end; must not block
     * @param always whether it wants to be told of requests without a tunnel even if the log does not
     */
    Outcomes(Route route, Consumer<Outcome> listener, boolean always) {
        this.route = route;
        this.listener = listener;
        this.always = always;
    }

    private static Map<EndedBy, LongAdder> counters() {
        Map<EndedBy, LongAdder> counters = new EnumMap<>(EndedBy.class);
        for (EndedBy endedBy : EndedBy.values()) {
            counters.put(endedBy, new LongAdder());
        }
        return counters;
    }

    // ---- as it happens

    /** A request has come; not counted when it comes back from a dispatch. */
    void requested() {
        requests.increment();
    }

    /** What becomes the outcome of a request from which no tunnel can come; null if nobody wants it. */
    @Nullable
    OutcomeDraft draftIfWanted(HttpServletRequest request) {
        return always || REQUESTS.isDebugEnabled() ? draft(request) : null;
    }

    /** What becomes an outcome, perhaps of a tunnel. */
    OutcomeDraft draft(HttpServletRequest request) {
        return new OutcomeDraft(
                route,
                request.getMethod(),
                request.getRequestURI(),
                client(request),
                TraceParent.traceId(request.getHeader("traceparent")));
    }

    private String client(HttpServletRequest request) {
        return ClientAddress.of(request.getRemoteAddr(), request.getHeaders("X-Forwarded-For"), route.trustedProxies())
                .text();
    }

    /** An exchange without a tunnel is over. */
    void ended(EndedBy endedBy) {
        count(requestsEnded, endedBy);
    }

    /** A handshake is over without a tunnel, by whoever's will. */
    void handshakeRefused() {
        handshakesRefused.increment();
    }

    /** Fairlead has answered a request without asking the backend. */
    void refused(HttpServletRequest request, int status, String id, EndedBy endedBy) {
        ended(endedBy);
        OutcomeDraft draft = draftIfWanted(request);
        if (draft != null) {
            draft.answered(status, id);
            tell(draft.http(endedBy, null, 0, 0));
        }
    }

    /** A backend's 101 is there. */
    void tunnelOpened() {
        tunnelsOpened.increment();
        openTunnels.increment();
    }

    /** Each tunnel that was {@linkplain #tunnelOpened opened} ends here. */
    void tunnelEnded(OutcomeDraft draft, TunnelEnd end) {
        openTunnels.decrement();
        EndedBy endedBy = endedBy(end, draft.isAnsweredByUs());
        count(tunnelsEnded, endedBy);
        Throwable cause = end.cause();
        tell(draft.tunnel(end.account(), endedBy, cause == null ? null : Answers.describe(cause)));
    }

    private EndedBy endedBy(TunnelEnd end, boolean refused) {
        return switch (end.reason()) {
            // What follows a Close frame, in whatever order, was its sender's will.
            case CLIENT_CLOSED, CLIENT_FAILED -> closedBy(end.account(), EndedBy.CLIENT);
            case BACKEND_CLOSED, BACKEND_FAILED -> closedBy(end.account(), EndedBy.BACKEND);
            case IDLE -> EndedBy.IDLE;
            case NOT_CONNECTED -> stopping ? EndedBy.SHUTDOWN : refused ? EndedBy.REFUSED : EndedBy.CLIENT;
            case LIMIT -> EndedBy.LIMIT;
            case PROTOCOL -> EndedBy.PROTOCOL;
            case FILTER -> EndedBy.FILTER;
            case AGE -> EndedBy.AGE;
            case DRAINED -> EndedBy.DRAIN;
            case SHUTDOWN -> EndedBy.SHUTDOWN;
        };
    }

    private static EndedBy closedBy(TunnelAccount account, EndedBy otherwise) {
        TunnelAccount.Peer closer = account.closedBy();
        return closer == null ? otherwise : closer == TunnelAccount.Peer.CLIENT ? EndedBy.CLIENT : EndedBy.BACKEND;
    }

    private static void count(Map<EndedBy, LongAdder> counters, EndedBy endedBy) {
        LongAdder counter = counters.get(endedBy);
        if (counter != null) {
            counter.increment();
        }
    }

    /** Hands an outcome to the listener, whose failures are its own. */
    void tell(Outcome outcome) {
        try {
            listener.accept(outcome);
        } catch (RuntimeException failure) {
            if (listenerFailed.compareAndSet(false, true)) {
                LOG.warn(
                        "{}: exchangeEnded failed, of which nothing more is said at this level", route.name(), failure);
            } else {
                LOG.debug("{}: exchangeEnded failed", route.name(), failure);
            }
        }
    }

    /** The route is being destroyed: what fails from now on fails for that. */
    void stop() {
        stopping = true;
    }

    boolean isStopping() {
        return stopping;
    }

    // ---- so far

    long requests() {
        return requests.sum();
    }

    long handshakesRefused() {
        return handshakesRefused.sum();
    }

    long tunnelsOpened() {
        return tunnelsOpened.sum();
    }

    long openTunnels() {
        // Its end may be told of before its beginning.
        return Math.max(0, openTunnels.sum());
    }

    Map<EndedBy, Long> requestsEnded() {
        return sums(requestsEnded);
    }

    Map<EndedBy, Long> tunnelsEnded() {
        return sums(tunnelsEnded);
    }

    private static Map<EndedBy, Long> sums(Map<EndedBy, LongAdder> counters) {
        Map<EndedBy, Long> sums = new EnumMap<>(EndedBy.class);
        counters.forEach((endedBy, counter) -> sums.put(endedBy, counter.sum()));
        return sums;
    }
}
