/** Jetty as the suite's modules start it, and the Arquillian container that it needs. */
@NullMarked
package io.fairlead.deploy.jetty;

import org.jspecify.annotations.NullMarked;
