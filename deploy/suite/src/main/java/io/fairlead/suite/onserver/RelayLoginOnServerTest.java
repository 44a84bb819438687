package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.RelayLoginTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class RelayLoginOnServerTest extends RelayLoginTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.relayBehindLogin("audit");
    }
}
