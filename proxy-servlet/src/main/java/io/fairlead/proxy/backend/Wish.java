package io.fairlead.proxy.backend;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a request wants of the backend that it goes to.
 *
 * @param bond what ties it to one of them
 * @param tried those that it was sent to already
 * @param repeatable whether it can be sent to another one if this one fails, so that it may find out whether one is back
 */
public record Wish(Bond bond, List<Backend> tried, boolean repeatable) {

    /** The backend that has its session, unless that was tried. */
    @Nullable
    Backend pinned() {
        Backend pinned = bond.pinned();
        return pinned == null || tried.contains(pinned) ? null : pinned;
    }
}
