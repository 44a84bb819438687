package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Entrance;
import io.fairlead.suite.TrafficTest;
import io.fairlead.suite.reports.FromTheField;
import io.fairlead.suite.reports.Trouble;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
@FromTheField(Trouble.B1)
class TrafficOverTlsTest extends TrafficTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.tls(fairlead());
    }
}
