package io.fairlead.deploy.tomcat;

import io.fairlead.suite.Application;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.OnServer;
import io.fairlead.suite.UpgradeTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class TomcatUpgradeTest extends UpgradeTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Fairlead fairlead() {
        return new TomcatServer();
    }
}
