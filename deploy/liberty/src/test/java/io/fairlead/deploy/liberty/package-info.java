/** The suite on Open Liberty. */
@NullMarked
package io.fairlead.deploy.liberty;

import org.jspecify.annotations.NullMarked;
