/** Fairlead's suite on the WAR that runs by itself. */
@NullMarked
package io.fairlead.deploy.selfrunning;

import org.jspecify.annotations.NullMarked;
