package io.fairlead.documented;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

@Tag("jetty")
class JettyTest extends AsDocumented {

    JettyTest() {
        super("jetty");
    }

    @Override
    protected Map<String, String> environment() {
        return Map.of();
    }

    @Override
    protected void configure() throws IOException {
        Files.writeString(
                directory().resolve("base/start.d/certificate.ini"),
                "jetty.ssl.port=" + port + "\njetty.ssl.idleTimeout=" + IDLE.toMillis() + "\n",
                StandardOpenOption.APPEND);
    }

    @Override
    protected String distribution() {
        return "jetty-home-12.1.12";
    }

    @Override
    protected boolean connectsProtocols() {
        return true;
    }

    @Override
    protected int headTooLong() {
        return 431;
    }

    @Override
    protected Path accessLog() throws IOException {
        try (Stream<Path> logs = Files.list(directory().resolve("base/logs"))) {
            return logs.filter(file -> file.toString().endsWith(".request.log"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Override
    protected Path pidFile() {
        return directory().resolve("base/jetty.pid");
    }
}
