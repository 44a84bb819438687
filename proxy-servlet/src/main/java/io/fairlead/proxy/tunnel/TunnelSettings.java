package io.fairlead.proxy.tunnel;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a tunnel is held to.
 *
 * @param owner who opened it; {@link Tunnels#close} closes all of one owner
 * @param backend whatever tells one backend from another; {@link Tunnels#drain(Object, Object, Duration)} closes all of one
 * @param name for the log: the route
 * @param framed whether it carries RFC 6455 frames; otherwise any bytes
 * @param connectTimeout how long the backend's stream waits for the client's to be handed over
 * @param idleTimeout after so long without a byte in either direction the tunnel ends; zero: never
 * @param closeTimeout the same once one side has ended its stream; and how long a boundary between two frames is waited for
 *     when a tunnel is to be closed, and then the peers' Close frames
 * @param pingInterval how often each side of a framed tunnel is pinged; zero: never
 * @param pongTimeout how long a side has for a sign of life after a ping
 * @param maxAge after so long, less up to a tenth of it, the tunnel is closed; zero: never
 * @param rules for the frames of a framed tunnel
 */
public record TunnelSettings(
        Object owner,
        @Nullable Object backend,
        String name,
        boolean framed,
        Duration connectTimeout,
        Duration idleTimeout,
        Duration closeTimeout,
        Duration pingInterval,
        Duration pongTimeout,
        Duration maxAge,
        FrameRules rules) {}
