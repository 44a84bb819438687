package io.fairlead.relay;

import jakarta.enterprise.inject.spi.CDI;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.ServiceLoader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the filters that there are. A CDI bean comes before a service of the same name. */
final class FilterFinder {

    private static final Logger LOG = LoggerFactory.getLogger(FilterFinder.class);

    private FilterFinder() {}

    /** By name. */
    static Map<String, MessageFilter> filters() {
        Map<String, MessageFilter> found = new LinkedHashMap<>();
        ServiceLoader.load(MessageFilter.class, loader()).forEach(filter -> found.put(filter.name(), filter));
        try {
            Beans.addTo(found);
        } catch (LinkageError | IllegalStateException noCdi) {
            // No CDI in this server, or none in this application.
            LOG.debug("no filters are looked for among CDI beans", noCdi);
        }
        return found;
    }

    /** The application's: its own filters are not with this class where that is in a library of the server's. */
    private static ClassLoader loader() {
        ClassLoader application = Thread.currentThread().getContextClassLoader();
        return application == null ? FilterFinder.class.getClassLoader() : application;
    }

    /** Apart, so that CDI is needed where there is CDI only. */
    private static final class Beans {
        static void addTo(Map<String, MessageFilter> found) {
            CDI.current().select(MessageFilter.class).forEach(filter -> found.put(filter.name(), filter));
        }
    }
}
