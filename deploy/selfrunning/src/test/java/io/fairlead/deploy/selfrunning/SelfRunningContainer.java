package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Routes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Set;
import org.jboss.arquillian.container.spi.client.container.ContainerConfiguration;
import org.jboss.arquillian.container.spi.client.container.DeployableContainer;
import org.jboss.arquillian.container.spi.client.container.DeploymentException;
import org.jboss.arquillian.container.spi.client.container.LifecycleException;
import org.jboss.arquillian.container.spi.client.protocol.ProtocolDescription;
import org.jboss.arquillian.container.spi.client.protocol.metadata.ProtocolMetaData;
import org.jboss.arquillian.core.spi.LoadableExtension;
import org.jboss.shrinkwrap.api.Archive;
import org.jboss.shrinkwrap.api.Node;

/**
 * Arquillian's view of {@link SharedProcess}. There is nothing to deploy: the routes are arguments of the process, so
 * an archive with other routes is refused. Public for Arquillian's reflection.
 */
public final class SelfRunningContainer implements DeployableContainer<SelfRunningContainer.Configuration> {

    /** Makes the container known to Arquillian. */
    public static final class Extension implements LoadableExtension {
        @Override
        public void register(ExtensionBuilder builder) {
            builder.service(DeployableContainer.class, SelfRunningContainer.class);
        }
    }

    /** There is nothing to set. */
    public static final class Configuration implements ContainerConfiguration {
        @Override
        public void validate() {}
    }

    @Override
    public Class<Configuration> getConfigurationClass() {
        return Configuration.class;
    }

    @Override
    public ProtocolDescription getDefaultProtocol() {
        // The adapter for tests that run inside is on the class path of no module; the name only has to be a known one.
        return ProtocolDescription.DEFAULT;
    }

    @Override
    public void start() throws LifecycleException {
        try {
            SharedProcess.start();
        } catch (Exception e) {
            throw new LifecycleException("fairlead.war did not start", e);
        }
    }

    @Override
    public void stop() throws LifecycleException {
        try {
            SharedProcess.stop();
        } catch (Exception e) {
            throw new LifecycleException("fairlead.war did not stop", e);
        }
    }

    @Override
    public ProtocolMetaData deploy(Archive<?> archive) throws DeploymentException {
        Node webXml = archive.get("WEB-INF/web.xml");
        try (InputStream text = webXml.getAsset().openStream()) {
            Set<String> had = Set.of(Routes.webXml(Map.of()), Routes.webXmlOf(Routes.relays()));
            if (!had.contains(new String(text.readAllBytes(), StandardCharsets.UTF_8))) {
                throw new DeploymentException("the process has the routes of Routes.arguments() and no others");
            }
        } catch (IOException e) {
            throw new DeploymentException("no web.xml", e);
        }
        return new ProtocolMetaData();
    }

    @Override
    public void undeploy(Archive<?> archive) {}
}
