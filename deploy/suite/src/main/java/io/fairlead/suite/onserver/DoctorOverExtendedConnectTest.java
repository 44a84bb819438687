package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.DoctorOverHttp2Test;
import io.fairlead.suite.Entrance;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class DoctorOverExtendedConnectTest extends DoctorOverHttp2Test {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.tls(fairlead());
    }
}
