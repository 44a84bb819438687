package io.fairlead.deploy.production;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** compose.yaml: what it says, and its nodes behind Fairlead as it says. */
@Timeout(120)
class ComposeTest {

    private static final Path FILE = Project.DEPLOY.resolve("compose.yaml");
    private static final Path CHAT = Project.DEPLOY.resolve("compose").resolve("chat");

    /** What stopping takes besides the drain: 6 s for the last Close frames, 10 s for requests under way. */
    private static final int STOP_SECONDS = 16;

    /** All that the file may use: a misspelt name is none of these. */
    private static final Set<String> KEYS = Set.of(
            "image",
            "build",
            "command",
            "ports",
            "depends_on",
            "read_only",
            "cap_drop",
            "security_opt",
            "mem_limit",
            "stop_grace_period",
            "restart",
            "deploy",
            "healthcheck");

    @Test
    void itsServicesAreHardened() throws Exception {
        JsonNode services = services();
        assertThat(services).hasSize(2);
        for (JsonNode service : services) {
            service.fieldNames().forEachRemaining(name -> assertThat(KEYS).contains(name));
            assertThat(service.path("read_only").asBoolean()).isTrue();
            assertThat(Yaml.texts(service.path("cap_drop"))).containsExactly("ALL");
            assertThat(Yaml.texts(service.path("security_opt"))).containsExactly("no-new-privileges:true");
        }
        JsonNode fairlead = services.path("fairlead");
        assertThat(Yaml.texts(fairlead.path("ports")))
                .as("reached from this machine only")
                .containsExactly("127.0.0.1:8080:8080");
        List<String> command = Yaml.texts(fairlead.path("command"));
        int drain = Integer.parseInt(command.get(command.indexOf("--drain") + 1));
        assertThat(Integer.parseInt(fairlead.path("stop_grace_period").asText().replace("s", "")))
                .isGreaterThan(drain + STOP_SECONDS);
        JsonNode build = fairlead.path("build");
        Path context = FILE.resolveSibling(build.path("context").asText()).normalize();
        assertThat(context).isEqualTo(Project.TOP);
        assertThat(context.resolve(build.path("dockerfile").asText())).exists();
        assertThat(services.at("/chat/deploy/replicas").asInt()).isEqualTo(2);
    }

    @Test
    void theNodesImageHasWhatItCopies() throws Exception {
        assertThat(FILE.resolveSibling(services().at("/chat/build").asText())).isEqualTo(CHAT);
        Dockerfile dockerfile = Dockerfile.read(CHAT.resolve("Dockerfile"));
        List<String> copied = new ArrayList<>();
        for (String copy : dockerfile.all("COPY"))
            copied.addAll(List.of(copy.replace(" ./", "").split(" ")));
        assertThat(copied)
                .containsExactlyInAnyOrder("package.json", "package-lock.json", "server.js", "index.html")
                .allSatisfy(file -> assertThat(CHAT.resolve(file)).exists());
        assertThat(dockerfile.the("USER").rest()).isEqualTo("node");
        assertThat(dockerfile.the("CMD").words()).containsExactly("node", "server.js");
    }

    /** In the profile {@code full}: two nodes, and Fairlead by its command line but for their names and its port. */
    @Test
    @Tag("full")
    void sessionsStayWithTheirNodes() throws Exception {
        Path copy = Files.createDirectories(Path.of("target", "chat"));
        try (Stream<Path> files = Files.list(CHAT)) {
            for (Path file : files.filter(Files::isRegularFile).toList())
                Files.copy(file, copy.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
        }
        Program.run("npm", "ci", "--prefix", copy.toString(), "--ignore-scripts", "--no-audit", "--no-fund");
        List<String> node = List.of(
                "env",
                "PORT=0",
                "HOST=127.0.0.1",
                "node",
                copy.resolve("server.js").toString());
        try (Program one = Program.start(node);
                Program two = Program.start(node)) {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-jar",
                    Project.WAR.toString(),
                    "--bind",
                    "127.0.0.1",
                    "--http-port",
                    "0"));
            String nodes = "http://127.0.0.1:" + one.announcedPort() + ",http://127.0.0.1:" + two.announcedPort();
            for (String word : Yaml.texts(services().at("/fairlead/command")))
                command.add(word.replace("dns+http://chat:3000", nodes));
            assertThat(String.join(" ", command)).contains(nodes);
            try (Program fairlead = Program.start(command)) {
                String origin = "127.0.0.1:" + fairlead.port("http");
                assertThat(send("http://" + origin + "/", "")).contains("Two nodes behind Fairlead");
                assertThat(send("http://" + origin + "/socket.io/socket.io.js", ""))
                        .contains("Socket.IO v4");
                Set<String> seen = new TreeSet<>();
                for (int i = 0; i < 10; i++) seen.add(session(origin));
                assertThat(seen).hasSize(2);
            }
        }
    }

    /** One session by polling, each request on a connection of its own; then by WebSocket. Returns its node's name. */
    private static String session(String origin) throws Exception {
        String polling = "http://" + origin + "/socket.io/?EIO=4&transport=polling";
        String sid = found("\"sid\":\"([^\"]+)\"", send(polling, ""));
        assertThat(send(polling + "&sid=" + sid, "40")).isEqualTo("ok");
        String heard = send(polling + "&sid=" + sid, "");
        if (!heard.contains("42[")) heard = send(polling + "&sid=" + sid, "");
        CompletableFuture<String> probed = new CompletableFuture<>();
        WebSocket socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(
                        URI.create("ws://" + origin + "/socket.io/?EIO=4&transport=websocket&sid=" + sid),
                        new WebSocket.Listener() {
                            @Override
                            public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
                                probed.complete(data.toString());
                                return WebSocket.Listener.super.onText(webSocket, data, last);
                            }
                        })
                .get(20, TimeUnit.SECONDS);
        socket.sendText("2probe", true);
        assertThat(probed.get(20, TimeUnit.SECONDS))
                .as("the node that has the session answers")
                .isEqualTo("3probe");
        socket.abort();
        return found("42\\[\"node\",\"([^\"]+)\"]", heard);
    }

    private static String found(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern).matcher(text);
        assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
        return matcher.group(1);
    }

    /** A GET, or a POST of a body, on a new connection. */
    private static String send(String url, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20));
        if (!body.isEmpty()) request.POST(BodyPublishers.ofString(body)).header("Content-Type", "text/plain");
        return HttpClient.newHttpClient()
                .send(request.build(), BodyHandlers.ofString())
                .body();
    }

    private static JsonNode services() throws Exception {
        return Yaml.document(Files.readString(FILE)).path("services");
    }
}
