/** The proxy servlet and its settings. */
@NullMarked
package io.fairlead.proxy;

import org.jspecify.annotations.NullMarked;
