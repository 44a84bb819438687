package io.fairlead.deploy.wildfly;

import io.fairlead.suite.Application;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Server;
import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Certificate;
import io.fairlead.suite.peer.Vitals;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** WildFly as it comes, but for {@code fairlead.yml}; a process of its own, one for all test classes of this JVM. */
public final class WildFlyServer implements Fairlead {

    private static final Certificate CERTIFICATE = Certificate.in(Path.of("target", "tls"));
    private static final Path BASE = Path.of("target", "base").toAbsolutePath();
    private static final List<Integer> PORTS = freePorts(3);
    private static final Server TRAITS = new Server(
            "WildFly",
            Set.of(
                    Trait.ENDS_OUTPUT_ALONE,
                    Trait.SWITCHES_TO_H2C,
                    Trait.SWITCHES_TO_H2C_UNDER_TLS,
                    Trait.RESPELLS_CHARSET,
                    Trait.COLLAPSES_SPACES,
                    Trait.DROPS_A_LEADING_QUESTION_MARK,
                    Trait.GOES_AWAY_AT_CONNECT,
                    Trait.CLOSES_BEHIND_A_MESSAGE_ONLY,
                    Trait.FORGETS_AT_A_FAULT,
                    Trait.WAITS_FOR_64_BITS,
                    Trait.HIDES_RESET_STREAMS),
            Set.of(),
            405);

    private static @Nullable Vitals vitals;

    static void configure() {
        System.setProperty(
                "fairlead.wildfly.base",
                Path.of("target", "base").toAbsolutePath().toString());
        System.setProperty(
                "fairlead.wildfly.settings",
                Path.of("target", "test-classes", "fairlead.yml")
                        .toAbsolutePath()
                        .toString());
        Path users = Path.of("target", "users.properties").toAbsolutePath();
        try {
            Files.writeString(users, Application.USER + "=" + Application.PASSWORD + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("no file of users", e);
        }
        System.setProperty("fairlead.wildfly.management", String.valueOf(PORTS.get(2)));
        System.setProperty(
                "fairlead.wildfly.jvm",
                String.join(
                        " ",
                        "-Xmx512m",
                        "-Djboss.http.port=" + PORTS.get(0),
                        "-Djboss.https.port=" + PORTS.get(1),
                        "-Djboss.management.http.port=" + PORTS.get(2),
                        "-Dfairlead.users=" + users,
                        "-Dfairlead.tls.keystore=" + CERTIFICATE.keyStore(),
                        "-Dfairlead.tls.password=" + CERTIFICATE.password()));
    }

    /** Nobody's at this moment; WildFly can't be asked which port it got for a zero. */
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
        synchronized (WildFlyServer.class) {
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
                .filter(child -> child.info().commandLine().orElse("").contains("org.jboss.as.standalone"))
                .toList();
        if (found.size() != 1) {
            throw new IllegalStateException("not one WildFly below this process, but " + found);
        }
        return found.get(0);
    }

    @Override
    public Server server() {
        return TRAITS;
    }

    @Override
    public List<String> log() {
        try {
            return Files.readAllLines(BASE.resolve("log").resolve("server.log"));
        } catch (IOException e) {
            throw new UncheckedIOException("no log of WildFly's", e);
        }
    }
}
