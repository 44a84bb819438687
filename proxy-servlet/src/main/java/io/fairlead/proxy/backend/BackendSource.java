package io.fairlead.proxy.backend;

import java.util.List;
import java.util.function.Consumer;

/**
 * Knows the backends behind a name, and says when they change. Chosen by what stands before the plus in {@code proxyTo}:
 * {@code dns+http://name:3000} asks the source whose {@link #scheme} is {@code dns}, which is built in.
 *
 * <p>Others are found by {@link java.util.ServiceLoader}: a public class with a public constructor without parameters, named in
 * {@code META-INF/services/io.fairlead.proxy.backend.BackendSource}. One instance may serve any number of routes.
 */
public interface BackendSource {

    /** Letters, digits, {@code -} and {@code .}, lower-case. */
    String scheme();

    /**
     * Begins to watch the backends behind a name. Called when the route starts, which waits for it; so if the backends can be
     * known within some seconds, the listener should be called before this returns. It must not fail because there are none
     * yet.
     *
     * <p>A source that fails to find out keeps quiet, so that the last list stays, and logs once that it fails, and once that it
     * works again.
     *
     * @param listener given the whole list each time that it has changed, on any thread, by one call at a time; an empty one
     *     means that there are none
     * @return ends it: the listener is then called no more, and all threads of the source's for it end
     */
    AutoCloseable watch(BackendQuery query, Consumer<List<Target>> listener);
}
