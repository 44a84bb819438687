package io.fairlead.deploy.production;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** The image: its file system, made by the script that its Dockerfile runs, and run as its Dockerfile says. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "the image is one of Linux, and is made and run there")
@Timeout(120)
class ImageTest {

    private static final Path ROOT = Path.of("target", "image").toAbsolutePath();
    private static final List<String> FREE_PORTS =
            List.of("--bind", "127.0.0.1", "--http-port", "0", "--https-port", "0");

    /** What stopping takes at most, besides the time of the drain: the README's 10 s for requests, and 6 s for the last Closes. */
    private static final Duration STOP = Duration.ofSeconds(16);

    private static Dockerfile dockerfile;
    private static Container container;
    private static Program demo;

    @BeforeAll
    static void runTheDemo() throws Exception {
        dockerfile = Dockerfile.read(Project.IMAGE.resolve("Dockerfile"));
        Project.remove(ROOT);
        Program.run(Project.IMAGE.resolve("assemble").toString(), Project.WAR.toString(), ROOT.toString());
        Path tls = Files.createDirectories(ROOT.resolve("etc/fairlead"));
        Certificates.pem(tls);
        container = new Container(ROOT, dockerfile.the("USER").rest());
        List<String> arguments = new ArrayList<>(FREE_PORTS);
        arguments.addAll(List.of("--cert", "/etc/fairlead/tls.pem"));
        demo = container.start(entrypoint(arguments));
    }

    @AfterAll
    static void stop() throws Exception {
        demo.close();
    }

    @Test
    void theDockerfileMakesWhatIsTriedHere() throws Exception {
        assertThat(dockerfile.all("FROM")).containsExactly("${JDK} AS assembled", "scratch");
        assertThat(dockerfile.all("RUN")).hasSize(1);
        assertThat(dockerfile.the("RUN").words()).containsExactly("./assemble", "fairlead.war", "/image");
        assertThat(dockerfile.all("COPY"))
                .containsExactly(
                        "deploy/image/assemble webapp-example/target/fairlead.war ./", "--from=assembled /image/ /");
        assertThat(Files.readAllLines(Project.IMAGE.resolve("Dockerfile.dockerignore")))
                .as("nothing but what is copied is sent to the engine")
                .containsExactly("*", "!deploy/image/assemble", "!webapp-example/target/fairlead.war");
        assertThat(Project.IMAGE.resolve("assemble")).isExecutable();
        assertThat(Files.readString(Project.TOP.resolve("webapp-example/pom.xml")))
                .as("target/fairlead.war is what the build makes")
                .contains("<packaging>war</packaging>", "<finalName>fairlead</finalName>");
        assertThat(dockerfile.all("STOPSIGNAL")).containsExactly("SIGTERM");
        assertThat(dockerfile.the("EXPOSE").rest()).isEqualTo("8080 8443");
        assertThat(dockerfile.all("VOLUME")).isEmpty();
        assertThat(Files.readString(ROOT.resolve("etc/passwd")))
                .as("the user has a name, as some programs want")
                .contains(":" + dockerfile.the("USER").rest() + ":");
    }

