package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Entrance;
import io.fairlead.suite.Exit;
import io.fairlead.suite.TrafficTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class TrafficToTlsOverExtendedConnectTest extends TrafficTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.http2(fairlead());
    }

    @Override
    protected Exit exit() {
        return Exit.TLS;
    }
}
