/** Routes with {@code mode=relay}: messages between two WebSockets, seen by filters. */
@NullMarked
package io.fairlead.relay;

import org.jspecify.annotations.NullMarked;
