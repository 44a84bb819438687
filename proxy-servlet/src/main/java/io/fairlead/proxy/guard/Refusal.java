package io.fairlead.proxy.guard;

/**
 * A handshake is not admitted. Nothing was counted.
 *
 * @param limit that it would break
 * @param retryAfterSeconds when another try makes sense; at least 1
 */
public record Refusal(Limit limit, int retryAfterSeconds) implements Decision {}
