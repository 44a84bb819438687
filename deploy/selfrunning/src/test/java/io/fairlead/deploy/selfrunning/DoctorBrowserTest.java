package io.fairlead.deploy.selfrunning;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Browser;
import io.fairlead.suite.peer.Identity;
import io.fairlead.suite.peer.Middlebox;
import io.fairlead.suite.peer.Middlebox.Fault;
import io.fairlead.suite.peer.Node;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The doctor's page in a browser, through things between that each do one thing wrong: the sentence is the right one. In the
 * profile {@code full}.
 */
@Tag("full")
class DoctorBrowserTest {

    /** What each does wrong, and what is found. */
    private static final Map<Fault, String> FOUND = new LinkedHashMap<>();

    static {
        FOUND.put(Fault.NONE, "");
        FOUND.put(Fault.STRIP_UPGRADE, "upgrade-stripped");
        FOUND.put(Fault.SWALLOW_UP, "data-lost-up");
        FOUND.put(Fault.SWALLOW_DOWN, "data-lost-down");
        FOUND.put(Fault.RESET_AFTER_FIRST_FRAME, "cut-after-first-frame");
        FOUND.put(Fault.CUT_IDLE, "idle-cut");
        FOUND.put(Fault.SMALL_LETTERS, "fields-rewritten");
        FOUND.put(Fault.BUFFER_EVENTS, "sse-buffered");
        FOUND.put(Fault.LIMIT_BODIES, "body-limit");
    }

    private static final String SILENCE_S = "8";

    private static final Authority AUTHORITY = Authority.create("Fairlead's doctor test");
    private static final Identity IDENTITY = AUTHORITY.issue("localhost", "127.0.0.1");

    private static @Nullable Browser browser;
    private static @Nullable SelfRunning fairlead;

    @BeforeAll
    static void prepare() throws Exception {
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "browser")), "doctor");
        browser = Browser.trusting(AUTHORITY, Node.in(Path.of("target", "node")), directory.resolve("home"));
        fairlead = SelfRunning.startWith(List.of(
                "--cert",
                IDENTITY.writeChain(directory.resolve("chain.pem")).toString(),
                "--key",
                IDENTITY.writeKey(directory.resolve("key.pem")).toString()));
    }

    @AfterAll
    static void stop() throws Exception {
        if (fairlead != null) {
            fairlead.close();
        }
    }

    private static SelfRunning fairlead() {
        if (fairlead == null) {
            throw new IllegalStateException("not prepared");
        }
        return fairlead;
    }

    /** What the page found, by the name of the case: lines of code, severity and sentence. */
    private static Map<String, List<String>> examine(List<String> cases) throws Exception {
        if (browser == null) {
            throw new IllegalStateException("not prepared");
        }
        List<String> arguments = new ArrayList<>(List.of("doctor"));
        arguments.addAll(cases);
        String said = browser.run(arguments.toArray(String[]::new));
        Map<String, List<String>> found = new LinkedHashMap<>();
        for (String line : said.split("\n", -1)) {
            String[] words = line.split(" ", 2);
            if (words.length == 2) {
                found.computeIfAbsent(words[0], name -> new ArrayList<>()).add(words[1]);
            }
        }
        return found;
    }

    private static List<String> codes(List<String> findings) {
        return findings.stream()
                .map(line -> line.split(" ", 3))
                .map(words -> words[0])
                .filter(code -> !code.equals("fine") && !code.startsWith("other-port"))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http", "https"})
    void whatIsBetweenIsNamed(String scheme) throws Exception {
        boolean secure = scheme.equals("https");
        InetSocketAddress server = secure ? fairlead().https() : fairlead().http();
        List<Middlebox> boxes = new ArrayList<>();
        try {
            List<String> cases = new ArrayList<>();
            for (Fault fault : FOUND.keySet()) {
                Middlebox box = Middlebox.start(
                        fault, server, secure ? AUTHORITY.trust() : null, secure ? IDENTITY.server(null) : null);
                boxes.add(box);
                String silence = fault == Fault.CUT_IDLE ? SILENCE_S : "0";
                cases.add(fault + "," + silence + "," + scheme + "://localhost:" + box.port() + "/-/doctor/");
            }
            Map<String, List<String>> found = examine(cases);
            FOUND.forEach((fault, code) -> assertThat(codes(found.getOrDefault(fault.name(), List.of("nothing"))))
                    .as("%s: %s", fault, found)
                    .isEqualTo(code.isEmpty() ? List.of() : List.of(code)));
            assertThat(found.get("STRIP_UPGRADE"))
                    .anyMatch(line -> line.contains(
                            "Something between your browser and this server removed the Upgrade" + " header"));
        } finally {
            for (Middlebox box : boxes) {
                box.close();
            }
        }
    }

    @Test
    void overHttp2AllIsWell() throws Exception {
        int port = fairlead().https().getPort();
        Map<String, List<String>> found = examine(List.of("h2,0,https://localhost:" + port + "/-/doctor/"));
        assertThat(codes(found.getOrDefault("h2", List.of("nothing")))).isEmpty();
        assertThat(found.get("page")).containsExactly("over h2");
    }

    @Test
    void nginxAndHaproxyAreNamed() throws Exception {
        int server = fairlead().http().getPort();
        Path directory = Files.createTempDirectory(Files.createDirectories(Path.of("target", "browser")), "proxies");
        String upgrading = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"
                + " proxy_set_header Connection $connection_upgrade; proxy_buffering off;";
        try (ForeignProxy plain = ForeignProxy.nginx(directory.resolve("plain"), server, "");
                ForeignProxy upgrades = ForeignProxy.nginx(directory.resolve("upgrades"), server, upgrading);
                ForeignProxy short5 = ForeignProxy.haproxy(directory.resolve("haproxy"), server, "5s")) {
            Map<String, List<String>> found = examine(List.of(
                    "plain,0," + plain.url() + "/-/doctor/",
                    "upgrades,0," + upgrades.url() + "/-/doctor/",
                    "haproxy," + SILENCE_S + "," + short5.url() + "/-/doctor/"));
            assertThat(codes(found.getOrDefault("plain", List.of())))
                    .as("%s", found)
                    .contains("upgrade-stripped");
            assertThat(codes(found.getOrDefault("upgrades", List.of("nothing"))))
                    .as("%s", found)
                    .isEmpty();
            assertThat(codes(found.getOrDefault("haproxy", List.of())))
                    .as("%s", found)
                    .containsExactlyInAnyOrder("idle-cut", "fields-rewritten");
        }
    }
}
