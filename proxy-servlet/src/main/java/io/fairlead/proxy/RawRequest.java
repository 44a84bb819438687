package io.fairlead.proxy;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.net.URI;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.transport.HttpConversation;
import org.eclipse.jetty.client.transport.HttpRequest;
import org.jspecify.annotations.Nullable;

/** A request whose target goes out byte for byte, also where {@link URI} would refuse it or read it as an authority. */
final class RawRequest extends HttpRequest {

    private final URI target;
    private final String path;
    private final @Nullable String query;

    /**
     * @param target scheme, host and port
     * @param pathAndQuery starts with a slash
     */
    RawRequest(HttpClient client, URI target, String pathAndQuery) {
        super(client, new HttpConversation(), target);
        this.target = target;
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

    /** The same request, to be sent once more; without a body. */
    RawRequest again() {
        RawRequest copy = new RawRequest(getHttpClient(), target, query == null ? path : path + '?' + query);
        copy.method(getMethod())
                .headers(fields -> fields.clear().add(getHeaders()))
                .idleTimeout(0, MILLISECONDS);
        getAttributes().forEach(copy::attribute);
        return copy;
    }
}
