package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fairlead.proxy.tls.KeyMaterial;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Starts and stops the WAR as an administrator does, with a backend of the JDK. */
class LauncherIT {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();

    private final Path directory;

    private ExecutorService threads;
    private HttpServer backend;

    LauncherIT(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeEach
    void startBackend() throws IOException {
        threads = Executors.newCachedThreadPool();
        backend = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        backend.setExecutor(threads);
        answer("/", exchange -> exchange.getRequestURI().toString());
        backend.start();
    }

    @AfterEach
    void stopBackend() {
        backend.stop(0);
        threads.shutdownNow();
    }

    @Test
    void routesLeadToTheBackend() throws Exception {
        try (FairleadProcess fairlead = FairleadProcess.start(
                directory,
                "--http-port",
                "0",
                "--route",
                "/=" + backendUrl(),
                "--route",
                "/api/=" + backendUrl() + "/v1/;timeout=20s")) {
            int port = fairlead.port();
            assertThat(get(port, "/index.html").body()).isEqualTo("/index.html");
            assertThat(get(port, "/api/users?q=1").body()).isEqualTo("/v1/users?q=1");
            assertThat(get(port, "/WEB-INF/web.xml").body())
                    .as("what the backend says")
                    .isEqualTo("/WEB-INF/web.xml");
            assertThat(fairlead.out())
                    .contains("route   / -> " + backendUrl() + " (path kept)")
                    .contains("route   /api -> " + backendUrl() + "/v1/ (/api replaced) {timeout=20s}")
                    .contains("listen  HTTP/1.1, HTTP/2 on all addresses, port " + port)
                    .doesNotContain("TLS", "certificate")
                    .contains("adapter jetty")
                    .containsOnlyOnce("listening on");
        }
    }

    @ParameterizedTest
    @EnumSource(HttpClient.Version.class)
    void sigtermLetsTheRequestUnderWayFinish(HttpClient.Version version) throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        answer("/slow", exchange -> {
            arrived.countDown();
            try {
                answer.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return "in full";
        });
        KeyMaterial material = MadeCertificate.make(null);
        Path pem = TestCertificates.write(directory.resolve("both.pem"), material);
        HttpClient client = HttpClient.newBuilder()
                .sslContext(TestCertificates.trust(material))
                .version(version)
                .build();
        try (FairleadProcess fairlead = FairleadProcess.start(
                directory,
                "--http-port",
                "0",
                "--https-port",
                "0",
                "--cert",
                pem.toString(),
                "--bind",
                "127.0.0.1",
                "--route",
                "/=" + backendUrl())) {
            int port = fairlead.port("https");
            CompletableFuture<HttpResponse<String>> response = client.sendAsync(
                    HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + "/slow"))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();
            fairlead.terminate();
            await().atMost(Duration.ofSeconds(20)).until(() -> refused(port) && refused(fairlead.port()));
            // Longer than Jetty would leave a silent connection by itself.
            assertThatThrownBy(() -> response.get(1500, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
            answer.countDown();
            assertThat(response.get(20, TimeUnit.SECONDS).body()).isEqualTo("in full");
            assertThat(response.join().version()).isEqualTo(version);
            assertThat(fairlead.exitStatus()).isEqualTo(143);
            assertThat(fairlead.err()).doesNotContain("did not stop cleanly");
        }
        assertThat(left()).isEmpty();
    }

    @Test
    void readyIsNoLongerSaidWhileItStops() throws Exception {
        CountDownLatch arrived = new CountDownLatch(1);
        CountDownLatch answer = new CountDownLatch(1);
        answer("/slow", exchange -> {
            arrived.countDown();
            try {
                answer.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return "in full";
        });
        try (FairleadProcess fairlead = FairleadProcess.start(
                directory, "--http-port", "0", "--bind", "127.0.0.1", "--route", "/=" + backendUrl())) {
            int port = fairlead.port();
            assertThat(get(port, "/-/ready").statusCode()).isEqualTo(200);
            CompletableFuture<HttpResponse<String>> response =
                    CLIENT.sendAsync(HttpRequest.newBuilder(uri(port, "/slow")).build(), BodyHandlers.ofString());
            assertThat(arrived.await(20, TimeUnit.SECONDS)).isTrue();
            try (Socket ready = begin(port, "/-/ready");
                    Socket live = begin(port, "/-/live")) {
                fairlead.terminate();
                await().atMost(Duration.ofSeconds(20)).until(() -> refused(port));
                assertThat(finish(ready)).startsWith("HTTP/1.1 503 ").endsWith("\r\n\r\n");
                assertThat(finish(live)).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\n");
            }
            answer.countDown();
            assertThat(response.get(20, TimeUnit.SECONDS).body()).isEqualTo("in full");
            assertThat(fairlead.exitStatus()).isEqualTo(143);
        }
    }

    @Test
    void readyAsksOneThatRuns() throws Exception {
        int port;
        try (FairleadProcess fairlead =
                FairleadProcess.start(directory, "--http-port", "0", "--route", "/=" + backendUrl())) {
            port = fairlead.port();
            try (FairleadProcess ready = FairleadProcess.start(directory, "ready", "http://127.0.0.1:" + port)) {
                assertThat(ready.exitStatus()).isZero();
                assertThat(ready.out()).isEqualTo("ready" + System.lineSeparator());
                assertThat(ready.err()).isEmpty();
            }
        }
        try (FairleadProcess ready = FairleadProcess.start(directory, "ready", "http://127.0.0.1:" + port)) {
            assertThat(ready.exitStatus()).isEqualTo(1);
            assertThat(ready.err()).startsWith("not ready: no answer from http://127.0.0.1:" + port + "/-/ready (");
        }
    }

    @Test
    void readyIsNotSaidOfWhatAnswersOtherwise() throws Exception {
        backend.createContext("/-/ready", exchange -> {
            exchange.sendResponseHeaders(503, -1);
            exchange.close();
        });
        try (FairleadProcess ready = FairleadProcess.start(directory, "ready", backendUrl() + "/")) {
            assertThat(ready.exitStatus()).isEqualTo(1);
            assertThat(ready.err().strip()).isEqualTo("not ready: " + backendUrl() + "/-/ready says 503");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"8080", "https://127.0.0.1:8443", "http:///", "http://a b", "http://user@127.0.0.1"})
    void readyWantsAnAddressInTheClear(String address) throws Exception {
        try (FairleadProcess ready = FairleadProcess.start(directory, "ready", address)) {
            assertThat(ready.exitStatus()).isEqualTo(2);
            assertThat(ready.err()).contains("ready " + address + ": write ready http://HOST:PORT");
        }
    }

    /** A connection that the server has taken, as one answer shows, with half of the next request on it. */
    private static Socket begin(int port, String path) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write("GET /-/live HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        StringBuilder answer = new StringBuilder();
        while (answer.indexOf("\r\n\r\n") < 0) {
            int next = socket.getInputStream().read();
            assertThat(next).isNotNegative();
            answer.append((char) next);
        }
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static String finish(Socket socket) throws IOException {
        socket.getOutputStream().write("\r\n".getBytes(StandardCharsets.US_ASCII));
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    }

    @Test
    void startSaysWhatItListensOnAndWithWhichCertificate() throws Exception {
        Path pem = TestCertificates.write(directory.resolve("both.pem"), MadeCertificate.make(null));
        try (FairleadProcess fairlead = FairleadProcess.start(
                directory,
                "--http-port",
                "0",
                "--https-port",
                "0",
                "--cert",
                pem.toString(),
                "--redirect-http",
                "--route",
                "/=" + backendUrl())) {
            int port = fairlead.port();
            int secure = fairlead.port("https");
            assertThat(fairlead.out().lines())
                    .satisfiesExactly(
                            line -> assertThat(line).startsWith("route   / -> "),
                            line -> assertThat(line)
                                    .startsWith("certificate CN=localhost, issued by CN=localhost, valid until ")
                                    .contains(", SHA-256 ")
                                    .endsWith(", from " + pem),
                            line -> assertThat(line)
                                    .isEqualTo("listen  HTTP/1.1, HTTP/2 on all addresses, port " + port
                                            + ", redirected to TLS"),
                            line -> assertThat(line)
                                    .isEqualTo("listen  TLS, HTTP/1.1, HTTP/2 on all addresses, port " + secure),
                            line -> assertThat(line)
                                    .startsWith("server  Jetty ")
                                    .endsWith(", adapter jetty"),
                            line -> assertThat(line)
                                    .endsWith(" listening on http://localhost:" + port + "/ https://localhost:" + secure
                                            + "/"));
            HttpResponse<String> response = get(port, "/a?b");
            assertThat(response.statusCode()).isEqualTo(308);
            assertThat(response.headers().firstValue("Location")).hasValue("https://127.0.0.1:" + secure + "/a?b");
        }
    }

    @Test
    void httpMayBeOff() throws Exception {
        try (FairleadProcess fairlead = FairleadProcess.start(
                directory, "--http-port", "off", "--https-port", "0", "--route", "/=" + backendUrl())) {
            int secure = fairlead.port("https");
            assertThat(fairlead.out())
                    .containsOnlyOnce("listen  ")
                    .contains(" listening on https://127.0.0.1:" + secure + "/")
                    .contains("made for this run, its key in memory only");
        }
    }

    /** It is large. */
    @Test
    void bouncyCastleIsLoadedForCertificatesOnly() throws Exception {
        for (boolean secure : new boolean[] {false, true}) {
            Path loaded = directory.resolve("loaded-" + secure);
            try (FairleadProcess fairlead = FairleadProcess.startIn(
                    Files.createDirectories(directory.resolve("tmp")),
                    directory,
                    List.of("-Xlog:class+load:file=" + loaded),
                    "--http-port",
                    "0",
                    "--https-port",
                    secure ? "0" : "off",
                    "--route",
                    "/=" + backendUrl())) {
                assertThat(get(fairlead.port(), "/").body()).isEqualTo("/");
                fairlead.terminate();
                assertThat(fairlead.exitStatus()).isEqualTo(143);
            }
            String classes = Files.readString(loaded);
            assertThat(classes).contains("io.fairlead.proxy.UpgradeProxyServlet ");
            assertThat(classes.contains("org.bouncycastle.")).isEqualTo(secure);
        }
    }

    @Test
    void certificateThatCannotBeUsedIsToldWithoutAStackTrace() throws Exception {
        Path pem = Files.writeString(directory.resolve("empty.pem"), "");
        try (FairleadProcess fairlead =
                FairleadProcess.start(directory, "--cert", pem.toString(), "--route", "/=ftp://x")) {
            assertThat(fairlead.exitStatus()).isEqualTo(2);
            assertThat(fairlead.err().lines()).hasSize(3);
            assertThat(fairlead.err())
                    .contains("fairlead: --cert: " + pem + " is neither PEM", "--route /=ftp://x")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void jarsLieWhereOnlyTheOwnerReads() throws Exception {
        try (FairleadProcess fairlead = FairleadProcess.start(directory, "--http-port", "0", "--https-port", "0")) {
            fairlead.port();
            assertThat(left()).singleElement().satisfies(run -> assertThat(
                            PosixFilePermissions.toString(Files.getPosixFilePermissions(run)))
                    .isEqualTo("rwx------"));
        }
    }

    @Test
    void nextStartRemovesWhatAKilledProcessLeftAndNothingElse() throws Exception {
        try (FairleadProcess running = FairleadProcess.start(directory, "--http-port", "0", "--https-port", "0")) {
            running.port();
            List<Path> inUse = left();
            try (FairleadProcess killed = FairleadProcess.start(directory, "--http-port", "0", "--https-port", "0")) {
                killed.port();
                killed.kill();
            }
            assertThat(left()).hasSize(2);
            try (FairleadProcess next = FairleadProcess.start(directory, "--version")) {
                assertThat(next.exitStatus()).isZero();
            }
            assertThat(left()).isEqualTo(inUse);
        }
    }

    @Test
    void takenPortIsSaidWithAWayOut() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                FairleadProcess fairlead = FairleadProcess.start(
                        directory, "--https-port", "0", "--http-port", "" + taken.getLocalPort())) {
            assertThat(fairlead.exitStatus()).isEqualTo(1);
            assertThat(fairlead.err().lines())
                    .singleElement()
                    .asString()
                    .startsWith("fairlead: cannot listen on 127.0.0.1, port " + taken.getLocalPort())
                    .contains("--http-port");
            assertThat(fairlead.out()).isEmpty();
        }
        assertThat(left()).isEmpty();
    }

    @Test
    void wrongArgumentsAreAllTold() throws Exception {
        try (FairleadProcess fairlead =
                FairleadProcess.start(directory, "--route", "x", "--route", "/a=ftp://x", "--http-port", "x", "-x")) {
            assertThat(fairlead.exitStatus()).isEqualTo(2);
            assertThat(fairlead.err().lines()).hasSize(5).last().isEqualTo("See java -jar fairlead.war --help");
            assertThat(fairlead.err()).contains("--route x:", "--route /a=ftp://x:", "--http-port x:", "-x:");
        }
    }

    @Test
    void wrongSettingsAreAllToldWithoutAStackTrace() throws Exception {
        try (FairleadProcess fairlead = FairleadProcess.start(
                directory,
                "--http-port",
                "0",
                "--route",
                "/a=http://x;timeout=soon",
                "--route",
                "/b=http://x;tmeout=1s",
                "--route",
                "/c=http://x;upgrade=maybe")) {
            assertThat(fairlead.exitStatus()).isEqualTo(2);
            assertThat(fairlead.err())
                    .contains("'timeout'", "'tmeout'", "'upgrade'")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void settingThatTheServerCannotServeIsToldWithoutAStackTrace() throws Exception {
        try (FairleadProcess fairlead =
                FairleadProcess.start(directory, "--http-port", "0", "--route", "/=http://x;serverAdapter=portable")) {
            assertThat(fairlead.exitStatus()).isEqualTo(2);
            assertThat(fairlead.err()).contains("serverAdapter").doesNotContain("\tat ");
        }
    }

    @Test
    void tempDirectoryThatCannotBeWrittenIsNamed() throws Exception {
        Path missing = directory.resolve("missing");
        try (FairleadProcess fairlead = FairleadProcess.startIn(missing, directory)) {
            assertThat(fairlead.exitStatus()).isEqualTo(1);
            assertThat(fairlead.err())
                    .contains("cannot unpack the jars to " + missing, "-Djava.io.tmpdir=")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void helpGoesToStandardOutput() throws Exception {
        try (FairleadProcess fairlead = FairleadProcess.start(directory, "--help")) {
            assertThat(fairlead.exitStatus()).isZero();
            assertThat(fairlead.out())
                    .startsWith("Usage: java -jar fairlead.war")
                    .contains("--route");
            assertThat(fairlead.err()).isEmpty();
        }
        assertThat(left()).isEmpty();
    }

    @Test
    void versionIsTheBuilds() throws Exception {
        try (FairleadProcess fairlead = FairleadProcess.start(directory, "--version")) {
            assertThat(fairlead.exitStatus()).isZero();
            assertThat(fairlead.out())
                    .isEqualTo("Fairlead " + System.getProperty("fairlead.version") + System.lineSeparator());
        }
    }

    private interface Answer {
        String to(HttpExchange exchange);
    }

    private void answer(String path, Answer answer) {
        backend.createContext(path, exchange -> {
            byte[] body = answer.to(exchange).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
    }

    private String backendUrl() {
        return "http://127.0.0.1:" + backend.getAddress().getPort();
    }

    private List<Path> left() throws IOException {
        try (Stream<Path> directories = Files.list(directory.resolve("tmp"))) {
            return directories.sorted().toList();
        }
    }

    private static boolean refused(int port) throws IOException {
        try {
            new Socket(InetAddress.getLoopbackAddress(), port).close();
            return false;
        } catch (ConnectException e) {
            return true;
        }
    }

    private static HttpResponse<String> get(int port, String path) throws IOException, InterruptedException {
        return CLIENT.send(HttpRequest.newBuilder(uri(port, path)).build(), BodyHandlers.ofString());
    }

    private static URI uri(int port, String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }
}
