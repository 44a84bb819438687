package io.fairlead.proxy.backend;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The {@link BackendSource}s that there are: those that the class loader of the thread (the web application's, while it is
 * deployed) or of this class finds, then the built-in one. Of two with the same scheme the first counts.
 *
 * <p>They are looked for, and made anew, at each call, so nothing of a web application is kept.
 */
public final class BackendSources {

    private static final Logger LOG = LoggerFactory.getLogger("io.fairlead.proxy.backend");

    private BackendSources() {}

    /**
     * The source for a scheme, in upper or lower case.
     *
     * @return null if there is none
     */
    public static @Nullable BackendSource find(String scheme) {
        for (BackendSource source : all()) {
            if (scheme(source).equals(scheme.toLowerCase(Locale.ROOT))) {
                return source;
            }
        }
        return null;
    }

    /** All schemes, sorted, for messages. */
    public static List<String> schemes() {
        TreeSet<String> schemes = new TreeSet<>();
        all().forEach(source -> schemes.add(scheme(source)));
        return List.copyOf(schemes);
    }

    private static String scheme(BackendSource source) {
        return source.scheme().toLowerCase(Locale.ROOT);
    }

    private static List<BackendSource> all() {
        List<BackendSource> all = new ArrayList<>();
        ClassLoader own = BackendSources.class.getClassLoader();
        ClassLoader ofThread = Thread.currentThread().getContextClassLoader();
        if (ofThread != null && ofThread != own) {
            load(ofThread, all);
        }
        load(own, all);
        all.add(new DnsSource());
        return all;
    }

    private static void load(ClassLoader loader, List<BackendSource> into) {
        Iterator<BackendSource> found =
                ServiceLoader.load(BackendSource.class, loader).iterator();
        while (true) {
            try {
                if (!found.hasNext()) {
                    return;
                }
                into.add(found.next());
            } catch (ServiceConfigurationError broken) {
                // One that is broken takes no other away. Each failure uses up a provider or a file of them.
                Throwable cause = broken.getCause();
                LOG.warn(
                        "a source of backends cannot be used: {}{}",
                        broken.getMessage(),
                        cause == null ? "" : " (" + cause + ")");
            }
        }
    }
}
