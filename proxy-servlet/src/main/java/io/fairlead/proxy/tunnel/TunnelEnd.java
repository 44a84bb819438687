package io.fairlead.proxy.tunnel;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How a tunnel ended. A value, not an exception: networks end.
 *
 * @param reason who ended it, or what
 * @param bytesToBackend payload bytes that the backend's socket has taken
 * @param bytesToClient payload bytes that the client's socket has taken
 * @param duration from the 101 to the end
 * @param cause for {@link Reason#CLIENT_FAILED} and {@link Reason#BACKEND_FAILED}
 */
public record TunnelEnd(
        Reason reason,
        long bytesToBackend,
        long bytesToClient,
        Duration duration,
        @Nullable Throwable cause) {

    /** Who ended a tunnel, or what. */
    public enum Reason {
        /** Both sides have ended their streams, the client first. */
        CLIENT_CLOSED,
        /** Both sides have ended their streams, the backend first. */
        BACKEND_CLOSED,
        /** The client's connection was reset or broke. */
        CLIENT_FAILED,
        /** The backend's connection was reset or broke. */
        BACKEND_FAILED,
        /** No byte came in time; one side may have ended its stream before. */
        IDLE,
        /** The server did not hand the client's connection over. */
        NOT_CONNECTED,
        /** The web application or its server stops. */
        SHUTDOWN
    }
}
