/** The other ends of a proxy: a client and a backend that say exactly the bytes a test wants said. */
@NullMarked
package io.fairlead.suite.peer;

import org.jspecify.annotations.NullMarked;
