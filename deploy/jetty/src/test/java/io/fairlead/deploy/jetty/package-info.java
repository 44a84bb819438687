/** Fairlead's suite on Jetty, and the Arquillian container that it needs. */
@NullMarked
package io.fairlead.deploy.jetty;

import org.jspecify.annotations.NullMarked;
