/** What Fairlead must do on every server, as tests that each server's module runs against its own. */
@NullMarked
package io.fairlead.suite;

import org.jspecify.annotations.NullMarked;
