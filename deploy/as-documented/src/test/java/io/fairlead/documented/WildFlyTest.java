package io.fairlead.documented;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;

@Tag("wildfly")
class WildFlyTest extends AsDocumented {

    WildFlyTest() {
        super("wildfly");
    }

    @Override
    protected Map<String, String> environment() {
        return Map.of(
                "OPTIONS",
                "-Djboss.https.port=" + port + " -Djboss.http.port=" + freePort() + " -Djboss.management.http.port="
                        + freePort() + " -Dfairlead.idle=" + IDLE.toMillis());
    }

    @Override
    protected String distribution() {
        return "wildfly-39.0.1.Final";
    }

    @Override
    protected Path accessLog() {
        return directory().resolve("base/log/access.log");
    }

    @Override
    protected Path pidFile() {
        return directory().resolve("base/wildfly.pid");
    }
}
