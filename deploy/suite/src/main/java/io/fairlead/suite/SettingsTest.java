package io.fairlead.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.fairlead.suite.Server.Trait;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jboss.arquillian.container.test.api.Deployer;
import org.jboss.arquillian.test.api.ArquillianResource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Wrong settings stop the deployment and are all named at once. The concrete class has an unmanaged deployment named
 * {@link #WRONG}, of {@link #wrongRoutes()}.
 */
public abstract class SettingsTest {

    public static final String WRONG = "wrong";

    @ArquillianResource
    private @Nullable Deployer deployer;

    public static Map<String, Map<String, String>> wrongRoutes() {
        Map<String, Map<String, String>> routes = new LinkedHashMap<>();
        routes.put("targetless", Map.of("upgrade", "any"));
        routes.put("nowhere", Map.of("proxyTo", "not-a-url"));
        routes.put("scheme", Map.of("proxyTo", "gopher://127.0.0.1:70/"));
        routes.put(
                "typos",
                Map.of(
                        "proxyTo", "http://127.0.0.1:9/",
                        "timeOut", "30s",
                        "timeout", "soon",
                        "tunnelIdleTimeout", "-5",
                        "upgrade", "sometimes",
                        "tunnelBufferSize", "64XB",
                        "serverAdapter", "abacus"));
        return routes;
    }

    @Test
    void everyWrongSettingIsNamedInOneFailureOfTheDeployment() {
        Throwable failure = catchThrowable(() -> deploy(WRONG));
        assertThat(failure).as("the failure of the deployment").isNotNull();
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text, true));
        String told = UnderTest.FAIRLEAD.server().has(Trait.EXPLAINS_FAILURES_IN_ITS_LOG)
                ? String.join("\n", UnderTest.FAIRLEAD.log())
                : text.toString();
        assertThat(told)
                .contains("targetless", "proxyTo")
                .contains("nowhere", "not-a-url")
                .contains("scheme", "gopher")
                .contains("timeOut")
                .contains("soon")
                .contains("tunnelIdleTimeout", "-5")
                .contains("sometimes")
                .contains("64XB")
                .contains("abacus");
    }

    private void deploy(String name) {
        if (deployer == null) {
            throw new IllegalStateException("Arquillian did not run this test");
        }
        deployer.deploy(name);
    }
}
