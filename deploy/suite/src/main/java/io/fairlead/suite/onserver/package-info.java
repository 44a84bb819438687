/**
 * The suite as each server's module runs it, by surefire's {@code dependenciesToScan}: every subject in clear text and
 * over TLS. The server is the module's, found as {@link io.fairlead.suite.Fairlead} says.
 */
@NullMarked
package io.fairlead.suite.onserver;

import org.jspecify.annotations.NullMarked;
