package io.fairlead.proxy.tunnel;

import java.time.Duration;

/**
 * What a tunnel is held to.
 *
 * @param owner who opened it; {@link Tunnels#close} closes all of one owner
 * @param name for the log: the route
 * @param framed whether it carries RFC 6455 frames; otherwise any bytes
 * @param connectTimeout how long the backend's stream waits for the client's to be handed over
 * @param idleTimeout after so long without a byte in either direction the tunnel ends; zero: never
 * @param halfClosedTimeout the same once one side has ended its stream
 */
public record TunnelSettings(
        Object owner,
        String name,
        boolean framed,
        Duration connectTimeout,
        Duration idleTimeout,
        Duration halfClosedTimeout) {}
