package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Routes;
import io.fairlead.suite.Server;
import io.fairlead.suite.peer.Vitals;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** One process with the routes of {@link Routes}, for all test classes that want no other. */
public final class SharedProcess implements Fairlead {

    private static @Nullable SelfRunning process;

    static void start() throws Exception {
        List<String> arguments = new ArrayList<>(Routes.arguments());
        arguments.addAll(List.of("--doctor", "loopback"));
        process = SelfRunning.start(arguments);
    }

    static void stop() throws Exception {
        process().close();
    }

    private static SelfRunning process() {
        if (process == null) {
            throw new IllegalStateException("Arquillian did not start it: the test class is not @OnServer");
        }
        return process;
    }

    @Override
    public InetSocketAddress http() {
        return process().http();
    }

    @Override
    public InetSocketAddress https() {
        return process().https();
    }

    @Override
    public SSLContext trust() {
        return process().trust();
    }

    @Override
    public String path(String route, String backendPath) {
        return process().path(route, backendPath);
    }

    @Override
    public Vitals vitals() {
        return process().vitals();
    }

    @Override
    public Server server() {
        return process().server();
    }

    @Override
    public List<String> log() {
        return process().log();
    }
}
