package io.fairlead.suite.peer;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What Fairlead logs through {@code java.util.logging} in this JVM: the last twenty thousand messages, without date and level. */
public final class JavaLog extends Handler {

    private static final int MOST = 20_000;

    /** Held, since the JDK itself forgets loggers that nobody holds. */
    private static final Logger FAIRLEAD = Logger.getLogger("io.fairlead");

    private static final Deque<String> LINES = new ArrayDeque<>();

    private JavaLog() {}

    /** Listens from now on. To be called once. */
    public static void attach() {
        FAIRLEAD.addHandler(new JavaLog());
    }

    public static List<String> lines() {
        synchronized (LINES) {
            return List.copyOf(LINES);
        }
    }

    @Override
    public void publish(LogRecord entry) {
        synchronized (LINES) {
            LINES.add(entry.getMessage());
            if (LINES.size() > MOST) {
                LINES.remove();
            }
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
