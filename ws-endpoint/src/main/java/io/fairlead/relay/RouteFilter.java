package io.fairlead.relay;

/** A filter of one route. Thread-safe. */
@FunctionalInterface
public interface RouteFilter {

    /** Makes the filter of one tunnel, which has just been opened. */
    TunnelFilter open(Conversation tunnel);
}
