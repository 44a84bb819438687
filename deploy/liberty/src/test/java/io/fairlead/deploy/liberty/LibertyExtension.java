package io.fairlead.deploy.liberty;

import org.jboss.arquillian.core.spi.LoadableExtension;

/** Makes the server's directory, and sets what arquillian.xml leaves open, before Arquillian reads it. */
public final class LibertyExtension implements LoadableExtension {

    @Override
    public void register(ExtensionBuilder builder) {
        LibertyServer.configure();
    }
}
