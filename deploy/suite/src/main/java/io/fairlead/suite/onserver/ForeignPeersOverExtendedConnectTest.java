package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Entrance;
import io.fairlead.suite.ForeignHttp2PeersTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class ForeignPeersOverExtendedConnectTest extends ForeignHttp2PeersTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.tls(fairlead());
    }
}
