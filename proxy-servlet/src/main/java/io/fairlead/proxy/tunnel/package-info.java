/**
 * Tunnels: two byte streams joined after a 101, moved by loops that own both sockets.
 *
 * <p>Nothing here knows servlets or servers. One thread, the loop's, does all the work of a tunnel; every other thread
 * only enqueues.
 */
@NullMarked
package io.fairlead.proxy.tunnel;

import org.jspecify.annotations.NullMarked;
