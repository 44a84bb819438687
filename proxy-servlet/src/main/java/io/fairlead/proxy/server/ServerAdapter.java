package io.fairlead.proxy.server;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What one family of servers does in its own way. Thread-safe. */
public interface ServerAdapter {

    /** For the log: {@code tomcat}, {@code jetty}, {@code undertow}, {@code glassfish}, {@code liberty} or {@code portable}. */
    String name();

    /**
     * Whether {@link #takeOver} works in a {@code service()} that was dispatched to. Else it works only in the thread that
     * has brought the request, which must not have become asynchronous.
     */
    default boolean upgradesAfterDispatch() {
        return true;
    }

    /** What cannot be done on this server, for the log at start: one sentence's part; empty where there is nothing to say. */
    default String shortcomings() {
        return "";
    }

    /** Why the server's own WebSocket can't carry a relay: a sentence's part; empty where it can. */
    default String whyNoRelay() {
        return "";
    }

    /**
     * The {@code :protocol} of an extended CONNECT (RFC 8441); null for any other request, and where the server knows of no
     * such thing.
     *
     * @throws IOException when the server's own request is hidden
     */
    default @Nullable String connectProtocol(HttpServletRequest request) throws IOException {
        return null;
    }

    /**
     * A request's field as its client wrote it, where that is still known; else as the server shows it.
     *
     * @param name of a field that the request has
     */
    default String fieldAsSent(HttpServletRequest request, String name) {
        return request.getHeader(name);
    }

    /** {@code request}, as any thread may ask it for what the client wants: path and query. */
    default HttpServletRequest forAllThreads(HttpServletRequest request) {
        return request;
    }

    /**
     * To be called first in {@code service()}, for any request.
     *
     * @throws IOException when the server's own request is hidden
     */
    default void begin(HttpServletRequest request) throws IOException {}

    /** To be called before an asynchronous request is completed, when nothing else will touch {@code response}. */
    default void beforeComplete(HttpServletRequest request, HttpServletResponse response) throws IOException {}

    /**
     * Makes sure that nothing else is read from the client's connection. To be called with the answer written that says so by
     * {@code Connection: close}, which is enough for most servers.
     */
    default void endConnection(HttpServletRequest request, HttpServletResponse response) throws IOException {}

    /** Whether the server knows where the body of a request ends, if it has one. */
    default boolean delimitsBody(HttpServletRequest request) {
        return true;
    }

    /** Whether the body is read to its end. */
    default boolean isFinished(ServletInputStream input) throws IOException {
        return input.isFinished();
    }

    /**
     * To be called before {@link #takeOver}, with what is run when the client's stream will not come. By default that is
     * never, since most servers do not tell.
     *
     * @param then may also run after the leg was given
     * @throws IOException when the server's own request is hidden
     */
    default void ifNotTakenOver(HttpServletRequest request, Runnable then) throws IOException {}

    /**
     * What a thread must hold while it asks or reads {@code input} without blocking; other locks only inside.
     *
     * @return anything, where the server's own threads leave the input alone between their calls
     */
    default Object monitorOf(ServletInputStream input) {
        return input;
    }

    /** The output of an asynchronous response, which does not block once it has a listener. */
    default ServletOutputStream outputOf(HttpServletRequest request, HttpServletResponse response) throws IOException {
        return response.getOutputStream();
    }

    /**
     * Makes the server send the 101 (200 to an extended CONNECT), whose headers are set in {@code response} already, and
     * hand the client's stream over afterwards.
     *
     * <p>To be called inside {@code service()}, as the last thing that is done with request and response.
     *
     * @param client is given the leg, once, on a thread of the server's; never when this throws, and never when the
     *     client has gone before the server could hand it over
     * @throws IOException when this connection cannot be taken over; nothing was sent
     */
    void takeOver(HttpServletRequest request, HttpServletResponse response, Consumer<Leg> client)
            throws IOException, ServletException;

    /**
     * Makes the server cut the client's connection off (over HTTP/2: the stream), instead of ending a response that the
     * backend left incomplete in an orderly way.
     *
     * <p>To be called inside {@code service()}, dispatched to once more.
     *
     * @throws IOException always: what {@code service()} throws
     */
    default void cutOff(HttpServletRequest request) throws IOException {
        throw new IOException("the backend did not complete its response");
    }

    /**
     * Does what {@link #cutOff} does, outside of {@code service()}, for a servlet that was destroyed: to dispatch to such a one
     * is an error in some servers, and makes a new servlet in others.
     *
     * @return false when a dispatch does it here as well; then nothing was done
     */
    default boolean cutOffNow(HttpServletRequest request) throws IOException {
        return false;
    }

    /** What is done about tunnels that a server is about to cut off. */
    interface Warning {

        /** The server will close its connections; they are still there. The thread that stops the server waits for this. */
        void stops();

        /** It did so, and takes new ones again. */
        default void goesOn() {}
    }

    /**
     * Has somebody warned, where a server may close its connections before it stops its applications. Where it never does, an
     * application is told in time by {@code destroy()}, and nothing is done here.
     *
     * <p>To be called while the application starts.
     *
     * @return takes it back
     */
    default Runnable warn(ServletContext context, Warning warning) {
        return () -> {};
    }

    /** The server's own request, below the wrappers of filters. */
    static ServletRequest unwrapped(HttpServletRequest request) {
        ServletRequest innermost = request;
        while (innermost instanceof ServletRequestWrapper wrapper) {
            innermost = wrapper.getRequest();
        }
        return innermost;
    }
}
