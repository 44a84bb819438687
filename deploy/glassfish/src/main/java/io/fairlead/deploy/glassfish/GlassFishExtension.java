package io.fairlead.deploy.glassfish;

import org.jboss.arquillian.core.spi.LoadableExtension;

/** Makes the domain, and sets what arquillian.xml leaves open, before Arquillian reads it. */
public final class GlassFishExtension implements LoadableExtension {

    @Override
    public void register(ExtensionBuilder builder) {
        GlassFishServer.configure();
    }
}
