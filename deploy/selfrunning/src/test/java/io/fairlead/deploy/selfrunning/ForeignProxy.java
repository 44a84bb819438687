package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.peer.Seat;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;

/** nginx or HAProxy on a free port of 127.0.0.1, in front of a server on another; from its configuration to its end. */
final class ForeignProxy implements AutoCloseable {

    private static final String NEEDED = "the profile 'full' needs nginx and haproxy on the PATH: ";

    private final Process process;
    private final Seat seat;

    private ForeignProxy(Process process, Seat seat) {
        this.process = process;
        this.seat = seat;
    }

    /** @param lines of the location that leads to the server, besides */
    static ForeignProxy nginx(Path directory, int server, String lines) throws Exception {
        Seat seat = Seat.take();
        Path home = Files.createDirectories(directory).toAbsolutePath();
        Path configuration = Files.writeString(home.resolve("nginx.conf"), """
                daemon off;
                %5$s
                worker_processes 1;
                pid %1$s/pid;
                error_log %1$s/error.log;
                events {}
                http {
                  access_log off;
                  client_body_temp_path %1$s/body;
                  proxy_temp_path %1$s/proxy;
                  fastcgi_temp_path %1$s/fastcgi;
                  uwsgi_temp_path %1$s/uwsgi;
                  scgi_temp_path %1$s/scgi;
                  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
                  server {
                    listen 127.0.0.1:%2$d;
                    location / {
                      proxy_pass http://127.0.0.1:%3$d;
                      proxy_set_header Host $http_host;
                      %4$s
                    }
                  }
                }
                """.formatted(
                        home, seat.port(), server, lines, asRoot() ? "user root root;" : ""));
        return start(
                home,
                seat,
                List.of("nginx", "-p", home.toString(), "-e", home + "/error.log", "-c", configuration.toString()));
    }

    /** Its workers would be somebody else, who may not see the directories of the build. */
    private static boolean asRoot() {
        return System.getProperty("user.name", "").equals("root");
    }

    /** @param tunnel how long a tunnel may be silent */
    static ForeignProxy haproxy(Path directory, int server, String tunnel) throws Exception {
        Seat seat = Seat.take();
        Path home = Files.createDirectories(directory).toAbsolutePath();
        Path configuration = Files.writeString(home.resolve("haproxy.cfg"), """
                defaults
                  mode http
                  timeout connect 5s
                  timeout client 30s
                  timeout server 30s
                  timeout tunnel %s
                frontend doctor
                  bind 127.0.0.1:%d
                  default_backend fairlead
                backend fairlead
                  server fairlead 127.0.0.1:%d
                """.formatted(tunnel, seat.port(), server));
        return start(home, seat, List.of("haproxy", "-db", "-f", configuration.toString()));
    }

    private static ForeignProxy start(Path home, Seat seat, List<String> command) throws Exception {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(home.resolve("output").toFile())
                    .start();
        } catch (IOException absent) {
            throw new IllegalStateException(NEEDED + absent.getMessage(), absent);
        }
        ForeignProxy proxy = new ForeignProxy(process, seat);
        try {
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> !process.isAlive() || listens(seat.port()));
            if (!process.isAlive()) {
                throw new IllegalStateException(command + " ended: " + Files.readString(home.resolve("output")));
            }
            return proxy;
        } catch (RuntimeException e) {
            proxy.close();
            throw e;
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    String url() {
        return "http://localhost:" + seat.port();
    }

    int port() {
        return seat.port();
    }

    @Override
    public void close() throws Exception {
        process.destroy();
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        seat.close();
    }
}
