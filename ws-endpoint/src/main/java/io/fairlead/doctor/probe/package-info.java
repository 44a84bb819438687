/** The doctor's end in the server: endpoints that are probed, and what they saw. */
@NullMarked
package io.fairlead.doctor.probe;

import org.jspecify.annotations.NullMarked;
