package io.fairlead.proxy;

import java.net.URI;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.transport.HttpConversation;
import org.eclipse.jetty.client.transport.HttpRequest;
import org.jspecify.annotations.Nullable;

/** A request whose target goes out byte for byte, also where {@link URI} would refuse it or read it as an authority. */
final class RawRequest extends HttpRequest {

    private final String path;
    private final @Nullable String query;

    /**
     * @param target scheme, host and port
     * @param pathAndQuery starts with a slash
     */
    RawRequest(HttpClient client, URI target, String pathAndQuery) {
        super(client, new HttpConversation(), target);
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
}
