package io.fairlead.proxy;

import io.fairlead.proxy.guard.LimitSettings;
import io.fairlead.proxy.relay.RelaySettings;
import io.fairlead.proxy.server.ServerAdapters;
import io.fairlead.proxy.tunnel.FrameRules;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is set for one route, checked. One servlet is one route.
 *
 * <p>The settings, their defaults and units are in the README's table; {@link RouteSettings} reads them.
 *
 * @param name the servlet's name, for the log
 * @param prefix what is removed from the request's path: context path and the {@code prefix} setting
 * @param relay null when tunnels carry bytes, which is {@code mode=tunnel}
 * @param hiddenTransports taken out of the list in an answer of Socket.IO 0.9
 */
record Route(
        String name,
        BackendSettings backends,
        String prefix,
        boolean preserveHost,
        @Nullable String hostHeader,
        @Nullable String viaHost,
        UpgradePolicy upgrade,
        Duration timeout,
        Duration idleTimeout,
        Duration sendTimeout,
        Duration handshakeTimeout,
        @Nullable Duration tunnelIdleTimeout,
        Duration pingInterval,
        Duration pongTimeout,
        Duration closeTimeout,
        Duration maxTunnelAge,
        FrameRules frameRules,
        Duration undeployDrain,
        TrustedProxies trustedProxies,
        LimitSettings limits,
        ResponseRewrite rewrite,
        Set<String> hiddenTransports,
        ServerAdapters.Choice serverAdapter,
        ClientSettings client,
        LoopSettings loops,
        @Nullable RelaySettings relay) {

    /** What a tunnel without a byte ends after, when the user does not say; pings end those that are dead. */
    private static final Duration IDLE_TUNNEL = Duration.ofHours(1);

    /** Zero for never. */
    Duration idleTimeoutOfTunnel(boolean framed) {
        Duration set = tunnelIdleTimeout;
        if (set != null) {
            return set;
        }
        return framed && !pingInterval.isZero() ? Duration.ZERO : IDLE_TUNNEL;
    }

    /** For the log and JMX. */
    String mode() {
        return (relay == null ? Mode.TUNNEL : Mode.RELAY).name().toLowerCase(Locale.ROOT);
    }

    /** The rules for its frames. A relay follows them, so it carries nothing on that is no frame. */
    FrameRules rules() {
        return relay == null ? frameRules : frameRules.closingAtFault();
    }

    /** What passes between a client and a backend after the 101. */
    enum Mode {
        /** Bytes, unchanged. */
        TUNNEL,
        /** Messages, between a WebSocket that the server ends and one of our own to the backend. */
        RELAY
    }

    /** Which Upgrade requests a route carries. */
    enum UpgradePolicy {
        /** {@code Upgrade: websocket} of any age. */
        WEBSOCKET,
        /** Every token but those that change the HTTP version or the transport security. */
        ANY,
        /** None: an Upgrade header is dropped and the request goes on as plain HTTP. */
        OFF
    }

    /** What becomes of a WebSocket tunnel in which a side breaks the rules of framing. */
    enum ProtocolErrors {
        /** It is carried on, as bytes. */
        PASS,
        /** It is closed, by 1002. */
        CLOSE
    }

    /**
     * What the HTTP client of a route is made with. Routes with equal ones share a client.
     *
     * @param tls null when the backend is spoken to in clear text
     */
    record ClientSettings(
            int maxThreads,
            int maxConnections,
            int selectors,
            Duration connectTimeout,
            Duration idleTimeout,
            int requestBufferSize,
            int responseBufferSize,
            int maxRequestHeadersSize,
            int maxResponseHeadersSize,
            @Nullable TlsSettings tls) {

        private List<@Nullable Object> values() {
            return Arrays.asList(
                    maxThreads,
                    maxConnections,
                    selectors,
                    connectTimeout,
                    idleTimeout,
                    requestBufferSize,
                    responseBufferSize,
                    maxRequestHeadersSize,
                    maxResponseHeadersSize,
                    tls);
        }

        /** Not the generated one: see {@link #hashCode}. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof ClientSettings that && values().equals(that.values());
        }

        /** Not the generated one: on JDK 17 the method handles behind it keep the class loader of a web application. */
        @Override
        public int hashCode() {
            return values().hashCode();
        }
    }

    /**
     * TLS to a backend.
     *
     * @param trustStore null: what the JVM trusts
     * @param keyStore null: no certificate is shown
     * @param key null when it is in {@code keyStore}
     * @param serverName asked for and verified; null: the target's host
     */
    record TlsSettings(
            boolean verify,
            @Nullable String serverName,
            @Nullable Path trustStore,
            @Nullable String trustStorePassword,
            @Nullable Path keyStore,
            @Nullable Path key,
            @Nullable String keyStorePassword) {

        private List<@Nullable Object> values() {
            return Arrays.asList(verify, serverName, trustStore, trustStorePassword, keyStore, key, keyStorePassword);
        }

        /** Not the generated one: see {@link ClientSettings#hashCode}. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof TlsSettings that && values().equals(that.values());
        }

        /** Not the generated one: see {@link ClientSettings#hashCode}. */
        @Override
        public int hashCode() {
            return values().hashCode();
        }

        /** Without the passwords. */
        @Override
        public String toString() {
            return "TlsSettings[verify=" + verify + ", serverName=" + serverName + ", trustStore=" + trustStore
                    + ", keyStore=" + keyStore + ", key=" + key + "]";
        }
    }

    /** What the tunnel loops of a route are made with. Routes with equal ones share the loops. */
    record LoopSettings(int threads, int bufferSize, long memory) {

        /** Not the generated one: see {@link ClientSettings#hashCode}. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof LoopSettings that
                    && threads == that.threads
                    && bufferSize == that.bufferSize
                    && memory == that.memory;
        }

        /** Not the generated one: see {@link ClientSettings#hashCode}. */
        @Override
        public int hashCode() {
            return 31 * (31 * threads + bufferSize) + Long.hashCode(memory);
        }
    }
}
