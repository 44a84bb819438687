package io.fairlead.suite;

import io.fairlead.suite.peer.JavaLog;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.asset.StringAsset;
import org.jboss.shrinkwrap.api.importer.ZipImporter;
import org.jboss.shrinkwrap.api.spec.WebArchive;

/** {@code fairlead.war} as it was built, with a web.xml of the tests; the build puts it into each module's target. */
public final class Application {

    public static final Path BUILT = Path.of("target", "fairlead.war");

    /** The context path that servers give it. */
    public static final String CONTEXT_PATH = "/fairlead";

    /** Whom each server knows by name, in the realm {@link #REALM}. */
    public static final String USER = "alice";

    public static final String PASSWORD = "open sesame";
    public static final String REALM = "fairlead";

    static {
        // Before anything is deployed.
        JavaLog.attach();
    }

    private Application() {}

    /** With the routes of {@link Routes}. */
    public static WebArchive war() {
        return war(Routes.webXml(Map.of()));
    }

    /** With those that relay messages. */
    public static WebArchive relays() {
        return war(Routes.webXmlOf(Routes.relays()));
    }

    /** With one relay, {@link Routes#RELAY}, for those who have logged in. */
    public static WebArchive relayBehindLogin(String filters) {
        String webXml = Routes.webXmlOf(Map.of(
                Routes.RELAY,
                Map.of("proxyTo", "http://127.0.0.1:" + Routes.BACKEND.port(), "mode", "relay", "filters", filters)));
        return war(webXml.replace("</web-app>", """
                  <security-constraint>
                    <web-resource-collection>
                      <web-resource-name>all</web-resource-name>
                      <url-pattern>/*</url-pattern>
                    </web-resource-collection>
                    <auth-constraint>
                      <role-name>**</role-name>
                    </auth-constraint>
                  </security-constraint>
                  <login-config>
                    <auth-method>BASIC</auth-method>
                    <realm-name>%s</realm-name>
                  </login-config>
                </web-app>
                """.formatted(REALM)));
    }

    public static WebArchive war(String webXml) {
        if (!Files.exists(BUILT)) {
            throw new IllegalStateException(
                    BUILT.toAbsolutePath() + " is missing: run mvn verify, which builds it first");
        }
        WebArchive war = ShrinkWrap.create(ZipImporter.class, CONTEXT_PATH.substring(1) + ".war")
                .importFrom(BUILT.toFile())
                .as(WebArchive.class);
        war.delete("WEB-INF/web.xml");
        return war.setWebXML(new StringAsset(webXml));
    }
}
