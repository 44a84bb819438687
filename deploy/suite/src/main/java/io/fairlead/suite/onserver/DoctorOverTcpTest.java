package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.DoctorTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class DoctorOverTcpTest extends DoctorTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }
}
