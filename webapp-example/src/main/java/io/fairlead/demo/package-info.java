/** What runs when no route is given: a chat page and the WebSocket endpoints behind it. */
@NullMarked
package io.fairlead.demo;

import org.jspecify.annotations.NullMarked;
