/** Jakarta WebSocket endpoints. */
@NullMarked
package io.fairlead.ws;

import org.jspecify.annotations.NullMarked;
