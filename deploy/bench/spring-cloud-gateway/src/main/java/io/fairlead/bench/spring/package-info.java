/** Spring Cloud Gateway, for the benchmark. */
@NullMarked
package io.fairlead.bench.spring;

import org.jspecify.annotations.NullMarked;
