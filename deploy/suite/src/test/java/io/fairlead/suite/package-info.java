/** The peers against each other, with nothing between. */
@NullMarked
package io.fairlead.suite;

import org.jspecify.annotations.NullMarked;
