package io.fairlead.deploy.wildfly;

import io.fairlead.suite.Application;
import io.fairlead.suite.RelayLoginTest;
import io.fairlead.suite.onserver.OnServer;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.shrinkwrap.api.spec.WebArchive;

/** A relay whose filter is a CDI bean of the application's. */
@OnServer
class RelayFilterBeanTest extends RelayLoginTest {

    @Deployment(testable = false)
    static WebArchive war() {
        return Application.relayBehindLogin("audit, signature")
                .addClasses(SignatureFilter.class, SignatureFilter.Counter.class);
    }

    @Override
    protected String heard(String said) {
        return Application.USER + " 1: " + said;
    }
}
