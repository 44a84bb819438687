package io.fairlead.proxy.relay;

import io.fairlead.proxy.tunnel.Leg;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ends the clients' WebSockets of one route in the server's own implementation, and shows each as a {@link Leg} whose bytes are
 * frames. So to the tunnel, its timers, pings and limits, the client of a relay is one like all others.
 *
 * <p>Thread-safe.
 */
public interface Relay extends AutoCloseable {

    /**
     * What the backend is offered of extensions, in place of what the client offers, which is the server's business.
     *
     * @param asked the client's {@code Sec-WebSocket-Extensions}
     * @return null: none
     */
    @Nullable
    String offer(List<String> asked);

    /**
     * Judges what the backend has chosen of the {@link #offer}.
     *
     * @param chosen its {@code Sec-WebSocket-Extensions}
     * @return what is wrong with it, in a sentence; null when nothing is
     */
    @Nullable
    String fault(List<String> asked, List<String> chosen);

    /**
     * Has the server finish the client's handshake. What else its head shall hold is set in {@code response} already.
     *
     * <p>To be called inside {@code service()}, as the last thing that is done with request and response.
     *
     * @param chosen the backend's {@code Sec-WebSocket-Extensions}
     * @param subprotocol that the backend has chosen; null: none
     * @param client is given the leg, once, on a thread of the server's; never when this throws
     * @throws IOException when the server does not finish it; nothing was sent
     */
    void takeOver(
            HttpServletRequest request,
            HttpServletResponse response,
            String clientAddress,
            List<String> chosen,
            @Nullable String subprotocol,
            Consumer<Leg> client)
            throws IOException, ServletException;

    /** Lets its threads end. Its tunnels must have ended before. */
    @Override
    void close();
}
