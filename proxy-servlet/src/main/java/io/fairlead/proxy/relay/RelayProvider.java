package io.fairlead.proxy.relay;

import jakarta.servlet.ServletContext;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The module that makes routes with {@code mode=relay} possible, found by {@link ServiceLoader}: in {@code
 * fairlead-ws-endpoint}.
 */
public interface RelayProvider {

    /** The one on the class path, if there is one. */
    static Optional<RelayProvider> find() {
        return ServiceLoader.load(RelayProvider.class, RelayProvider.class.getClassLoader())
                .findFirst();
    }

    /**
     * Tells the server of relays to come. To be called once, by a listener, while the application starts; some servers take
     * nothing later.
     */
    void prepare(ServletContext context);

    /**
     * Makes the relay of one route, or says why it can't be made. It holds nothing before its first handshake.
     *
     * @param context null when only the settings are to be checked
     * @param faults is told each, as what follows the quoted name of a setting: {@code 'filters' …}
     * @return null if there was a fault
     */
    @Nullable
    Relay open(RelaySettings settings, @Nullable ServletContext context, Consumer<String> faults);
}
