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
