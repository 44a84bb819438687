/**
 * {@code java -jar fairlead.war}: {@link io.fairlead.launcher.Main} unpacks the jars, {@link
 * io.fairlead.launcher.Launcher} reads the command line and starts the server.
 */
@NullMarked
package io.fairlead.launcher;

import org.jspecify.annotations.NullMarked;
