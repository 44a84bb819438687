package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Exit;
import io.fairlead.suite.FailuresTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class FailuresToTlsOverTcpTest extends FailuresTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Exit exit() {
        return Exit.TLS;
    }
}
