package io.fairlead.documented;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;

@Tag("payara")
class PayaraTest extends AsDocumented {

    /** From its port base to https. */
    private static final int HTTPS = 81;

    PayaraTest() {
        super("payara");
    }

    @Override
    protected Map<String, String> environment() {
        return Map.of("PORTBASE", String.valueOf(port - HTTPS));
    }

    @Override
    protected String distribution() {
        return "payara6";
    }

    @Override
    protected boolean hasHttp2() {
        return false;
    }

    @Override
    protected Duration idle() {
        return Duration.ofSeconds(30);
    }

    @Override
    protected Path accessLog() throws IOException {
        try (Stream<Path> logs = Files.list(directory().resolve("domains/fairlead/logs/access"))) {
            return logs.filter(file -> file.getFileName().toString().startsWith("server_access_log"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Override
    protected Path pidFile() {
        return directory().resolve("domains/fairlead/config/pid");
    }
}
