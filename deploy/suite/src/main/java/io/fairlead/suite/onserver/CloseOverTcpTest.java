package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.CloseTest;
import io.fairlead.suite.Entrance;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class CloseOverTcpTest extends CloseTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.tcp(fairlead());
    }
}
