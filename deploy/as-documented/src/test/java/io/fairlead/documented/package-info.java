/** Types what the servers' READMEs say, and looks at what runs then. */
@NullMarked
package io.fairlead.documented;

import org.jspecify.annotations.NullMarked;
