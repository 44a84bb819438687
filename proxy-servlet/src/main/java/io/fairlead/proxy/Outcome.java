package io.fairlead.proxy;

import io.fairlead.proxy.tunnel.TunnelAccount.RoundTrip;
import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * How one exchange with a client went, from its request to its end; of a tunnel that is still open: how it goes.
 *
 * <p>What passed is counted as the peers sent it: answers, pings and Close frames of Fairlead's own are not in it.
 *
 * @param route the servlet's name
 * @param path of the request, raw, without the query
 * @param client its address
 * @param backend host and port of the backend that it was sent to, the last one if to several; empty if to none
 * @param attempts to how many backends it was sent
 * @param start when the request was taken on
 * @param duration from there to the end, or until now
 * @param untilHead from the start to the head of the backend's answer, 101 or other; null if there was none
 * @param status that the client was sent; 0 if it was sent none
 * @param framed whether Fairlead followed frames in it: a tunnel of RFC 6455
 * @param relayed whether messages passed between two WebSockets, and not bytes: a tunnel of a route with {@code mode=relay}
 * @param toBackend HTTP: the bytes of the request's body; a tunnel: what passed
 * @param toClient HTTP: the bytes of the response's body; a tunnel: what passed
 * @param clientRoundTrip between Fairlead and the client; null if it has answered no ping
 * @param backendRoundTrip between Fairlead and the backend; null if it has answered no ping
 * @param endedBy null as long as it has not ended
 * @param cause the failure behind {@code endedBy}, without control characters; null if there was none
 * @param traceId the 32 hexadecimal digits of a valid {@code traceparent} (W3C Trace Context) of the request; else null
 * @param requestId that Fairlead's own answer names; null if the answer was the backend's
 */
public record Outcome(
        String route,
        Kind kind,
        String method,
        String path,
        String client,
        String backend,
        int attempts,
        Instant start,
        Duration duration,
        @Nullable Duration untilHead,
        int status,
        boolean framed,
        boolean relayed,
        Traffic toBackend,
        Traffic toClient,
        @Nullable RoundTrip clientRoundTrip,
        @Nullable RoundTrip backendRoundTrip,
        @Nullable EndedBy endedBy,
        @Nullable String cause,
        @Nullable String traceId,
        @Nullable String requestId) {

    /** What became of the request. */
    public enum Kind {
        /** A request and a response; also a handshake that was refused. */
        HTTP,
        /** Two joined connections, after the backend's 101. */
        TUNNEL
    }

    /** As in the log. Not the generated one: see {@link Route.ClientSettings#hashCode}. */
    @Override
    public String toString() {
        return OutcomeLog.text(this);
    }
}
