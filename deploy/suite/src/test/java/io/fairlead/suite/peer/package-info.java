/** The peers themselves. */
@NullMarked
package io.fairlead.suite.peer;

import org.jspecify.annotations.NullMarked;
