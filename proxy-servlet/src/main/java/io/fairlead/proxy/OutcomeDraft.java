package io.fairlead.proxy;

import io.fairlead.proxy.Outcome.Kind;
import io.fairlead.proxy.tunnel.TunnelAccount;
import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What is known of an exchange before its end. It keeps nothing of the server's, which may use a request for another client.
 *
 * <p>Thread-safe.
 */
final class OutcomeDraft {

    private final Route route;
    private final String method;
    private final String path;
    private final String client;
    private final @Nullable String traceId;
    private final Instant start = Instant.now();
    private final long startNanos = System.nanoTime();
    /** In nanoseconds; negative as long as there is none. */
    private volatile long untilHead = -1;

    private volatile int status;
    private volatile @Nullable String requestId;
    private volatile boolean framed;
    private volatile String backend = "";
    private volatile int attempts;

    OutcomeDraft(Route route, String method, String path, String client, @Nullable String traceId) {
        this.route = route;
        this.method = method;
        this.path = path;
        this.client = client;
        this.traceId = traceId;
    }

    /** The client's address. */
    String client() {
        return client;
    }

    /** It is sent to a backend, perhaps after others. */
    void sent(String to) {
        backend = to;
        attempts++;
    }

    /** The head of the backend's answer is there. */
    void head() {
        untilHead = System.nanoTime() - startNanos;
    }

    /** The client is answered by the backend's status. */
    void answered(int with) {
        status = with;
    }

    /** The client is answered by Fairlead. */
    void answered(int with, String id) {
        status = with;
        requestId = id;
    }

    boolean isAnsweredByUs() {
        return requestId != null;
    }

    /** The tunnel that follows carries RFC 6455 frames. */
    void framed() {
        framed = true;
    }

    /**
     * How an exchange without a tunnel went.
     *
     * @param up bytes of the request's body
     * @param down bytes of the response's body
     */
    Outcome http(EndedBy endedBy, @Nullable String cause, long up, long down) {
        return new Outcome(
                route.name(),
                Kind.HTTP,
                method,
                path,
                client,
                backend,
                attempts,
                start,
                elapsed(),
                untilHead(),
                status,
                false,
                false,
                Traffic.ofBytes(up),
                Traffic.ofBytes(down),
                null,
                null,
                endedBy,
                cause,
                traceId,
                requestId);
    }

    /** How a tunnel went; with {@code endedBy} null, how it goes. */
    Outcome tunnel(TunnelAccount account, @Nullable EndedBy endedBy, @Nullable String cause) {
        return new Outcome(
                route.name(),
                Kind.TUNNEL,
                method,
                path,
                client,
                backend,
                attempts,
                start,
                elapsed(),
                untilHead(),
                status,
                framed,
                route.relay() != null,
                account.toBackend(),
                account.toClient(),
                account.clientRoundTrip(),
                account.backendRoundTrip(),
                endedBy,
                cause,
                traceId,
                requestId);
    }

    private @Nullable Duration untilHead() {
        long nanos = untilHead;
        return nanos < 0 ? null : Duration.ofNanos(nanos);
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }
}
