package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.Application;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Identity;
import io.fairlead.suite.peer.Middlebox;
import io.fairlead.suite.peer.Middlebox.Fault;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code java -jar fairlead.war doctor}, in front of the demo's echo and of what stands between. */
@Timeout(120)
class DoctorCommandTest {

    private static final int WELL = 0;
    private static final int FAULT = 1;
    private static final int WRONG_ARGUMENTS = 2;
    private static final int WARNING = 3;

    private record Said(int status, String text) {}

    private static CompletableFuture<Said> doctor(List<String> ofTheJvm, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx64m", "-XX:TieredStopAtLevel=1"));
        command.addAll(ofTheJvm);
        command.addAll(List.of("-jar", Application.BUILT.toString(), "doctor"));
        command.addAll(List.of(arguments));
        return Crew.call(() -> {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Said(process.waitFor(), text);
        });
    }

    private static String echo(int port) {
        return "ws://127.0.0.1:" + port + "/demo/echo";
    }

    @Test
    void whatIsBetweenIsNamedAndToldByTheStatus() throws Exception {
        Map<Fault, String> expected = new LinkedHashMap<>();
        expected.put(Fault.NONE, "Fine (everywhere): WebSocket works on this way.");
        expected.put(Fault.STRIP_UPGRADE, "removed the Upgrade header");
        expected.put(Fault.SWALLOW_UP, "The handshake passes, but data does not");
        expected.put(Fault.SWALLOW_DOWN, "The handshake passes, but data does not");
        expected.put(Fault.RESET_AFTER_FIRST_FRAME, "the connection is cut at the first frame");
        expected.put(Fault.CUT_IDLE, "The connection was cut after 5 s without traffic");
        List<Middlebox> boxes = new ArrayList<>();
        try (SelfRunning fairlead = SelfRunning.start(List.of())) {
            Map<Fault, CompletableFuture<Said>> said = new LinkedHashMap<>();
            for (Fault fault : expected.keySet()) {
                Middlebox box = Middlebox.start(fault, fairlead.http(), null, null);
                boxes.add(box);
                String[] silence = fault == Fault.CUT_IDLE ? new String[] {"--idle", "20s"} : new String[0];
                List<String> arguments = new ArrayList<>(List.of(silence));
                arguments.add(echo(box.port()));
                said.put(fault, doctor(List.of(), arguments.toArray(String[]::new)));
                // Two at a time: each is a JVM.
                if (said.size() % 2 == 0) {
                    Crew.await(said.get(fault));
                }
            }
            for (Map.Entry<Fault, CompletableFuture<Said>> each : said.entrySet()) {
                Said one = Crew.await(each.getValue());
                assertThat(one.text()).as("%s", each.getKey()).contains(expected.get(each.getKey()));
                assertThat(one.status())
                        .as("%s: %s", each.getKey(), one.text())
                        .isEqualTo(
                                each.getKey() == Fault.NONE ? WELL : each.getKey() == Fault.CUT_IDLE ? WARNING : FAULT);
            }
        } finally {
            for (Middlebox box : boxes) {
                box.close();
            }
        }
    }

    @Test
    void certificatesAreVerifiedByWhatTheJvmTrusts() throws Exception {
        Authority authority = Authority.create("The command line");
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "tls")), "doctor");
        Path trust = authority.writeTrustStore(directory.resolve("trust.p12"), "changeit");
        Identity identity = authority.issue("localhost");
        try (SelfRunning fairlead = SelfRunning.start(List.of());
                Middlebox whole = Middlebox.start(Fault.NONE, fairlead.http(), null, identity.server(null));
                Middlebox cutShort = Middlebox.start(
                        Fault.NONE,
                        fairlead.http(),
                        null,
                        identity.withoutChain().server(null))) {
            List<String> trusting = List.of(
                    "-Djavax.net.ssl.trustStore=" + trust.toAbsolutePath(),
                    "-Djavax.net.ssl.trustStorePassword=changeit");
            Said well = Crew.await(
                    doctor(trusting, "wss://localhost:" + whole.port() + "/demo/echo", "--json", "--lang", "ja"));
            assertThat(well.status()).as(well.text()).isEqualTo(WELL);
            assertThat(well.text())
                    .startsWith("{\"url\":\"wss://localhost:")
                    .contains("\"verdict\":\"fine\"", "\"code\":\"fine\"", "この経路で");
            Said incomplete =
                    Crew.await(doctor(trusting, "wss://localhost:" + cutShort.port() + "/demo/echo", "--insecure"));
            assertThat(incomplete.status()).isEqualTo(FAULT);
            assertThat(incomplete.text())
                    .contains("leaves one out", "CN=The command line Intermediate", "Ping and pong: works");
        }
    }

    @Test
    void wrongArgumentsAreToldAllAtOnce() throws Exception {
        Said said = Crew.await(doctor(
                List.of(),
                "http://x/",
                "--header",
                "Cookie secret",
                "--idle",
                "soon",
                "--subprotocol",
                "a b",
                "--lang",
                "de"));
        assertThat(said.status()).isEqualTo(WRONG_ARGUMENTS);
        assertThat(said.text())
                .contains("http://x/: write ws://HOST/PATH")
                .contains("--header", "--idle soon", "--subprotocol a b", "--lang de")
                .doesNotContain("Exception");
    }

    @Test
    @Tag("full")
    void nginxAndHaproxyAreNamed() throws Exception {
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "browser")), "command");
        try (SelfRunning fairlead = SelfRunning.start(List.of());
                ForeignProxy plain = ForeignProxy.nginx(
                        directory.resolve("plain"), fairlead.http().getPort(), "");
                ForeignProxy short5 = ForeignProxy.haproxy(
                        directory.resolve("haproxy"), fairlead.http().getPort(), "5s")) {
            CompletableFuture<Said> stripped = doctor(List.of(), echo(plain.port()));
            CompletableFuture<Said> cut = doctor(List.of(), echo(short5.port()), "--idle", "20s");
            assertThat(Crew.await(stripped).status()).isEqualTo(FAULT);
            assertThat(Crew.await(stripped).text()).contains("removed the Upgrade header");
            assertThat(Crew.await(cut).status()).isEqualTo(WARNING);
            assertThat(Crew.await(cut).text()).contains("The connection was cut after 5 s without traffic");
        }
    }
}
