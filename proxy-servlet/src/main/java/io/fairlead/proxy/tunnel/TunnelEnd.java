package io.fairlead.proxy.tunnel;

import org.jspecify.annotations.Nullable;

/**
 * How a tunnel ended. A value, not an exception: networks end.
 *
 * @param reason who ended it, or what
 * @param account what it has carried
 * @param cause for {@link Reason#CLIENT_FAILED}, {@link Reason#BACKEND_FAILED}, {@link Reason#LIMIT},
 *     {@link Reason#PROTOCOL} and {@link Reason#FILTER}
 */
public record TunnelEnd(
        Reason reason, TunnelAccount account, @Nullable Throwable cause) {

    /** What passed from the client to the backend. */
    public Traffic toBackend() {
        return account.toBackend();
    }

    /** What passed from the backend to the client. */
    public Traffic toClient() {
        return account.toClient();
    }

    /**
     * What passed in one direction. All but the bytes is of WebSocket tunnels only, and of frames that were read whole.
     *
     * @param bytes that the destination's connection has taken
     * @param frames of all kinds
     * @param messages whose last frame has passed
     * @param closeCode of the Close frame; 1005 if it had none, 0 if there was no such frame
     * @param fault the first breach of the rules of framing, after which nothing is counted; null if there was none
     */
    public record Traffic(
            long bytes,
            long frames,
            long messages,
            long pings,
            long pongs,
            int closeCode,
            @Nullable String fault) {

        /** Of what has no frames. */
        public static Traffic ofBytes(long bytes) {
            return new Traffic(bytes, 0, 0, 0, 0, 0, null);
        }

        /** For the log. Not the generated one: on JDK 17 the method handles behind it keep a web application's class loader. */
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder().append(bytes).append(" bytes");
            if (frames > 0) {
                text.append(", ")
                        .append(frames)
                        .append(" frames, ")
                        .append(messages)
                        .append(" messages");
            }
            if (closeCode > 0) {
                text.append(", close ").append(closeCode);
            }
            return fault == null
                    ? text.toString()
                    : text.append(", ").append(fault).toString();
        }
    }

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
        /** A limit that is set was crossed; the cause names it. */
        LIMIT,
        /** A side broke the rules of framing, and the tunnel is to be closed for that. */
        PROTOCOL,
        /** A filter of a relay's closed it, or failed. */
        FILTER,
        /** It was older than it may get. */
        AGE,
        /** Its route was drained. */
        DRAINED,
        /** No byte came in time; one side may have ended its stream before. */
        IDLE,
        /** The server did not hand the client's connection over. */
        NOT_CONNECTED,
        /** The web application or its server stops. */
        SHUTDOWN
    }
}
