package io.fairlead.doctor;

/**
 * How one backend of a route took a WebSocket handshake and a ping from the server.
 *
 * @param route the servlet's name
 * @param backend host and port
 * @param path that was asked for
 * @param reached the last stage that went well
 * @param status of the backend's answer to the handshake; 0 without one
 * @param reason a sentence; empty if all is well
 */
public record RouteLeg(String route, String backend, String path, Stage reached, int status, String reason) {

    /** In order. */
    public enum Stage {
        NOTHING,
        CONNECTION,
        TLS,
        ANSWER,
        HANDSHAKE,
        PONG
    }
}
