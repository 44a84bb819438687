/** The doctor's end on the command line: a WebSocket client that sees every byte. */
@NullMarked
package io.fairlead.doctor.dial;

import org.jspecify.annotations.NullMarked;
