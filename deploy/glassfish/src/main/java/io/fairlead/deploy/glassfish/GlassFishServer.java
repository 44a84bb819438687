package io.fairlead.deploy.glassfish;

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
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** GlassFish or Payara with a {@link Domain} of its own: a process, one for all test classes of this JVM. */
public final class GlassFishServer implements Fairlead {

    private static final Certificate CERTIFICATE = Certificate.in(Path.of("target", "tls"));

    private static @Nullable Domain domain;
    private static @Nullable Vitals vitals;

    /** The build says where the server is, in {@code fairlead.glassfish}. */
    static void configure() {
        Domain made = Domain.in(Path.of(System.getProperty("fairlead.glassfish")), CERTIFICATE);
        domain = made;
        System.setProperty("fairlead.glassfish.domain", Domain.NAME);
        System.setProperty("fairlead.glassfish.http", String.valueOf(made.http()));
        System.setProperty("fairlead.glassfish.https", String.valueOf(made.https()));
        System.setProperty("fairlead.glassfish.admin", String.valueOf(made.admin()));
    }

    private static Domain domain() {
        if (domain == null) {
            throw new IllegalStateException("Arquillian did not start it: the test class is not @OnServer");
        }
        return domain;
    }

    private static InetSocketAddress address(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Override
    public InetSocketAddress http() {
        return address(domain().http());
    }

    @Override
    public InetSocketAddress https() {
        return address(domain().https());
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
        synchronized (GlassFishServer.class) {
            if (vitals == null) {
                try {
                    long process = domain().process();
                    vitals = Vitals.of(ProcessHandle.of(process).orElseThrow());
                } catch (IOException e) {
                    throw new UncheckedIOException("the server has left no pid", e);
                }
            }
            return vitals;
        }
    }

    @Override
    public Server server() {
        boolean payara = System.getProperty("fairlead.glassfish").endsWith("payara6");
        return new Server(
                payara ? "Payara" : "GlassFish",
                Set.of(
                        Trait.HANDSHAKES_HOLD_THREADS,
                        Trait.ENDS_OUTPUT_ALONE,
                        Trait.KEEPS_APPLICATIONS,
                        Trait.SWITCHES_TO_H2C,
                        Trait.RESPELLS_CHARSET,
                        Trait.BUFFERS_MEGABYTES,
                        Trait.DROPS_AN_EMPTY_QUERY,
                        Trait.PREFERS_CHUNKS_TO_A_LENGTH,
                        Trait.LOSES_BODIES_OF_UPGRADES,
                        Trait.REPLACES_CONNECTION_AT_CLOSE,
                        Trait.TAKES_UNMASKED,
                        Trait.BLAMES_ITSELF),
                payara ? Set.of("/a%5Cb", "/...", "/a/..") : Set.of("/a%5Cb", "/...", "/:@!$&()*,="),
                405);
    }

    @Override
    public List<String> log() {
        try {
            return domain().log();
        } catch (IOException e) {
            throw new UncheckedIOException("no log of the server's", e);
        }
    }
}
