package io.fairlead.deploy.jetty;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.jboss.arquillian.container.spi.client.container.ContainerConfiguration;
import org.jboss.arquillian.container.spi.client.container.DeployableContainer;
import org.jboss.arquillian.container.spi.client.container.DeploymentException;
import org.jboss.arquillian.container.spi.client.container.LifecycleException;
import org.jboss.arquillian.container.spi.client.protocol.ProtocolDescription;
import org.jboss.arquillian.container.spi.client.protocol.metadata.HTTPContext;
import org.jboss.arquillian.container.spi.client.protocol.metadata.ProtocolMetaData;
import org.jboss.shrinkwrap.api.Archive;
import org.jboss.shrinkwrap.api.exporter.ZipExporter;

/**
 * Arquillian's view of embedded Jetty, for applications that are tested from outside. Public for Arquillian's
 * reflection.
 */
public final class JettyContainer implements DeployableContainer<JettyContainer.Configuration> {

    /** There is nothing to set: ports are free ones. */
    public static final class Configuration implements ContainerConfiguration {
        @Override
        public void validate() {}
    }

    private final Map<String, ContextHandler> deployed = new ConcurrentHashMap<>();

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
            JettyServer.start();
        } catch (Exception e) {
            throw new LifecycleException("Jetty did not start", e);
        }
    }

    @Override
    public void stop() throws LifecycleException {
        try {
            JettyServer.stop();
        } catch (Exception e) {
            throw new LifecycleException("Jetty did not stop", e);
        }
    }

    @Override
    public ProtocolMetaData deploy(Archive<?> archive) throws DeploymentException {
        try {
            Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "jetty")), "webapp");
            Path war = directory.resolve(archive.getName()).toAbsolutePath();
            archive.as(ZipExporter.class).exportTo(war.toFile());
            deployed.put(archive.getName(), JettyServer.deploy(war));
            HTTPContext context = new HTTPContext("127.0.0.1", JettyServer.httpPort());
            return new ProtocolMetaData().addContext(context);
        } catch (Exception e) {
            throw new DeploymentException("Jetty did not start " + archive.getName(), e);
        }
    }

    @Override
    public void undeploy(Archive<?> archive) throws DeploymentException {
        ContextHandler context = deployed.remove(archive.getName());
        try {
            if (context != null) {
                JettyServer.undeploy(context);
            }
        } catch (Exception e) {
            throw new DeploymentException("Jetty did not stop " + archive.getName(), e);
        }
    }
}
