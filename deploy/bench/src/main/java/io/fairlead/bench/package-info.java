/** Reverse proxies side by side: what a message, a request, a handshake and an idle tunnel cost. */
@NullMarked
package io.fairlead.bench;

import org.jspecify.annotations.NullMarked;
