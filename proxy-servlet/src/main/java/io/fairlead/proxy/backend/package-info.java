/**
 * The backends of a route: which there are, which of them are well, and which one a request goes to.
 *
 * <p>It knows nothing of servlets, of HTTP clients and of tunnels: a {@link io.fairlead.proxy.backend.Lease} is one use of one
 * backend, and whoever has it says how it went. Clocks, probes and resolvers are given from outside.
 */
@NullMarked
package io.fairlead.proxy.backend;

import org.jspecify.annotations.NullMarked;
