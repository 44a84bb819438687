package io.fairlead.deploy.production;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Identity;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The unit for systemd: what it says, and that Fairlead runs as it says. */
@Timeout(120)
class SystemdUnitTest {

    private static final Path UNIT = Project.DEPLOY.resolve("systemd").resolve("fairlead.service");
    private static final Path ARGUMENTS = UNIT.resolveSibling("arguments");
    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();

    /** What stopping takes besides the drain: 6 s for the last Close frames, 10 s for requests under way. */
    private static final int STOP_SECONDS = 16;

    private final Path directory;

    SystemdUnitTest(@TempDir Path directory) {
        this.directory = directory;
    }

    @Test
    void itRunsAsNobodyInParticularAndMayNearlyNothing() throws Exception {
        Map<String, List<String>> service = service();
        assertThat(service)
                .containsEntry("DynamicUser", List.of("yes"))
                .containsEntry("NoNewPrivileges", List.of("yes"))
                .containsEntry("ProtectSystem", List.of("strict"))
                .containsEntry("ProtectHome", List.of("yes"))
                .containsEntry("PrivateTmp", List.of("yes"))
                .containsEntry("CapabilityBoundingSet", List.of("CAP_NET_BIND_SERVICE"))
                .containsEntry("AmbientCapabilities", List.of("CAP_NET_BIND_SERVICE"))
                .doesNotContainKeys("MemoryDenyWriteExecute", "User", "ReadWritePaths", "BindPaths")
                .as("a capability on the host is none in a user namespace")
                .doesNotContainKey("PrivateUsers");
        assertThat(Integer.parseInt(only(service, "LimitNOFILE")))
                .as("two for each of the 10,000 tunnels that a route may have, and for ten such routes")
                .isGreaterThan(200_000);
    }

    @Test
    void itDrainsBeforeSystemdLosesPatience() throws Exception {
        Map<String, List<String>> service = service();
        List<String> command = command();
        int drain = Integer.parseInt(command.get(command.indexOf("--drain") + 1));
        assertThat(Integer.parseInt(only(service, "TimeoutStopSec"))).isGreaterThan(drain + STOP_SECONDS);
        assertThat(service)
                .containsEntry("KillSignal", List.of("SIGTERM"))
                .containsEntry("SuccessExitStatus", List.of("143"))
                .containsEntry("Restart", List.of("on-failure"))
                .containsEntry("RestartPreventExitStatus", List.of("2"));
    }

    /** By the command line as it stands, but for the places of files, and with free ports of this machine. */
    @Test
    void fairleadRunsByItsCommandLine() throws Exception {
        Path credentials = Files.createDirectories(directory.resolve("credentials"));
        Identity identity = Certificates.AUTHORITY.issue("localhost", "127.0.0.1");
        for (String credential : service().getOrDefault("LoadCredential", List.of())) {
            String[] nameAndFile = credential.split(":", 2);
            assertThat(nameAndFile[1]).isEqualTo("/etc/fairlead/" + nameAndFile[0]);
            Path file = credentials.resolve(nameAndFile[0]);
            assertThat(nameAndFile[0].equals("privkey.pem") ? identity.writeKey(file) : identity.writeChain(file))
                    .exists();
        }
        Map<String, String> here = Map.of(
                "/usr/bin/java",
                JAVA,
                "/opt/fairlead/fairlead.war",
                Project.WAR.toString(),
                "%d/fullchain.pem",
                credentials.resolve("fullchain.pem").toString(),
                "%d/privkey.pem",
                credentials.resolve("privkey.pem").toString(),
                "@/etc/fairlead/arguments",
                "@" + ARGUMENTS,
                "80",
                "0",
                "443",
                "0");
        List<String> command = new ArrayList<>();
        for (String word : command()) command.add(here.getOrDefault(word, word));
        assertThat(command()).as("all of them").containsAll(here.keySet());
        command.addAll(List.of("--bind", "127.0.0.1"));
        try (Program fairlead = Program.start(command)) {
            HttpClient client = HttpClient.newBuilder()
                    .sslContext(Certificates.AUTHORITY.trust())
                    .build();
            HttpResponse<Void> ready = client.send(
                    HttpRequest.newBuilder(URI.create("https://localhost:" + fairlead.port("https") + "/-/ready"))
                            .build(),
                    BodyHandlers.discarding());
            assertThat(ready.statusCode()).isEqualTo(200);
            HttpResponse<Void> redirected = client.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + fairlead.port("http") + "/"))
                            .build(),
                    BodyHandlers.discarding());
            assertThat(redirected.statusCode()).isEqualTo(308);
            assertThat(fairlead.output()).contains("route   /socket.io -> http://127.0.0.1:3000 (path kept)");
            fairlead.terminate();
            assertThat(fairlead.exitStatus()).isEqualTo(143);
        }
    }

    /** In the words of systemd's own program, where there is one. */
    @Test
    void systemdFindsNothingToMend() throws Exception {
        Assumptions.assumeTrue(onPath("systemd-analyze"), "there is no systemd-analyze on the PATH");
        String unit = Files.readString(UNIT);
        assertThat(unit).contains("/usr/bin/java");
        Path here = Files.writeString(directory.resolve("fairlead.service"), unit.replace("/usr/bin/java", JAVA));
        assertThat(Program.run("systemd-analyze", "verify", "--man=no", here.toString()))
                .isEmpty();
        // Fails above an exposure of 2.0, of 10.
        Program.run("systemd-analyze", "security", "--offline=true", "--threshold=20", here.toString());
    }

    private static List<String> command() throws IOException {
        return List.of(only(service(), "ExecStart").split("\\s+"));
    }

    private static String only(Map<String, List<String>> section, String name) {
        List<String> values = section.getOrDefault(name, List.of());
        assertThat(values).as(name).hasSize(1);
        return values.get(0);
    }

    /** The directives of the section Service, each with its values. */
    private static Map<String, List<String>> service() throws IOException {
        Map<String, List<String>> service = new TreeMap<>();
        String section = "";
        for (String line :
                Files.readString(UNIT).replaceAll("\\\\\n\\s*", "").lines().toList()) {
            if (line.isBlank() || line.startsWith("#")) continue;
            if (line.startsWith("[")) {
                section = line;
                continue;
            }
            assertThat(line).matches("[A-Z][A-Za-z]+=\\S.*");
            if (!section.equals("[Service]")) continue;
            String[] nameAndValue = line.split("=", 2);
            service.computeIfAbsent(nameAndValue[0], name -> new ArrayList<>()).add(nameAndValue[1]);
        }
        return service;
    }

    private static boolean onPath(String program) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, program)));
    }
}