    @Test
    void itHoldsTheWarTheRunTimeAndItsLibrariesOnly() throws Exception {
        assertThat(names(ROOT)).allMatch(name -> name.matches("opt|etc|lib|lib64|usr|dev|proc|sys|tmp"));
        assertThat(names(ROOT.resolve("opt"))).containsExactly("fairlead", "java");
        assertThat(names(ROOT.resolve("opt/java/bin"))).containsExactly("java");
        long size;
        try (Stream<Path> files = Files.walk(ROOT)) {
            size = files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
        assertThat(size).as("bytes").isLessThan(90_000_000);
    }

    /** Those that only strange ways of using the libraries need are left out; ours need none of them. */
    @Test
    void theRunTimeHasTheModulesThatFairleadUses() throws Exception {
        Set<String> there = new TreeSet<>();
        for (String line : run("/opt/java/bin/java", "--list-modules").lines().toList())
            there.add(line.replaceFirst("@.*", ""));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "jdeps").toString(),
                "-s",
                "--ignore-missing-deps",
                "--multi-release",
                "17"));
        Path fairlead = ROOT.resolve("opt/fairlead");
        command.add(fairlead.resolve("io").toString());
        for (String folder : List.of("WEB-INF/lib", "WEB-INF/launcher")) {
            try (Stream<Path> jars = Files.list(fairlead.resolve(folder))) {
                jars.filter(jar -> jar.getFileName().toString().startsWith("fairlead-"))
                        .forEach(jar -> command.add(jar.toString()));
            }
        }
        assertThat(command).as("our own jars").hasSizeGreaterThanOrEqualTo(9);
        Set<String> used = new TreeSet<>();
        Matcher arrow =
                Pattern.compile("-> (java\\.\\S+|jdk\\.\\S+)").matcher(Program.run(command.toArray(String[]::new)));
        while (arrow.find()) used.add(arrow.group(1));
        // For "drain PID" only, which tells another process of the machine's; the image has none.
        assertThat(used.remove("jdk.attach")).isTrue();
        assertThat(used).contains("java.base", "java.management");
        assertThat(there).containsAll(used).contains("jdk.crypto.ec", "jdk.management.agent");
    }

    @Test
    void nobodyCanWriteToItNorIsRootThere() throws Exception {
        Assumptions.assumeTrue(container.isSealed(), "mounts are forbidden here, so it ran without them");
        demo.port("http");
        Path proc = Path.of("/proc", "" + demo.pid());
        String status = Files.readString(proc.resolve("status"));
        assertThat(status).containsPattern("(?m)^NoNewPrivs:\\s+1$");
        if (container.isUsersOwn()) {
            String id = dockerfile.the("USER").rest().split(":", 2)[0];
            assertThat(status)
                    .containsPattern("(?m)^Uid:\\t" + id + "\\t" + id + "\\t" + id)
                    .containsPattern("(?m)^Gid:\\t" + id + "\\t" + id + "\\t" + id)
                    .containsPattern("(?m)^CapEff:\\s+0+$");
        } else {
            assertThat(status).doesNotContainPattern("(?m)^Uid:\\s+0");
        }
        assertThat(Files.readAllLines(proc.resolve("mountinfo")))
                .filteredOn(line -> line.split(" ")[4].matches("/|/dev"))
                .as("its root, and what is mounted in it")
                .hasSize(2)
                .allMatch(line -> line.split(" ")[5].matches("ro(,.*)?"));
    }

    @Test
    void itServesTheDemo() throws Exception {
        String clear = "http://127.0.0.1:" + demo.port("http");
        String secure = "https://127.0.0.1:" + demo.port("https");
        for (String origin : List.of(clear, secure)) {
            HttpResponse<String> page = get(HttpClient.Version.HTTP_1_1, origin + "/demo/");
            assertThat(page.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
            assertThat(page.body()).startsWith("<!doctype html>");
            assertThat(echo(origin.replaceFirst("http", "ws") + "/demo/echo")).isEqualTo("hoist");
            assertThat(get(HttpClient.Version.HTTP_1_1, origin + "/-/live").statusCode())
                    .isEqualTo(200);
        }
        HttpResponse<String> page = get(HttpClient.Version.HTTP_2, secure + "/demo/");
        assertThat(page.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(demo.output()).doesNotContain("WARN", "ERROR", "Exception");
    }

    @Test
    void itFindsBackendsByName() throws Exception {
        try (Program fairlead = container.start(entrypoint(List.of(
                "--bind",
                "127.0.0.1",
                "--http-port",
                "0",
                "--route",
                "/=dns+http://localhost:" + demo.port("http"))))) {
            assertThat(get(HttpClient.Version.HTTP_1_1, "http://127.0.0.1:" + fairlead.port("http") + "/demo/")
                            .statusCode())
                    .isEqualTo(200);
        }
    }

    @Test
    void itIsHealthyUntilItDrains() throws Exception {
        int drainSeconds = 2;
        List<String> arguments = new ArrayList<>(FREE_PORTS);
        arguments.addAll(List.of("--drain", "" + drainSeconds));
        try (Program fairlead = container.start(entrypoint(arguments))) {
            int port = fairlead.port("http");
            String origin = "http://127.0.0.1:" + port;
            try (Program healthy = container.start(healthCheck(origin))) {
                assertThat(healthy.exitStatus()).as(healthy.output()).isZero();
            }
            // A tunnel whose client does not answer the Close frame, so that there is something to wait for.
            try (Wire tunnel = Wire.connect(new InetSocketAddress("127.0.0.1", port), null, 0)) {
                Head answer = tunnel.sendLines(
                                "GET /demo/echo HTTP/1.1",
                                "Host: 127.0.0.1:" + port,
                                "Connection: Upgrade",
                                "Upgrade: websocket",
                                "Sec-WebSocket-Version: 13",
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                                "")
                        .readHead();
                assertThat(answer.status()).isEqualTo(101);
                fairlead.terminate();
                long since = System.nanoTime();
                await().atMost(Duration.ofSeconds(20))
                        .until(() -> get(HttpClient.Version.HTTP_1_1, origin + "/-/ready")
                                        .statusCode()
                                == 503);
                try (Program unhealthy = container.start(healthCheck(origin))) {
                    assertThat(unhealthy.exitStatus()).isEqualTo(1);
                    assertThat(unhealthy.output()).isEqualTo("not ready: " + origin + "/-/ready says 503");
                }
                assertThat(fairlead.exitStatus()).as(fairlead.output()).isEqualTo(143);
                assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(STOP.plusSeconds(drainSeconds));
            }
        }
    }

    @Test
    void withoutArgumentsItIsTheDemoOnAllAddressesOfItsOwn() throws Exception {
        List<String> arguments = new ArrayList<>(dockerfile.the("CMD").words());
        assertThat(arguments).containsExactly("--bind", "0.0.0.0");
        // That the address is understood is seen by the fault being the only one.
        arguments.addAll(List.of("--http-port", "none"));
        try (Program refused = container.start(entrypoint(arguments))) {
            assertThat(refused.exitStatus()).isEqualTo(2);
            assertThat(refused.output().lines())
                    .satisfiesExactly(
                            line -> assertThat(line).startsWith("fairlead: --http-port none: "),
                            line -> assertThat(line).startsWith("See "));
        }
    }

    /** The health check as it stands asks where the image listens by default; here for one that listens elsewhere. */
    private static List<String> healthCheck(String origin) {
        List<String> command = new ArrayList<>(dockerfile.healthCheck());
        assertThat(command).endsWith("io.fairlead.launcher.Main", "ready");
        command.add(origin);
        return command;
    }

    private static List<String> entrypoint(List<String> arguments) {
        List<String> command = new ArrayList<>(dockerfile.the("ENTRYPOINT").words());
        command.addAll(arguments);
        return command;
    }

    private static String run(String... command) throws Exception {
        try (Program program = container.start(Arrays.asList(command))) {
            assertThat(program.exitStatus()).as(program.output()).isZero();
            return program.output();
        }
    }

    private static HttpResponse<String> get(HttpClient.Version version, String url) throws Exception {
        return client().send(
                        HttpRequest.newBuilder(URI.create(url))
                                .version(version)
                                .timeout(Duration.ofSeconds(20))
                                .build(),
                        BodyHandlers.ofString());
    }

    private static HttpClient client() {
        return HttpClient.newBuilder()
                .sslContext(Certificates.AUTHORITY.trust())
                .build();
    }

    /** What comes back of a message. */
    private static String echo(String url) throws Exception {
        CompletableFuture<String> heard = new CompletableFuture<>();
        WebSocket socket = client().newWebSocketBuilder()
                .buildAsync(URI.create(url), new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
                        heard.complete(data.toString());
                        return WebSocket.Listener.super.onText(webSocket, data, last);
                    }

                    @Override
                    public void onError(WebSocket webSocket, Throwable error) {
                        heard.completeExceptionally(error);
                    }
                })
                .get(20, TimeUnit.SECONDS);
        socket.sendText("hoist", true);
        String text = heard.get(20, TimeUnit.SECONDS);
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(20, TimeUnit.SECONDS);
        return text;
    }

    private static List<String> names(Path directory) throws Exception {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
