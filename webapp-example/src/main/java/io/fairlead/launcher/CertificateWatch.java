package io.fairlead.launcher;

import io.fairlead.proxy.tls.KeyMaterial;
import io.fairlead.proxy.tls.TlsFileException;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at the files of a certificate every {@link #INTERVAL} and hands on what they hold when that has changed.
 *
 * <p>It compares contents: times and sizes may stay the same, and Kubernetes changes a symbolic link two steps away. A
 * change is judged once it has stood still from one look to the next, since certificate and key are seldom written at
 * the same moment. Files that hold no key with its certificate are told in the log, once, and change nothing.
 */
final class CertificateWatch implements AutoCloseable {
    static final Duration INTERVAL = Duration.ofSeconds(2);

    private static final Logger LOG = LoggerFactory.getLogger(CertificateWatch.class);

    /** Takes a new key and its certificate. */
    interface Use {
        void replace(KeyMaterial material) throws Exception;
    }

    private final CertificateFiles files;
    private final Use use;
    private final ScheduledThreadPoolExecutor timer;
    private String judged;
    private String seen;

    /**
     * Does not look before {@link #start()}.
     *
     * @param judged the {@link CertificateFiles#fingerprint()} from before the files were read the first time
     */
    CertificateWatch(CertificateFiles files, String judged, Use use) {
        this.files = files;
        this.use = use;
        this.judged = judged;
        this.seen = judged;
        timer = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "fairlead-certificate");
            thread.setDaemon(true);
            return thread;
        });
    }

    void start() {
        timer.scheduleWithFixedDelay(this::look, INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** One look. Throws nothing, so that the next one comes. */
    void look() {
        String now = files.fingerprint();
        boolean settled = now.equals(seen);
        seen = now;
        if (!settled || now.equals(judged)) return;
        judged = now;
        try {
            KeyMaterial material = files.load();
            use.replace(material);
            LOG.info("certificate replaced: {}", ServerTls.describe(material.chain()));
        } catch (TlsFileException | IOException e) {
            LOG.warn("certificate not replaced, the one in use stays: {}", e.getMessage());
        } catch (Exception e) {
            LOG.warn("certificate not replaced", e);
        }
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
