@NullMarked
package io.fairlead.doctor.dial;

import org.jspecify.annotations.NullMarked;
