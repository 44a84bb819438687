package io.fairlead.suite;

import io.fairlead.suite.peer.JavaLog;
import io.fairlead.suite.peer.Vitals;
import java.net.InetSocketAddress;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A running Fairlead, as the tests see it: in this JVM or in another.
 *
 * <p>A module names its own in {@code META-INF/services/io.fairlead.suite.Fairlead}: a public class with a public
 * constructor without parameters. It is made before the server starts.
 */
public interface Fairlead {

    InetSocketAddress http();

    /** Where it listens for TLS; {@code null} if it does not. */
    @Nullable
    InetSocketAddress https();

    /** What trusts the certificate of {@link #https()}. */
    @Nullable
    SSLContext trust();

    /** The path that a client asks for, to reach a path of the backend by a route of {@link Routes}. */
    String path(String route, String backendPath);

    /** The JVM that Fairlead runs in. */
    Vitals vitals();

    Server server();

    /** What it has logged of late, a line each. A server in another JVM must have a way of its own to tell. */
    default List<String> log() {
        return JavaLog.lines();
    }
}
