package io.fairlead.deploy.jetty;

import io.fairlead.suite.Application;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.ForeignPeersTest;
import io.fairlead.suite.OnServer;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class JettyForeignPeersTest extends ForeignPeersTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Fairlead fairlead() {
        return new JettyServer();
    }
}
