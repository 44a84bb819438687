package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Entrance;
import io.fairlead.suite.RelayFaultsTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class RelayFaultsOverTcpTest extends RelayFaultsTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.relays();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.tcp(fairlead());
    }
}
