package io.fairlead.bench;

import io.fairlead.bench.Scenario.Kind;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Identity;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;

/**
 * Who takes part, and how each is started: each as its documentation has a reverse proxy for WebSocket, with one certificate for
 * all, without an access log, and with connections to the backend that are kept.
 */
final class Contenders implements Closeable {

    private static final String JAVA =
            Path.of(System.getProperty("java.home"), "bin", "java").toString();
    private static final List<String> HEAP = List.of("-Xmx512m");

    /** In the order in which they have their turns. */
    private final Map<String, Starter> starters = new LinkedHashMap<>();

    private final Path work;
    private final Path target;
    private final int backend;
    private final Authority authority = Authority.create("Benchmark");
    private final Path pem;
    private final Path keyStore;
    private final Queue<Contender> running = new ConcurrentLinkedQueue<>();
    private List<String> heap = HEAP;
    private int freshOnes;

    private interface Starter {
        Contender start(String name, Path directory, int port, int tlsPort) throws Exception;
    }

    /**
     * @param work an empty directory
     * @param target the build directory, with the others' distributions and libraries
     * @param war of Fairlead
     * @param otherWars of Fairlead, by a name
     * @param backend the port of the backend
     */
    Contenders(Path work, Path target, Path war, Map<String, Path> otherWars, int backend) throws IOException {
        this.work = work;
        this.target = target;
        this.backend = backend;
        Identity identity = authority.issue("localhost", "127.0.0.1");
        this.pem = identity.writeChainAndKey(work.resolve("server.pem"));
        this.keyStore = identity.writeKeyStore(work.resolve("server.p12"), "benchmark");
        starters.put("direct", (name, directory, port, tlsPort) -> Contender.direct(backend));
        starters.put("nginx", this::nginx);
        fairlead("", war);
        otherWars.forEach((name, other) -> fairlead("+" + name, other.toAbsolutePath()));
        starters.put("haproxy", this::haproxy);
        String libraries = System.getProperty("java.class.path");
        starters.put("undertow", own(libraries, UndertowProxy.class.getName(), EnumSet.allOf(Kind.class)));
        starters.put("vertx", own(libraries, VertxProxy.class.getName(), EnumSet.allOf(Kind.class)));
        Path spring = target.resolveSibling("spring-cloud-gateway").resolve("target");
        starters.put(
                "spring-cloud-gateway",
                own(
                        spring.resolve("classes") + ":" + spring.resolve("libraries") + "/*",
                        "io.fairlead.bench.spring.Gateway",
                        EnumSet.allOf(Kind.class)));
        starters.put("jetty-proxy", own(libraries, JettyProxy.class.getName(), EnumSet.of(Kind.HTTP)));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> running.forEach(Contender::kill)));
    }

    private void fairlead(String suffix, Path war) {
        starters.put(
                "fairlead" + suffix,
                (name, directory, port, tlsPort) ->
                        fairlead(war, name, directory, port, tlsPort, "", EnumSet.allOf(Kind.class)));
        starters.put(
                "fairlead-relay" + suffix,
                (name, directory, port, tlsPort) -> fairlead(
                        war,
                        name,
                        directory,
                        port,
                        tlsPort,
                        ";mode=relay",
                        EnumSet.complementOf(EnumSet.of(Kind.HTTP))));
        starters.put(
                "fairlead-tomcat" + suffix,
                (name, directory, port, tlsPort) -> tomcat(war, name, directory, port, tlsPort));
        starters.put(
                "fairlead-jetty" + suffix,
                (name, directory, port, tlsPort) -> jetty(war, name, directory, port, tlsPort));
    }

    List<String> names() {
        return List.copyOf(starters.keySet());
    }

    /** Trusts the one certificate. */
    SSLContext trust() {
        return authority.trust();
    }

    /** Starts these, one after the other, and waits until each answers. */
    List<Contender> startAll(List<String> names) throws Exception {
        List<String> unknown =
                names.stream().filter(name -> !starters.containsKey(name)).toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("no contenders " + unknown + "; there are " + names());
        }
        List<Contender> started = new ArrayList<>();
        for (String name : names) {
            started.add(start(name, name));
        }
        return started;
    }

    /**
     * Another process of a contender, which nobody has used yet. If it is a JVM, its heap follows what lives in it: otherwise
     * the garbage of the handshakes would be counted as the tunnels' memory, or hide it.
     */
    Contender startFresh(String name) throws Exception {
        heap = List.of("-Xms8m", "-Xmx512m", "-XX:MinHeapFreeRatio=10", "-XX:MaxHeapFreeRatio=20");
        try {
            return start(name, name + "-" + ++freshOnes);
        } finally {
            heap = HEAP;
        }
    }

    private Contender start(String name, String directoryName) throws Exception {
        Path directory = Files.createDirectories(work.resolve(directoryName));
        Contender contender = Objects.requireNonNull(starters.get(name))
                .start(name, directory, Contender.freePort(), Contender.freePort());
        running.add(contender);
        return contender;
    }

    @Override
    public void close() throws IOException {
        for (Contender contender : running) {
            contender.close();
        }
    }

    private List<String> java(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(JAVA);
        command.addAll(heap);
        command.addAll(List.of(arguments));
        return command;
    }

    /** @param settings of the one route, each after a semicolon */
    private Contender fairlead(
            Path war, String name, Path directory, int port, int tlsPort, String settings, Set<Kind> kinds)
            throws IOException {
        List<String> command = java(
                "-jar",
                war.toString(),
                "--bind",
                "127.0.0.1",
                "--http-port",
                String.valueOf(port),
                "--https-port",
                String.valueOf(tlsPort),
                "--cert",
                pem.toString(),
                "--route",
                "/=http://127.0.0.1:" + backend + settings);
        return Contender.start(name, directory, command, Map.of(), port, tlsPort, true, kinds);
    }

    private Contender tomcat(Path war, String name, Path directory, int port, int tlsPort) throws IOException {
        Path home = child(target.resolve("servers"), "apache-tomcat-");
        for (String child : List.of("conf", "logs", "temp", "webapps", "work")) {
            Files.createDirectories(directory.resolve(child));
        }
        Files.copy(
                home.resolve("conf/web.xml"), directory.resolve("conf/web.xml"), StandardCopyOption.REPLACE_EXISTING);
        Files.writeString(directory.resolve("conf/server.xml"), """
                <Server port="-1">
                  <Service name="Catalina">
                    <Connector port="%d" address="127.0.0.1" maxConnections="20000" maxKeepAliveRequests="-1"/>
                    <Connector port="%d" address="127.0.0.1" maxConnections="20000" maxKeepAliveRequests="-1"
                               SSLEnabled="true">
                      <SSLHostConfig>
                        <Certificate certificateKeystoreFile="%s" certificateKeystorePassword="benchmark"/>
                      </SSLHostConfig>
                    </Connector>
                    <Engine name="Catalina" defaultHost="localhost">
                      <Host name="localhost" appBase="webapps"/>
                    </Engine>
                  </Service>
                </Server>
                """.formatted(port, tlsPort, keyStore));
        Files.copy(war, directory.resolve("webapps/ROOT.war"), StandardCopyOption.REPLACE_EXISTING);
        List<String> command = java(
                "-Dcatalina.home=" + home,
                "-Dcatalina.base=" + directory,
                "-cp",
                home.resolve("bin/bootstrap.jar") + ":" + home.resolve("bin/tomcat-juli.jar"),
                "org.apache.catalina.startup.Bootstrap",
                "start");
        return Contender.start(name, directory, command, toBackend(), port, tlsPort, true);
    }

    private Map<String, String> toBackend() {
        return Map.of("FAIRLEAD_PROXY_TO", "http://127.0.0.1:" + backend);
    }

    private Contender jetty(Path war, String name, Path directory, int port, int tlsPort) throws Exception {
        Path home = child(target.resolve("servers"), "jetty-home-");
        String start = home.resolve("start.jar").toString();
        Process setUp = new ProcessBuilder(JAVA, "-jar", start, "--add-modules=server,http,ssl,https,ee10-deploy")
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("setup.log").toFile())
                .start();
        if (setUp.waitFor() != 0) {
            throw new IOException(
                    "Jetty's base could not be made: " + Files.readString(directory.resolve("setup.log")));
        }
        Files.createDirectories(directory.resolve("webapps"));
        Files.copy(war, directory.resolve("webapps/root.war"), StandardCopyOption.REPLACE_EXISTING);
        List<String> command = java(
                "-jar",
                start,
                "jetty.http.host=127.0.0.1",
                "jetty.http.port=" + port,
                "jetty.ssl.host=127.0.0.1",
                "jetty.ssl.port=" + tlsPort,
                "jetty.ssl.sniHostCheck=false",
                "jetty.sslContext.keyStorePath=" + keyStore,
                "jetty.sslContext.keyStorePassword=benchmark",
                "jetty.sslContext.keyManagerPassword=benchmark");
        return Contender.start(name, directory, command, toBackend(), port, tlsPort, true);
    }

    private Contender nginx(String name, Path directory, int port, int tlsPort) throws IOException {
        Path conf = Files.writeString(directory.resolve("nginx.conf"), """
                daemon off;
                worker_processes 1;
                worker_rlimit_nofile 65536;
                pid nginx.pid;
                error_log stderr error;
                events { worker_connections 20000; }
                http {
                  access_log off;
                  client_body_temp_path body;
                  proxy_temp_path proxy;
                  fastcgi_temp_path fastcgi;
                  uwsgi_temp_path uwsgi;
                  scgi_temp_path scgi;
                  keepalive_requests 1000000000;
                  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
                  upstream backend { server 127.0.0.1:%d; keepalive 1024; keepalive_requests 1000000000; }
                  server {
                    listen 127.0.0.1:%d backlog=8192;
                    listen 127.0.0.1:%d ssl backlog=8192;
                    ssl_certificate %s;
                    ssl_certificate_key %s;
                    ssl_protocols TLSv1.2 TLSv1.3;
                    location / {
                      proxy_pass http://backend;
                      proxy_http_version 1.1;
                      proxy_set_header Upgrade $http_upgrade;
                      proxy_set_header Connection $connection_upgrade;
                      proxy_set_header Host $http_host;
                      proxy_read_timeout 1h;
                      proxy_send_timeout 1h;
                    }
                  }
                }
                """.formatted(backend, port, tlsPort, pem, pem));
        List<String> command = List.of("nginx", "-p", directory + "/", "-c", conf.toString());
        return Contender.start(name, directory, command, Map.of(), port, tlsPort, false);
    }

    private Contender haproxy(String name, Path directory, int port, int tlsPort) throws IOException {
        Path conf = Files.writeString(directory.resolve("haproxy.cfg"), """
                global
                  nbthread 1
                  maxconn 8000
                defaults
                  mode http
                  timeout connect 5s
                  timeout client 1h
                  timeout server 1h
                  timeout tunnel 1h
                  http-reuse always
                frontend clients
                  bind 127.0.0.1:%d backlog 8192
                  bind 127.0.0.1:%d ssl crt %s backlog 8192
                  default_backend servers
                backend servers
                  server one 127.0.0.1:%d
                """.formatted(port, tlsPort, pem, backend));
        List<String> command = List.of("haproxy", "-db", "-f", conf.toString());
        return Contender.start(name, directory, command, Map.of(), port, tlsPort, false);
    }

    /** One of this module's own proxies, made with others' libraries. */
    private Starter own(String classPath, String main, Set<Kind> kinds) {
        return (name, directory, port, tlsPort) -> {
            List<String> command = java(
                    "-cp",
                    classPath,
                    main,
                    String.valueOf(port),
                    String.valueOf(tlsPort),
                    String.valueOf(backend),
                    keyStore.toString(),
                    "benchmark");
            return Contender.start(name, directory, command, Map.of(), port, tlsPort, true, kinds);
        };
    }

    private static Path child(Path directory, String prefix) throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            return children.filter(child -> child.getFileName().toString().startsWith(prefix))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no " + prefix + "* in " + directory));
        }
    }
}
