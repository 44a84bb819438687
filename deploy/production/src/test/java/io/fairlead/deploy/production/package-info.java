/** What takes the WAR that runs by itself to production, tried without an engine, a cluster or an init system. */
@NullMarked
package io.fairlead.deploy.production;

import org.jspecify.annotations.NullMarked;
