/**
 * Who is let in: limits that are decided before a handshake is sent to a backend.
 *
 * <p>Counting only. Nothing here knows servlets, servers or how addresses are found.
 */
@NullMarked
package io.fairlead.proxy.guard;

import org.jspecify.annotations.NullMarked;
