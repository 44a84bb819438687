package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Entrance;
import io.fairlead.suite.Exit;
import io.fairlead.suite.TunnelTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class TunnelToTlsOverTlsTest extends TunnelTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war();
    }

    @Override
    protected Entrance entrance() {
        return Entrance.tls(fairlead());
    }

    @Override
    protected Exit exit() {
        return Exit.TLS;
    }

    @Override
    protected int shortTunnels() {
        return 500;
    }
}
