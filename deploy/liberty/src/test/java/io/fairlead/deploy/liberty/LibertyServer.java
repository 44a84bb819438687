package io.fairlead.deploy.liberty;

import io.fairlead.suite.Application;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Server;
import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Certificate;
import io.fairlead.suite.peer.Vitals;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** Open Liberty with the {@code server.xml} of the tests; a process of its own, one for all test classes of this JVM. */
public final class LibertyServer implements Fairlead {

    private static final Certificate CERTIFICATE = Certificate.in(Path.of("target", "tls"));
    private static final Path USER = Path.of("target", "usr").toAbsolutePath();
    private static final List<Integer> PORTS = freePorts(2);
    private static final Server TRAITS = new Server(
            "Open Liberty",
            Set.of(
                    Trait.ENDS_OUTPUT_ALONE,
                    Trait.RESPELLS_CHARSET,
                    Trait.DROPS_AN_EMPTY_QUERY,
                    Trait.SAYS_THAT_A_101_IS_EMPTY,
                    Trait.HAS_NO_HTTP2,
                    Trait.EXPLAINS_FAILURES_IN_ITS_LOG,
                    // Each of its loggers keeps the class that asked for it first (WsLogger, TraceComponent.aClass).
                    Trait.KEEPS_APPLICATIONS),
            Set.of("/../../secret"),
            403);

    private static @Nullable Vitals vitals;

    static void configure() {
        Path server = USER.resolve("servers").resolve("fairlead");
        try (InputStream settings =
                Objects.requireNonNull(LibertyServer.class.getResourceAsStream("/server.xml"), "server.xml")) {
            Files.createDirectories(server);
            Files.copy(settings, server.resolve("server.xml"), StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("no directory for the server", e);
        }
        System.setProperty("fairlead.liberty.user", USER.toString());
        System.setProperty("fairlead.liberty.http", String.valueOf(PORTS.get(0)));
        System.setProperty(
                "fairlead.liberty.jvm",
                String.join(
                        " ",
                        "-Xmx512m",
                        "-Dfairlead.http=" + PORTS.get(0),
                        "-Dfairlead.https=" + PORTS.get(1),
                        "-Dfairlead.tls.keystore=" + CERTIFICATE.keyStore(),
                        "-Dfairlead.tls.password=" + CERTIFICATE.password()));
    }

    /** Nobody's at this moment. */
    private static List<Integer> freePorts(int count) {
        if (count == 0) {
            return List.of();
        }
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            // Held until the others are found, so that they differ.
            List<Integer> others = freePorts(count - 1);
            return Stream.concat(Stream.of(socket.getLocalPort()), others.stream())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("no free port", e);
        }
    }

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Override
    public InetSocketAddress http() {
        return address(PORTS.get(0));
    }

    @Override
    public InetSocketAddress https() {
        return address(PORTS.get(1));
    }

    @Override
    public SSLContext trust() {
        return CERTIFICATE.trust();
    }

    @Override
    public String path(String route, String backendPath) {
        return Application.CONTEXT_PATH + "/" + route + backendPath;
    }

    @Override
    public Vitals vitals() {
        synchronized (LibertyServer.class) {
            if (vitals == null) {
                vitals = Vitals.of(process());
            }
            return vitals;
        }
    }

    /** Arquillian does not tell which of this JVM's children it has started. */
    private static ProcessHandle process() {
        List<ProcessHandle> found = ProcessHandle.current()
                .descendants()
                .filter(child -> child.info().commandLine().orElse("").contains("ws-server.jar"))
                .toList();
        if (found.size() != 1) {
            throw new IllegalStateException("not one Liberty below this process, but " + found);
        }
        return found.get(0);
    }

    @Override
    public Server server() {
        return TRAITS;
    }

    @Override
    public List<String> log() {
        Path logs = USER.resolve("servers").resolve("fairlead").resolve("logs");
        try {
            List<String> lines = new ArrayList<>(Files.readAllLines(logs.resolve("messages.log")));
            Path details = logs.resolve("trace.log");
            if (Files.exists(details)) {
                // It has all of the other, too.
                Files.readAllLines(details).stream()
                        .filter(line -> line.contains(" 1 "))
                        .forEach(lines::add);
            }
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException("no log of Liberty's", e);
        }
    }
}
