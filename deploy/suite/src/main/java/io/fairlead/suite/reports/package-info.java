/** Which trouble of the field reports a test stands for, and what came of it on a server. */
@NullMarked
package io.fairlead.suite.reports;

import org.jspecify.annotations.NullMarked;
