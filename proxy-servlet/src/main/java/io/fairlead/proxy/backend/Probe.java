package io.fairlead.proxy.backend;

import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Finds out whether a backend is well. */
public interface Probe {

    /**
     * Begins one probe; must not block.
     *
     * @param timeout after which a backend that has not answered is not well
     * @param done called exactly once, on any thread, perhaps before this returns: with null if the backend is well, else with a
     *     short sentence of what is wrong. Must not block
     */
    void probe(Backend backend, Duration timeout, Consumer<@Nullable String> done);
}
