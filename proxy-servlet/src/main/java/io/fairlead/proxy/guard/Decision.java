package io.fairlead.proxy.guard;

/** What {@link Limits#admit} says to a handshake. */
public sealed interface Decision permits Admission, Refusal {}
