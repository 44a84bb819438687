package io.fairlead.relay;

/** Where a message goes. */
public enum Direction {
    TO_BACKEND,
    TO_CLIENT
}
