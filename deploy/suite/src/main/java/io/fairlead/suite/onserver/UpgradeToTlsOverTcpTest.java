package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Exit;
import io.fairlead.suite.UpgradeTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class UpgradeToTlsOverTcpTest extends UpgradeTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Exit exit() {
        return Exit.TLS;
    }
}
