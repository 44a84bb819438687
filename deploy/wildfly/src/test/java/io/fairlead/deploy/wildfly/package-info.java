/** The suite on WildFly. */
@NullMarked
package io.fairlead.deploy.wildfly;

import org.jspecify.annotations.NullMarked;
