/** Tomcat as the suite's modules start it, and the tests that only Tomcat runs. */
@NullMarked
package io.fairlead.deploy.tomcat;

import org.jspecify.annotations.NullMarked;
