package io.fairlead.suite.onserver;

import io.fairlead.suite.Application;
import io.fairlead.suite.Routes;
import io.fairlead.suite.SettingsTest;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

@OnServer
class SettingsOnServerTest extends SettingsTest {

    @Deployment(name = WRONG, managed = false, testable = false)
    static WebArchive war() {
        return Application.war(Routes.webXmlOf(wrongRoutes()));
    }
}
