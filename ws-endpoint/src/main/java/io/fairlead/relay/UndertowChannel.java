package io.fairlead.relay;

import jakarta.websocket.Session;
import java.io.Closeable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What is below a session of Undertow's: its channel, which can do what the Jakarta API has no word for. */
final class UndertowChannel {

    private static final Logger LOG = LoggerFactory.getLogger(UndertowChannel.class);

    private UndertowChannel() {}

    /** Closing it cuts the client's connection, on any thread, without waiting. Null for a session of another server's. */
    static @Nullable Closeable of(Session session) {
        Class<?> type = session.getClass();
        if (!type.getName().equals("io.undertow.websockets.jsr.UndertowSession")) {
            return null;
        }
        try {
            return (Closeable) type.getMethod("getWebSocketChannel").invoke(session);
        } catch (ReflectiveOperationException | RuntimeException another) {
            LOG.debug("{} shows no channel", type.getName(), another);
            return null;
        }
    }
}
