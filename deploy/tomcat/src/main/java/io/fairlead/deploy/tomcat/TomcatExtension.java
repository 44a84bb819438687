package io.fairlead.deploy.tomcat;

import org.apache.catalina.LifecycleState;
import org.apache.catalina.core.StandardContext;
import org.jboss.arquillian.core.api.annotation.Observes;
import org.jboss.arquillian.core.spi.LoadableExtension;

/**
 * Two things that Arquillian's adapter for embedded Tomcat lacks: connectors as {@link TomcatServer} wants them, and a
 * failure when an application does not start. The adapter shows its context to observers once it was deployed, so both
 * happen there.
 */
public final class TomcatExtension implements LoadableExtension {

    @Override
    public void register(ExtensionBuilder builder) {
        builder.observer(Deployed.class);
        TomcatLog.attach();
    }

    /** Public, with a public method, for Arquillian's reflection. */
    public static final class Deployed {
        public void on(@Observes StandardContext context) throws Exception {
            if (context.getState() != LifecycleState.STARTED) {
                context.getParent().removeChild(context);
                throw new IllegalStateException("the application did not start: " + TomcatLog.drain());
            }
            TomcatServer.open(context);
        }
    }
}
