/** What is wrong on the way to a WebSocket server, from what was seen at either end: pure, without I/O. */
@NullMarked
package io.fairlead.doctor;

import org.jspecify.annotations.NullMarked;
