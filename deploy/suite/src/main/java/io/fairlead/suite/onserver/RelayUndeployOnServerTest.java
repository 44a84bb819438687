package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.RelayUndeployTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class RelayUndeployOnServerTest extends RelayUndeployTest {

    @Deployment(name = APPLICATION, managed = false, testable = false)
    static WebArchive war() {
        return Application.relays();
    }
}
