package io.fairlead.proxy;

import io.fairlead.proxy.server.ServerAdapters;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is set for one route, checked. One servlet is one route.
 *
 * <p>The settings, their defaults and units are in the README's table; {@link RouteSettings} reads them.
 *
 * @param name the servlet's name, for the log
 * @param target scheme, host and port of the backend
 * @param targetPath what replaces {@code prefix}, without a slash at its end; empty or absolute
 * @param prefix what is removed from the request's path: context path and the {@code prefix} setting
 */
record Route(
        String name,
        URI target,
        String targetPath,
        String prefix,
        boolean preserveHost,
        @Nullable String hostHeader,
        @Nullable String viaHost,
        UpgradePolicy upgrade,
        Duration timeout,
        Duration idleTimeout,
        Duration handshakeTimeout,
        Duration tunnelIdleTimeout,
        Duration closeTimeout,
        Duration undeployDrain,
        ServerAdapters.Choice serverAdapter,
        ClientSettings client,
        LoopSettings loops) {

    /** Which Upgrade requests a route carries. */
    enum UpgradePolicy {
        /** {@code Upgrade: websocket} of any age. */
        WEBSOCKET,
        /** Every token but those that change the HTTP version or the transport security. */
        ANY,
        /** None: an Upgrade header is dropped and the request goes on as plain HTTP. */
        OFF
    }

    /** What the HTTP client of a route is made with. Routes with equal ones share a client. */
    record ClientSettings(
            int maxThreads,
            int maxConnections,
            int selectors,
            Duration connectTimeout,
            Duration idleTimeout,
            int requestBufferSize,
            int responseBufferSize,
            int maxRequestHeadersSize,
            int maxResponseHeadersSize) {

        private List<Object> values() {
            return List.of(
                    maxThreads,
                    maxConnections,
                    selectors,
                    connectTimeout,
                    idleTimeout,
                    requestBufferSize,
                    responseBufferSize,
                    maxRequestHeadersSize,
                    maxResponseHeadersSize);
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

    /** What the tunnel loops of a route are made with. Routes with equal ones share the loops. */
    record LoopSettings(int threads, int bufferSize) {

        /** Not the generated one: see {@link ClientSettings#hashCode}. */
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof LoopSettings that && threads == that.threads && bufferSize == that.bufferSize;
        }

        /** Not the generated one: see {@link ClientSettings#hashCode}. */
        @Override
        public int hashCode() {
            return 31 * threads + bufferSize;
        }
    }
}
