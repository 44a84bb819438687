package io.fairlead.launcher;

import java.util.function.BooleanSupplier;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Answers {@code /-/live} and {@code /-/ready}, which no route gets: a status and nothing else. Live is 200 as long as it
 * answers at all; ready is 200 while requests are taken, else 503.
 */
final class Probes extends Handler.Wrapper {
    static final String LIVE = "/-/live";
    static final String READY = "/-/ready";

    private final BooleanSupplier ready;

    Probes(BooleanSupplier ready, Handler next) {
        super(next);
        this.ready = ready;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        // As the client wrote it: what is only like it belongs to the routes.
        String path = request.getHttpURI().getPath();
        if (!LIVE.equals(path) && !READY.equals(path)) return super.handle(request, response, callback);
        if (!HttpMethod.GET.is(request.getMethod()) && !HttpMethod.HEAD.is(request.getMethod())) {
            response.getHeaders().put(HttpHeader.ALLOW, "GET, HEAD");
            response.setStatus(HttpStatus.METHOD_NOT_ALLOWED_405);
        } else {
            response.setStatus(
                    LIVE.equals(path) || ready.getAsBoolean() ? HttpStatus.OK_200 : HttpStatus.SERVICE_UNAVAILABLE_503);
        }
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, 0);
        callback.succeeded();
        return true;
    }
}
