package io.fairlead.deploy.wildfly;

import org.jboss.arquillian.core.spi.LoadableExtension;

/** Sets what arquillian.xml leaves open, before Arquillian reads it. */
public final class WildFlyExtension implements LoadableExtension {

    @Override
    public void register(ExtensionBuilder builder) {
        WildFlyServer.configure();
    }
}
