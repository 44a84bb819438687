/** What the proxy knows of the module that relays messages instead of bytes. */
@NullMarked
package io.fairlead.proxy.relay;

import org.jspecify.annotations.NullMarked;
