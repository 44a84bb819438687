package io.fairlead.launcher;

import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http2.WindowRateControl;
import org.eclipse.jetty.http2.server.AbstractHTTP2ServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes the two ports: HTTP/1.1 and HTTP/2 in the clear, and both over TLS, where ALPN chooses. In the clear HTTP/2 is for
 * those who know beforehand (RFC 9113 3.3); the old {@code Upgrade: h2c} is not taken.
 */
final class Listeners {
    /** How long a connection may be silent between and within requests. A tunnel has a limit of its own. */
    static final Duration IDLE_TIMEOUT = Duration.ofSeconds(30);

    /** Request line and headers together, in bytes. A longer request is answered with 414 or 431. */
    static final int REQUEST_HEADER_SIZE = 16 * 1024;

    /** The same of a response: what the servlet takes from a backend by default. */
    static final int RESPONSE_HEADER_SIZE = 32 * 1024;

    /** Requests and tunnels at a time on one HTTP/2 connection; a client opens another connection for more. */
    static final int STREAMS = 256;

    /** What one HTTP/2 stream may send before the first byte of it is taken, in bytes. */
    static final int STREAM_WINDOW = 128 * 1024;

    /** The same of a connection: room for all streams, so that those whose backends are slow stall no other. */
    static final int CONNECTION_WINDOW = STREAMS * STREAM_WINDOW;

    /**
     * Frames a second on one HTTP/2 connection that do no work by themselves: resets either way, pings, settings,
     * priorities, empty data. More of them end the connection. All streams may be reset twice.
     */
    static final int IDLE_FRAMES = 2 * STREAMS;

    static final UriCompliance AS_IT_COMES = new UriCompliance(
            "AS_IT_COMES",
            Set.copyOf(EnumSet.of(
                    UriCompliance.Violation.AMBIGUOUS_EMPTY_SEGMENT,
                    UriCompliance.Violation.AMBIGUOUS_PATH_SEPARATOR,
                    UriCompliance.Violation.AMBIGUOUS_PATH_ENCODING,
                    UriCompliance.Violation.BAD_UTF8_ENCODING,
                    UriCompliance.Violation.TRUNCATED_UTF8_ENCODING,
                    UriCompliance.Violation.SUSPICIOUS_PATH_CHARACTERS,
                    UriCompliance.Violation.ILLEGAL_PATH_CHARACTERS)));

    private Listeners() {}

    static ServerConnector clear(Server server, @Nullable String bind, int port) {
        HttpConfiguration http = configuration();
        ServerConnector connector = new ServerConnector(
                server, new HttpConnectionFactory(http), bounded(new PriorKnowledge(configuration())));
        return at(connector, bind, port);
    }

    static ServerConnector secure(Server server, @Nullable String bind, int port, ServerTls tls) {
        HttpConnectionFactory http = new HttpConnectionFactory(secureConfiguration());
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(http.getProtocol());
        ServerConnector connector = new ServerConnector(
                server,
                new SslConnectionFactory(tls.factory(), alpn.getProtocol()),
                alpn,
                bounded(new HTTP2ServerConnectionFactory(secureConfiguration())),
                http);
        return at(connector, bind, port);
    }

    private static ServerConnector at(ServerConnector connector, @Nullable String bind, int port) {
        connector.setHost(bind);
        connector.setPort(port);
        connector.setIdleTimeout(IDLE_TIMEOUT.toMillis());
        // A stop waits for requests, not for connections; a request whose backend is slow must not look idle meanwhile.
        connector.setShutdownIdleTimeout(IDLE_TIMEOUT.toMillis());
        return connector;
    }

    private static <F extends AbstractHTTP2ServerConnectionFactory> F bounded(F http2) {
        http2.setMaxConcurrentStreams(STREAMS);
        http2.setInitialStreamRecvWindow(STREAM_WINDOW);
        http2.setInitialSessionRecvWindow(CONNECTION_WINDOW);
        http2.setRateControlFactory(new WindowRateControl.Factory(IDLE_FRAMES));
        return http2;
    }

    private static HttpConfiguration configuration() {
        HttpConfiguration http = new HttpConfiguration();
        http.setUriCompliance(AS_IT_COMES);
        http.setRequestHeaderSize(REQUEST_HEADER_SIZE);
        http.setResponseHeaderSize(RESPONSE_HEADER_SIZE);
        http.setMaxResponseHeaderSize(RESPONSE_HEADER_SIZE);
        http.setSendServerVersion(false);
        return http;
    }

    /** The Host may be any, as in the clear: it need not be a name in the certificate. No HSTS of our own. */
    private static HttpConfiguration secureConfiguration() {
        HttpConfiguration https = configuration();
        SecureRequestCustomizer secure = new SecureRequestCustomizer();
        secure.setSniHostCheck(false);
        secure.setSniRequired(false);
        https.addCustomizer(secure);
        return https;
    }

    /** HTTP/2 for a client that begins with its preface; an HTTP/1.1 request that asks for h2c stays what it is. */
    private static final class PriorKnowledge extends HTTP2CServerConnectionFactory {
        PriorKnowledge(HttpConfiguration configuration) {
            super(configuration);
        }

        @Override
        public @Nullable Connection upgradeConnection(
                Connector connector, EndPoint endPoint, MetaData.Request request, HttpFields.Mutable response101) {
            return request.getHttpVersion() == HttpVersion.HTTP_2
                    ? super.upgradeConnection(connector, endPoint, request, response101)
                    : null;
        }
    }
}
