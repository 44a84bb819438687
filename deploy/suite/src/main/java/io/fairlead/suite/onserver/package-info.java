/**
 * The suite as each server's module runs it, by surefire's {@code dependenciesToScan}: every subject in clear text, over
 * TLS and, as far as HTTP/2 knows it, over HTTP/2; tunnels there need extended CONNECT (RFC 8441). The server is the
 * module's, found as {@link io.fairlead.suite.Fairlead} says.
 */
@NullMarked
package io.fairlead.suite.onserver;

import org.jspecify.annotations.NullMarked;
