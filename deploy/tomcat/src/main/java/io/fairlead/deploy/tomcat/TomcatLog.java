package io.fairlead.deploy.tomcat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** The errors that Tomcat logged; it tells nobody else why an application does not start. */
final class TomcatLog extends Handler {

    private static final Logger CATALINA = Logger.getLogger("org.apache.catalina");
    private static final BlockingQueue<String> ERRORS = new LinkedBlockingQueue<>(100);

    static void attach() {
        CATALINA.addHandler(new TomcatLog());
    }

    static String drain() {
        StringBuilder text = new StringBuilder();
        for (String error = ERRORS.poll(); error != null; error = ERRORS.poll()) {
            text.append(error).append('\n');
        }
        return text.toString();
    }

    @Override
    public void publish(LogRecord entry) {
        if (entry.getLevel().intValue() >= Level.SEVERE.intValue()) {
            StringWriter text = new StringWriter();
            text.append(entry.getMessage());
            if (entry.getThrown() != null) {
                text.append('\n');
                entry.getThrown().printStackTrace(new PrintWriter(text, true));
            }
            ERRORS.offer(text.toString());
        }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
