package io.fairlead.documented;

import java.nio.file.Path;
import java.time.LocalDate;
import java.util.Map;
import org.junit.jupiter.api.Tag;

@Tag("tomcat")
class TomcatTest extends AsDocumented {

    TomcatTest() {
        super("tomcat");
    }

    @Override
    protected Map<String, String> environment() {
        return Map.of("CATALINA_OPTS", "-Dhttps.port=" + port + " -Dhttps.idle=" + IDLE.toMillis());
    }

    @Override
    protected String distribution() {
        return "apache-tomcat-11.0.24";
    }

    @Override
    protected Path accessLog() {
        return directory().resolve("base/logs/access." + LocalDate.now() + ".log");
    }

    @Override
    protected Path pidFile() {
        return directory().resolve("base/tomcat.pid");
    }
}
