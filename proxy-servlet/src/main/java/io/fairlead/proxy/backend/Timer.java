package io.fairlead.proxy.backend;

import java.time.Duration;

/** Has things done later. */
@FunctionalInterface
public interface Timer {

    /**
     * Runs a task once, on any thread.
     *
     * @param task must not block
     * @return what cancels it, if it does not run yet
     */
    Runnable after(Duration delay, Runnable task);
}
