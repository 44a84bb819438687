package io.fairlead.documented;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;

@Tag("tomcat")
class OwnWarOnTomcatTest extends OwnWar {

    OwnWarOnTomcatTest() {
        super("own-war-tomcat");
    }

    @Override
    protected Path webapps() {
        return directory().resolve("webapps");
    }

    @Override
    protected String install(Path base) throws IOException {
        Path home = distribution("apache-tomcat-11.0.24");
        for (String name : List.of("conf", "logs", "temp", "webapps", "work")) {
            Files.createDirectories(base.resolve(name));
        }
        for (String name : List.of("web.xml", "logging.properties")) {
            Files.copy(home.resolve("conf").resolve(name), base.resolve("conf").resolve(name));
        }
        String server = Files.readString(home.resolve("conf/server.xml"));
        Files.writeString(
                base.resolve("conf/server.xml"),
                server.replace("<Server port=\"8005\"", "<Server port=\"-1\"")
                        .replace("<Connector port=\"8080\"", "<Connector port=\"" + port + "\"")
                        .replace(
                                "defaultHost=\"localhost\">",
                                "defaultHost=\"localhost\" backgroundProcessorDelay=\"1\">"));
        Files.writeString(
                base.resolve("conf/tomcat-users.xml"),
                "<tomcat-users><user username=\"" + USER + "\" password=\"" + PASSWORD
                        + "\" roles=\"user\"/></tomcat-users>");
        return "export CATALINA_HOME='%s' CATALINA_BASE=$PWD CATALINA_PID=$PWD/pid\nsh \"$CATALINA_HOME\"/bin/catalina.sh start"
                .formatted(home);
    }
}
