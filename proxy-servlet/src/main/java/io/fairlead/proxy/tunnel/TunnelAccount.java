package io.fairlead.proxy.tunnel;

import io.fairlead.proxy.tunnel.TunnelEnd.Traffic;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a tunnel has carried: so far, or in all.
 *
 * @param about what its opener gave along
 * @param toBackend what passed from the client to the backend
 * @param toClient what passed from the backend to the client
 * @param clientRoundTrip null as long as the client has answered no ping
 * @param backendRoundTrip null as long as the backend has answered no ping
 * @param duration since it was opened, after the backend's 101
 * @param closedBy whose Close frame came first, before its stream ended or Fairlead closed; null if there was none
 */
public record TunnelAccount(
        Object about,
        Traffic toBackend,
        Traffic toClient,
        @Nullable RoundTrip clientRoundTrip,
        @Nullable RoundTrip backendRoundTrip,
        Duration duration,
        @Nullable Peer closedBy) {

    /** Who is at an end of a tunnel. */
    public enum Peer {
        CLIENT,
        BACKEND
    }

    /**
     * The time from a ping to its pong on one leg.
     *
     * @param last of the latest ping that was answered
     * @param smoothed over some pings
     */
    public record RoundTrip(Duration last, Duration smoothed) {}
}
