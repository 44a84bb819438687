package io.fairlead.proxy;

import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.tls.HandshakeTimeoutException;
import io.fairlead.proxy.tls.KeyMaterial;
import io.fairlead.proxy.tls.TlsFileException;
import io.fairlead.proxy.tls.TrustMaterial;
import io.fairlead.proxy.tls.Verifier;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.TrustManager;
import org.eclipse.jetty.client.Connection;
import org.eclipse.jetty.client.transport.internal.HttpConnectionOverHTTP;
import org.eclipse.jetty.io.ClientConnectionFactory;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.ssl.SslClientConnectionFactory;
import org.eclipse.jetty.io.ssl.SslConnection;
import org.eclipse.jetty.io.ssl.SslHandshakeListener;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.eclipse.jetty.util.thread.Scheduler;
import org.jspecify.annotations.Nullable;

/**
 * TLS towards backends, for Jetty's client: which certificates are accepted, for which name, and which is shown.
 *
 * <p>The name is that of the address connected to, or the one that is set; the {@code Host} of a request has no part in
 * it.
 */
final class BackendTls extends SslContextFactory.Client {

    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|[0-9a-fA-F.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%.*)?");

    private final @Nullable String serverName;

    private BackendTls(@Nullable String serverName) {
        this.serverName = serverName;
    }

    /**
     * Reads the files.
     *
     * @throws TlsFileException when one cannot be used
     */
    static BackendTls of(TlsSettings settings) throws TlsFileException {
        TrustManager verifier = Verifier.none();
        if (settings.verify()) {
            verifier = Verifier.of(
                    settings.trustStore() == null
                            ? null
                            : TrustMaterial.of(settings.trustStore(), settings.trustStorePassword()));
        }
        KeyManager[] keys = settings.keyStore() == null
                ? new KeyManager[0]
                : keys(KeyMaterial.of(settings.keyStore(), settings.key(), settings.keyStorePassword()));
        BackendTls tls = new BackendTls(settings.serverName());
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, new TrustManager[] {verifier}, null);
            tls.setSslContext(context);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the JVM has no TLS", e);
        }
        // Also where an administrator has allowed older ones to the JVM.
        tls.setIncludeProtocols("TLSv1.3", "TLSv1.2");
        tls.setEndpointIdentificationAlgorithm(settings.verify() ? "HTTPS" : null);
        tls.setSNIProvider((engine, names) -> indication(engine.getPeerHost()));
        return tls;
    }

    private static KeyManager[] keys(KeyMaterial material) {
        try {
            String inMemory = "in memory";
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(material.keyStore(inMemory), inMemory.toCharArray());
            return factory.getKeyManagers();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the JVM cannot use the key", e);
        }
    }

    /** Asked by Jetty for each connection, with the address that it connects to. */
    @Override
    public SSLEngine newSSLEngine(String host, int port) {
        String name = serverName == null ? host : serverName;
        return super.newSSLEngine(name.endsWith(".") ? name.substring(0, name.length() - 1) : name, port);
    }

    /** RFC 6066 section 3: a name, never an address. The JDK by itself leaves out names without a dot, too. */
    private static List<SNIServerName> indication(@Nullable String host) {
        return host == null || isAddress(host) ? List.of() : List.of(new SNIHostName(host));
    }

    /** Whether a host is a literal IP address. */
    static boolean isAddress(String host) {
        return ADDRESS.matcher(host).matches();
    }

    /** Verified by us, or said in a warning of our own. */
    @Override
    protected void checkEndPointIdentificationAlgorithm() {}

    /**
     * Why an exchange failed: by the TLS handshake, if that did. The exchange may have heard of it from elsewhere, as of a
     * connection that was closed.
     *
     * @param connection that the exchange had; null for none
     */
    static Throwable cause(Throwable failure, @Nullable Connection connection) {
        return connection instanceof HttpConnectionOverHTTP http
                        && http.getEndPoint() instanceof SslConnection.SslEndPoint tls
                        && tls.getSslConnection() instanceof Handshake handshake
                        && handshake.fault != null
                ? handshake.fault
                : failure;
    }

    /** Whether there was no TLS on a connection yet, or never: then no byte of a request has left on it. */
    static boolean isBeforeTls(@Nullable Connection connection) {
        return connection instanceof HttpConnectionOverHTTP http
                && http.getEndPoint() instanceof SslConnection.SslEndPoint tls
                && tls.getSslConnection() instanceof Handshake handshake
                && handshake.pending;
    }

    /** A connector that gives the TLS handshake as much time as the connection itself, and no more. */
    static ClientConnector connector(Duration patience) {
        return new ClientConnector() {
            @Override
            public ClientConnectionFactory newSslClientConnectionFactory(
                    SslContextFactory.@Nullable Client tls, ClientConnectionFactory inner) {
                return new SslClientConnectionFactory(
                        tls == null ? getSslContextFactory() : tls, getByteBufferPool(), getExecutor(), inner) {
                    @Override
                    protected SslConnection newSslConnection(EndPoint endPoint, SSLEngine engine) {
                        return new Handshake(this, endPoint, engine, getScheduler(), patience);
                    }
                };
            }
        };
    }

    /** A connection whose handshake is bounded, and whose end within the handshake is a failure of TLS. */
    private static final class Handshake extends SslConnection implements SslHandshakeListener {

        private final Scheduler.Task timer;
        private volatile boolean pending = true;
        private volatile @Nullable Throwable fault;

        Handshake(
                SslClientConnectionFactory factory,
                EndPoint endPoint,
                SSLEngine engine,
                Scheduler scheduler,
                Duration patience) {
            super(
                    factory.getByteBufferPool(),
                    factory.getExecutor(),
                    factory.getSslContextFactory(),
                    endPoint,
                    engine,
                    factory.isDirectBuffersForEncryption(),
                    factory.isDirectBuffersForDecryption());
            this.timer = scheduler.schedule(
                    () -> {
                        HandshakeTimeoutException late = new HandshakeTimeoutException(patience);
                        fail(late);
                        endPoint.close(late);
                    },
                    patience.toMillis(),
                    TimeUnit.MILLISECONDS);
            addHandshakeListener(this);
        }

        @Override
        public void handshakeSucceeded(Event event) {
            pending = false;
            timer.cancel();
        }

        @Override
        public void handshakeFailed(Event event, Throwable failure) {
            timer.cancel();
            fail(failure);
        }

        /** The first counts. */
        private synchronized void fail(Throwable failure) {
            if (fault == null) {
                fault = failure;
            }
        }

        /** An alert may come after our part of the handshake is done, and closes the channel below a request's write. */
        @Override
        protected SSLEngineResult unwrap(SSLEngine engine, ByteBuffer input, ByteBuffer output) throws SSLException {
            try {
                return super.unwrap(engine, input, output);
            } catch (SSLException alert) {
                fail(alert);
                throw alert;
            }
        }

        @Override
        protected int networkFill(ByteBuffer input) throws IOException {
            int filled = super.networkFill(input);
            if (filled < 0 && pending) {
                // Jetty would tell it as an end of HTTP.
                SSLHandshakeException cut = new SSLHandshakeException("the backend ended the connection");
                cut.initCause(new EOFException());
                fail(cut);
                throw cut;
            }
            return filled;
        }
    }
}
