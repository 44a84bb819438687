package io.fairlead.relay;

import jakarta.websocket.Session;
import java.io.Closeable;
import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a server read no more of a client for a while. The Jakarta API has no such thing, but Tomcat's sessions and Undertow's channels
 * have. With any other server the thread that brings a message has to wait.
 */
final class Pausing {

    private static final Logger LOG = LoggerFactory.getLogger(Pausing.class);

    private final Object target;
    private final Method pause;
    private final Method resume;

    private Pausing(Object target, Method pause, Method resume) {
        this.target = target;
        this.pause = pause;
        this.resume = resume;
    }

    /** Null where there is no way. */
    static @Nullable Pausing of(Session session) {
        try {
            if (session.getClass().getName().equals("org.apache.tomcat.websocket.WsSession")) {
                return of(session, "suspend", "resume");
            }
            Closeable channel = UndertowChannel.of(session);
            return channel == null ? null : of(channel, "suspendReceives", "resumeReceives");
        } catch (ReflectiveOperationException | RuntimeException another) {
            LOG.debug("{} cannot be paused", session.getClass().getName(), another);
            return null;
        }
    }

    private static Pausing of(Object target, String pause, String resume) throws ReflectiveOperationException {
        Class<?> type = target.getClass();
        return new Pausing(target, type.getMethod(pause), type.getMethod(resume));
    }

    /** No further message is read after those that the server holds already. */
    void pause() {
        call(pause);
    }

    void resume() {
        call(resume);
    }

    private void call(Method method) {
        try {
            method.invoke(target);
        } catch (ReflectiveOperationException | RuntimeException gone) {
            // A session that was closed meanwhile has nothing to pause.
            LOG.debug("{} of a session failed", method.getName(), gone);
        }
    }
}
