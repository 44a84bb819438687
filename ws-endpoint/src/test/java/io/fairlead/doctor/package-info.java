@NullMarked
package io.fairlead.doctor;

import org.jspecify.annotations.NullMarked;
