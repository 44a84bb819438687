package io.fairlead.deploy.tomcat;

import io.fairlead.suite.Application;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Routes;
import io.fairlead.suite.TunnelTest;
import io.fairlead.suite.onserver.OnServer;
import java.util.Map;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class TomcatPortableTunnelTest extends TunnelTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.war(Routes.webXml(Map.of("serverAdapter", "portable")));
    }

    @Override
    protected Fairlead fairlead() {
        return new TomcatServer(true);
    }

    @Override
    protected int shortTunnels() {
        return 2_000;
    }
}
