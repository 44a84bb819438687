package io.fairlead.proxy;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.fairlead.proxy.backend.Backend;
import java.net.URI;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.transport.HttpConversation;
import org.eclipse.jetty.client.transport.HttpRequest;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/**
 * A request that goes out as it came: its target byte for byte, also where {@link URI} would refuse it or read it as an
 * authority, and its body without a Content-Type that the client did not give.
 */
final class RawRequest extends HttpRequest {

    private final URI route;
    private final String path;
    private final @Nullable String query;
    private boolean hostIsTheBackends;

    /**
     * @param route scheme, and any host and port; {@link #to} says which
     * @param pathAndQuery starts with a slash
     */
    RawRequest(HttpClient client, URI route, String pathAndQuery) {
        super(client, new HttpConversation(), route);
        this.route = route;
        int question = pathAndQuery.indexOf('?');
        this.path = question < 0 ? pathAndQuery : pathAndQuery.substring(0, question);
        this.query = question < 0 ? null : pathAndQuery.substring(question + 1);
    }

    @Override
    public String getPath() {
        // Called by the constructor of the superclass, too.
        return path == null ? "/" : path;
    }

    @Override
    public @Nullable String getQuery() {
        return query;
    }

    @Override
    public @Nullable URI getURI() {
        return null;
    }

    @Override
    public Request body(@Nullable Content body) {
        return super.body(body == null ? null : new Untyped(body));
    }

    /** Says which backend it goes to. Without a Host field of the route's, the backend's own name is sent. */
    RawRequest to(Backend backend) {
        String host = backend.host();
        host(host.indexOf(':') >= 0 ? "[" + host + "]" : host).port(backend.port());
        hostIsTheBackends = !getHeaders().contains(HttpHeader.HOST);
        return this;
    }

    /** The same request, to be sent once more; without its body. */
    RawRequest again() {
        RawRequest copy = new RawRequest(getHttpClient(), route, query == null ? path : path + '?' + query);
        copy.host(getHost()).port(getPort());
        copy.method(getMethod())
                .headers(fields -> {
                    fields.clear().add(getHeaders());
                    if (hostIsTheBackends) {
                        fields.remove(HttpHeader.HOST);
                    }
                })
                .idleTimeout(0, MILLISECONDS);
        copy.hostIsTheBackends = hostIsTheBackends;
        getAttributes().forEach(copy::attribute);
        return copy;
    }

    /** Jetty's contents have a default type. */
    private record Untyped(Content content) implements Content {
        @Override
        public @Nullable String getContentType() {
            return null;
        }

        @Override
        public long getLength() {
            return content.getLength();
        }

        @Override
        public org.eclipse.jetty.io.Content.@Nullable Chunk read() {
            return content.read();
        }

        @Override
        public void demand(Runnable available) {
            content.demand(available);
        }

        @Override
        public void fail(Throwable failure) {
            content.fail(failure);
        }

        @Override
        public void fail(Throwable failure, boolean last) {
            content.fail(failure, last);
        }

        @Override
        public boolean rewind() {
            return content.rewind();
        }
    }
}
