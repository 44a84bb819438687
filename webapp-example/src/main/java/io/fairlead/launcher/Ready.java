package io.fairlead.launcher;

import java.io.IOException;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * {@code java -jar fairlead.war ready [URL]}: asks a Fairlead that runs whether it is ready, once, for health checks on machines
 * that have no other client. {@link Main} calls it before it unpacks anything, so it uses nothing but the JDK.
 */
final class Ready {
    static final String NAME = "ready";
    static final int READY = 0;
    static final int NOT_READY = 1;
    static final int WRONG_ARGUMENTS = 2;

    private static final String PATH = "/-/ready";
    private static final String DEFAULT = "http://127.0.0.1:8080";

    /** Milliseconds for the connection, and as many for the answer. */
    private static final int PATIENCE = 3000;

    private final PrintStream out;
    private final PrintStream err;

    Ready(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /**
     * Says what it found in a line.
     *
     * @param args none or one, {@code http://HOST:PORT} of the one to ask, or with the path of its probe
     * @return the exit status: 0 ready, 1 not ready or no answer, 2 wrong arguments
     */
    int ask(String... args) {
        URI probe = args.length > 1 ? null : probe(args.length == 0 ? DEFAULT : args[0]);
        if (probe == null) {
            err.println("fairlead: ready " + String.join(" ", args) + ": write ready http://HOST:PORT,"
                    + " or nothing behind it for " + DEFAULT);
            return WRONG_ARGUMENTS;
        }
        try {
            // Straight to it, whatever proxy the environment names.
            HttpURLConnection connection = (HttpURLConnection) probe.toURL().openConnection(Proxy.NO_PROXY);
            connection.setConnectTimeout(PATIENCE);
            connection.setReadTimeout(PATIENCE);
            connection.setInstanceFollowRedirects(false);
            int status = connection.getResponseCode();
            connection.disconnect();
            if (status == HttpURLConnection.HTTP_OK) {
                out.println("ready");
                return READY;
            }
            err.println("not ready: " + probe + " says " + status);
        } catch (IOException e) {
            err.println("not ready: no answer from " + probe + " (" + e.getMessage() + ")");
        }
        return NOT_READY;
    }

    private static @Nullable URI probe(String url) {
        try {
            URI uri = new URI(url);
            if (!"http".equals(uri.getScheme()) || uri.getHost() == null || uri.getRawUserInfo() != null) return null;
            String path = uri.getPath();
            return path.isEmpty() || path.equals("/") ? uri.resolve(PATH) : uri;
        } catch (URISyntaxException e) {
            return null;
        }
    }
}
