package io.fairlead.documented;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;

@Tag("jetty")
class OwnWarOnJettyTest extends OwnWar {

    OwnWarOnJettyTest() {
        super("own-war-jetty");
    }

    @Override
    protected Path webapps() {
        return directory().resolve("webapps");
    }

    @Override
    protected String install(Path base) throws IOException {
        for (String name : List.of("start.d", "etc", "webapps", "environments", "resources")) {
            Files.createDirectories(base.resolve(name));
        }
        Files.writeString(base.resolve("start.d/own.ini"), """
                --module=http
                --module=security
                etc/own-realm.xml
                jetty.http.port=%d
                jetty.deploy.scanInterval=1
                --module=ee10-deploy
                """.formatted(port));
        Files.writeString(base.resolve("etc/own-realm.properties"), USER + ": " + PASSWORD + ",user\n");
        Files.copy(Path.of("..", "embedding", "own-war", "jetty", "own-realm.xml"), base.resolve("etc/own-realm.xml"));
        return "java -jar '%s'/start.jar > jetty.log 2>&1 &\necho $! > pid"
                .formatted(distribution("jetty-home-12.1.12"));
    }
}
