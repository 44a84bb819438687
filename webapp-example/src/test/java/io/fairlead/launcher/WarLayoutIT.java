package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarInputStream;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What lies where in the WAR. */
class WarLayoutIT {
    private static JarFile war;

    @BeforeAll
    static void open() throws IOException {
        war = new JarFile(FairleadProcess.war().toFile());
    }

    @AfterAll
    static void close() throws IOException {
        war.close();
    }

    @Test
    void theMainClassAndItsProbeAreAllThatLiesOutsideWebInfAndMetaInf() throws IOException {
        assertThat(files())
                .filteredOn(name -> !name.startsWith("WEB-INF/") && !name.startsWith("META-INF/"))
                .containsExactlyInAnyOrder(
                        "io/fairlead/launcher/Main.class",
                        "io/fairlead/launcher/Main$Log.class",
                        "io/fairlead/launcher/Ready.class");
        assertThat(war.getManifest().getMainAttributes().getValue("Main-Class")).isEqualTo("io.fairlead.launcher.Main");
    }

    @Test
    void webInfHoldsJarsAndWebXmlOnly() {
        assertThat(files())
                .filteredOn(name -> name.startsWith("WEB-INF/"))
                .allMatch(name -> name.equals("WEB-INF/web.xml") || name.matches("WEB-INF/(lib|launcher)/[^/]+\\.jar"));
    }

    @Test
    void webApplicationBringsItsOwnJarsTheJettyClientAndTheReadersOfPemAndJsonOnly() {
        assertThat(jars("WEB-INF/lib/").stream().map(WarLayoutIT::withoutVersion))
                .contains("fairlead-proxy-servlet", "fairlead-ws-endpoint", "jetty-ee10-proxy", "jetty-client")
                .allMatch(name -> name.matches("fairlead-(proxy-servlet|ws-endpoint)|slf4j-(api|jdk14)"
                        + "|jetty-(ee10-proxy|client|alpn-client|http|io|util|compression-(common|gzip))"
                        + "|bc(pkix|prov|util)-jdk18on|parsson|jakarta.json-api"));
    }

    @Test
    void launcherBringsServerCommandLineAndTyrus() {
        assertThat(jars("WEB-INF/launcher/").stream().map(WarLayoutIT::withoutVersion))
                .contains("fairlead-launcher", "jetty-server", "jetty-ee10-servlet", "picocli")
                .contains("jetty-http2-server", "jetty-alpn-java-server")
                .contains("tyrus-server", "tyrus-container-grizzly-server", "jakarta.servlet-api");
    }

    @Test
    void noClassIsPackedTwice() throws IOException {
        Map<String, List<String>> packed = new LinkedHashMap<>();
        List<String> jars = new ArrayList<>(jars("WEB-INF/lib/"));
        jars.addAll(jars("WEB-INF/launcher/"));
        for (String jar : jars) {
            byte[] content = war.getInputStream(war.getEntry(jar)).readAllBytes();
            try (JarInputStream in = new JarInputStream(new ByteArrayInputStream(content))) {
                for (JarEntry entry = in.getNextJarEntry(); entry != null; entry = in.getNextJarEntry()) {
                    String name = entry.getName();
                    if (name.endsWith(".class") && !name.startsWith("META-INF/") && !name.equals("module-info.class"))
                        packed.computeIfAbsent(name, key -> new ArrayList<>()).add(jar);
                }
            }
        }
        assertThat(packed)
                .containsKey("io/fairlead/launcher/Launcher.class")
                .doesNotContainKey("io/fairlead/launcher/Main.class");
        packed.values().removeIf(places -> places.size() == 1);
        assertThat(packed).isEmpty();
    }

    @Test
    void inventoryAndLicencesNameEveryJarAndNoOther() throws IOException {
        Set<String> packed = new TreeSet<>();
        for (String folder : List.of("WEB-INF/lib/", "WEB-INF/launcher/"))
            jars(folder).forEach(jar -> packed.add(jar.substring(jar.lastIndexOf('/') + 1)));
        assertThat(packed.remove("fairlead-launcher.jar"))
                .as("the WAR's own classes")
                .isTrue();
        assertThat(named(
                        "META-INF/fairlead.cdx.json",
                        "\"purl\" : \"pkg:maven/[^/\"]+/([^@\"]+)@([^?\"]+)\\?type=jar\""))
                .isEqualTo(packed);
        assertThat(named("META-INF/THIRD-PARTY.txt", "\\([^():]+:([^():]+):([^(): ]+) - "))
                .isEqualTo(packed);
        assertThat(text("META-INF/LICENSE")).contains("Apache License", "Version 2.0");
    }

    /** The jars that a file names, by a pattern that finds artifact and version. */
    private static Set<String> named(String file, String pattern) throws IOException {
        Set<String> jars = new TreeSet<>();
        Matcher matcher = Pattern.compile(pattern).matcher(text(file));
        while (matcher.find()) jars.add(matcher.group(1) + "-" + matcher.group(2) + ".jar");
        return jars;
    }

    private static String text(String file) throws IOException {
        assertThat(war.getEntry(file)).as(file).isNotNull();
        return new String(war.getInputStream(war.getEntry(file)).readAllBytes(), StandardCharsets.UTF_8);
    }

    private static List<String> files() {
        return war.stream()
                .filter(entry -> !entry.isDirectory())
                .map(JarEntry::getName)
                .toList();
    }

    private static List<String> jars(String folder) {
        return files().stream().filter(name -> name.startsWith(folder)).toList();
    }

    private static String withoutVersion(String jar) {
        return jar.substring(jar.lastIndexOf('/') + 1).replaceFirst("(-\\d.*)?\\.jar$", "");
    }
}
