package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.FailuresTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class FailuresOverTcpTest extends FailuresTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }
}
