package io.fairlead.proxy.backend;

/** What came of asking for a backend: a {@link Lease}, or none. */
public sealed interface Choice permits Lease, Choice.None {

    /** Why there is none. */
    enum None implements Choice {
        /** Those that would do have as many requests as they may; it is worth to {@linkplain Backends#await wait}. */
        FULL,
        /** There is none, or none is left that would do. */
        ABSENT
    }
}
