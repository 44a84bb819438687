package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.function.Consumer;

/** Open Liberty. Below the servlet API the socket is taken over, see {@link LibertyConnection}. */
final class LibertyAdapter implements ServerAdapter {

    /** Request attribute. */
    private static final String OUTPUT = LibertyOutput.class.getName();

    @Override
    public String name() {
        return "liberty";
    }

    @Override
    public HttpServletRequest forAllThreads(HttpServletRequest request) {
        return new LibertyRequest(request);
    }

    /**
     * Liberty looks for an upgrade at the very end of an asynchronous request, by what the thread that ends it knows; and when it
     * is done with the connection, so it is told beforehand to keep that.
     */
    @Override
    public void takeOver(HttpServletRequest request, HttpServletResponse response, Consumer<Leg> client)
            throws IOException {
        ServletRequest own = ServerAdapter.unwrapped(request);
        LibertyConnection connection = LibertyConnection.of(own);
        if (!(own instanceof HttpServletRequest upgraded)) {
            throw new IOException("not a request of HTTP: " + own.getClass().getName());
        }
        connection.keep();
        try {
            response.flushBuffer();
        } catch (IOException gone) {
            connection.keepNoMore();
            throw gone;
        }
        request.getAsyncContext().addListener(new AtItsEnd(upgraded, connection, client));
    }

    /** Upgrades a request whose 101 was sent. */
    private record AtItsEnd(HttpServletRequest request, LibertyConnection connection, Consumer<Leg> client)
            implements AsyncListener {

        @Override
        public void onComplete(AsyncEvent event) throws IOException {
            try {
                request.upgrade(LibertyUpgrade.class).handTo(client, connection);
            } catch (IOException | ServletException | RuntimeException failure) {
                connection.cutOff();
                throw new IOException("an answered handshake could not be upgraded", failure);
            }
        }

        @Override
        public void onError(AsyncEvent event) {}

        @Override
        public void onTimeout(AsyncEvent event) {}

        @Override
        public void onStartAsync(AsyncEvent event) {}
    }

    /**
     * Of a text in several frames it reads each by itself, and ends the connection where a character stands across two. Nor does it
     * slow a client down: what that sends to a slow backend would have to be kept.
     */
    @Override
    public String whyNoRelay() {
        return "its WebSocket ends connections at legal frames, and slows no client down";
    }

    /** After it has told of data, one of Liberty's threads looks whether there is more, and releases what was read. */
    @Override
    public Object monitorOf(ServletInputStream input) {
        try {
            return input.getClass().getMethod("getCompleteLockObj").invoke(input);
        } catch (ReflectiveOperationException wrapped) {
            // By a filter, which then has to see to it.
            return input;
        }
    }

    @Override
    public ServletOutputStream outputOf(HttpServletRequest request, HttpServletResponse response) throws IOException {
        LibertyOutput output = new LibertyOutput(response, response.getOutputStream(), request.getAsyncContext());
        request.setAttribute(OUTPUT, output);
        return output;
    }

    /** One of Liberty's threads may still wait for the client, and the next response has the same objects. */
    @Override
    public void beforeComplete(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (request.getAttribute(OUTPUT) instanceof LibertyOutput output && output.end()) {
            cutConnection(request);
            output.awaitEnd();
        }
    }

    /** An exception is no reason to cut here: what there is would be ended as if it were whole. */
    @Override
    public void cutOff(HttpServletRequest request) throws IOException {
        cutOffNow(request);
        ServerAdapter.super.cutOff(request);
    }

    @Override
    public boolean cutOffNow(HttpServletRequest request) throws IOException {
        cutConnection(request);
        if (request.getAttribute(OUTPUT) instanceof LibertyOutput output && output.end()) {
            output.awaitEnd();
        }
        return true;
    }

    private static void cutConnection(HttpServletRequest request) throws IOException {
        LibertyConnection.of(ServerAdapter.unwrapped(request)).cutOff();
    }
}
