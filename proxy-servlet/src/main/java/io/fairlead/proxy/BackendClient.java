package io.fairlead.proxy;

import io.fairlead.proxy.Route.ClientSettings;
import io.fairlead.proxy.Route.TlsSettings;
import io.fairlead.proxy.tls.TlsFileException;
import java.time.Duration;
import java.util.function.Supplier;
import org.eclipse.jetty.client.ContinueProtocolHandler;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.ProcessingProtocolHandler;
import org.eclipse.jetty.client.ProtocolHandlers;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.client.UpgradeProtocolHandler;
import org.eclipse.jetty.client.transport.HttpClientTransportDynamic;
import org.eclipse.jetty.http.HttpCompliance;
import org.eclipse.jetty.http.HttpCookieStore;
import org.eclipse.jetty.io.ClientConnector;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * Jetty's HTTP client, set up to change nothing of what it carries: no redirects, cookies, decoding, or fields of its own.
 */
final class BackendClient implements AutoCloseable {

    /** Request attribute: a {@code Supplier<Runnable>} of what starts the body once the backend has said 100. */
    static final String CONTINUE = BackendClient.class.getName() + ".continue";

    /** So many requests wait for a connection to one backend before more are refused. Jetty's default. */
    private static final int MAX_QUEUED = 1024;

    /** After so long without a request nothing more is kept of a backend's address, which may never come back. */
    private static final Duration UNUSED = Duration.ofMinutes(10);

    private final HttpClient client;
    private final Deadlines deadlines;

    private BackendClient(HttpClient client) {
        this.client = client;
        this.deadlines = new Deadlines(client.getScheduler());
    }

    static BackendClient start(ClientSettings settings) {
        QueuedThreadPool threads = new QueuedThreadPool(settings.maxThreads(), Math.min(4, settings.maxThreads()));
        threads.setName("fairlead-http");
        threads.setDaemon(true);
        ClientConnector connector = BackendTls.connector(settings.connectTimeout());
        connector.setSelectors(settings.selectors());
        if (settings.tls() != null) {
            connector.setSslContextFactory(tls(settings.tls()));
        }
        HttpClientTransportDynamic transport = new HttpClientTransportDynamic(connector);
        // What is done with an answer never blocks, so the selector's thread does it: no other is woken for it.
        transport.setInvocationType(Invocable.InvocationType.NON_BLOCKING);
        HttpClient client = new HttpClient(transport);
        client.setExecutor(threads);
        client.setFollowRedirects(false);
        client.setHttpCookieStore(new HttpCookieStore.Empty());
        client.setUserAgentField(null);
        client.setDefaultRequestContentType(null);
        client.setHttpCompliance(
                HttpCompliance.RFC7230.with("fairlead", HttpCompliance.Violation.CASE_SENSITIVE_FIELD_NAME));
        client.setMaxConnectionsPerDestination(settings.maxConnections());
        client.setDestinationIdleTimeout(UNUSED.toMillis());
        client.setMaxRequestsQueuedPerDestination(MAX_QUEUED);
        client.setConnectTimeout(settings.connectTimeout().toMillis());
        client.setIdleTimeout(settings.idleTimeout().toMillis());
        client.setRequestBufferSize(settings.requestBufferSize());
        client.setResponseBufferSize(settings.responseBufferSize());
        client.setMaxRequestHeadersSize(settings.maxRequestHeadersSize());
        client.setMaxResponseHeadersSize(settings.maxResponseHeadersSize());
        // The servlet API writes byte arrays.
        client.setUseInputDirectByteBuffers(false);
        try {
            client.start();
        } catch (Exception failure) {
            throw new IllegalStateException("the HTTP client did not start", failure);
        }
        client.getContentDecoderFactories().clear();
        ProtocolHandlers handlers = client.getProtocolHandlers();
        handlers.clear();
        handlers.put(new Continue());
        handlers.put(new Interim());
        handlers.put(new SwitchingProtocols());
        return new BackendClient(client);
    }

    private static BackendTls tls(TlsSettings settings) {
        try {
            return BackendTls.of(settings);
        } catch (TlsFileException changed) {
            throw new IllegalStateException("a file of keys or certificates is not what it was", changed);
        }
    }

    HttpClient client() {
        return client;
    }

    Deadlines deadlines() {
        return deadlines;
    }

    @Override
    public void close() throws Exception {
        deadlines.destroy();
        client.stop();
    }

    /** Any other 1xx announces the answer and is not it (RFC 9110 section 15.2). It ends here. */
    private static final class Interim extends ProcessingProtocolHandler {
        @Override
        public String getName() {
            return "interim";
        }

        @Override
        public boolean accept(Request request, Response response) {
            return response.getStatus() > 101 && response.getStatus() < 200;
        }
    }

    /** Every 101 goes to the {@link BackendHandshake} that each request carries, whatever protocol it names. */
    private static final class SwitchingProtocols extends UpgradeProtocolHandler {
        @Override
        protected boolean acceptHeaders(Request request, Response response) {
            return true;
        }
    }

    /**
     * A 100 starts the body. A final answer in its place is an answer like all others, with its fields and its body;
     * Jetty's own handler would keep only the status.
     */
    private static final class Continue extends ContinueProtocolHandler {
        @Override
        public boolean accept(Request request, Response response) {
            return response.getStatus() == 100;
        }

        @Override
        protected @Nullable Runnable onContinue(Request request) {
            Object start = request.getAttributes().get(CONTINUE);
            return start instanceof Supplier<?> supplier && supplier.get() instanceof Runnable body ? body : null;
        }
    }
}
