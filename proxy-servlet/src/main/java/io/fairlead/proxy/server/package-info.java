/**
 * How each family of servers finishes an upgrade and hands the client's stream over.
 *
 * <p>One {@link io.fairlead.proxy.server.ServerAdapter} is found when the servlet starts and named in the log.
 */
@NullMarked
package io.fairlead.proxy.server;

import org.jspecify.annotations.NullMarked;
