@NullMarked
package io.fairlead.doctor.probe;

import org.jspecify.annotations.NullMarked;
