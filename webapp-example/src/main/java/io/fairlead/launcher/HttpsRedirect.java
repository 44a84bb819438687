package io.fairlead.launcher;

import java.util.function.IntSupplier;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpMethod;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/**
 * Sends whoever comes in the clear to the same place over TLS, by 308, which keeps method and body. A WebSocket handshake
 * is a request like any other.
 */
final class HttpsRedirect extends Handler.Wrapper {
    private static final int DEFAULT_PORT = 443;

    private final IntSupplier port;

    /** @param port of TLS, asked with each request */
    HttpsRedirect(IntSupplier port, Handler next) {
        super(next);
        this.port = port;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) throws Exception {
        if (request.isSecure()) return super.handle(request, response, callback);
        String target = request.getHttpURI().getPathQuery();
        // In HTTP/2 a CONNECT with a path is a WebSocket handshake; any other names no place, nor does OPTIONS *.
        boolean connect = HttpMethod.CONNECT.is(request.getMethod())
                && request.getConnectionMetaData().getHttpVersion() != HttpVersion.HTTP_2;
        if (connect || target == null || !target.startsWith("/")) {
            Response.writeError(request, response, callback, HttpStatus.BAD_REQUEST_400);
            return true;
        }
        String host = Request.getServerName(request);
        String authority = port.getAsInt() == DEFAULT_PORT ? host : host + ":" + port.getAsInt();
        response.setStatus(HttpStatus.PERMANENT_REDIRECT_308);
        response.getHeaders().put(HttpHeader.LOCATION, "https://" + authority + target);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, 0);
        callback.succeeded();
        return true;
    }
}
