/** GlassFish and Payara, for the modules that run the suite on their versions. */
@NullMarked
package io.fairlead.deploy.glassfish;

import org.jspecify.annotations.NullMarked;
