package io.fairlead.proxy.backend;

import org.jspecify.annotations.Nullable;

/**
 * What ties a request to a backend, as {@link Stickiness} finds it.
 *
 * @param kind how strong it is
 * @param pinned the backend that has its session; null if that is not known
 * @param session the name of its session; null if it has none, or none yet
 * @param key what is hashed, by {@code kind} or by the balancing
 * @param cookieNeeded whether the client is to be given the cookie that ties it to the backend which answers
 */
public record Bond(
        Kind kind, @Nullable Backend pinned, @Nullable String session, long key, boolean cookieNeeded) {

    /** How a backend is found. */
    public enum Kind {
        /** By the balancing. */
        NONE,
        /** By the key, the same one for all that have it. */
        HASHED,
        /** It has the client's cookie; another one will do if it is down or drained. */
        PREFERRED,
        /** It has the session; another one will do only if it is down. */
        SESSION,
        /** One of them has the session, which has to be found by asking them in the order of the key. */
        ASKING
    }
}
