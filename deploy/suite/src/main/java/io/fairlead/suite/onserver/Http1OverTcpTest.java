package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Http1Test;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class Http1OverTcpTest extends Http1Test {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }
}
