package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Entrance;
import io.fairlead.suite.Http2CreditTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class Http2CreditOverTlsTest extends Http2CreditTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.tls(fairlead());
    }
}
