package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Http1UpgradeTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class Http1UpgradeOverTcpTest extends Http1UpgradeTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }
}
