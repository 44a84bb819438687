/** Fairlead's suite on Tomcat. */
@NullMarked
package io.fairlead.deploy.tomcat;

import org.jspecify.annotations.NullMarked;
