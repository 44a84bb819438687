package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Application;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Server;
import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Authority;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Vitals;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/** A process {@code java -Xmx256m -jar fairlead.war}, and its end by SIGTERM. */
final class SelfRunning implements Fairlead, AutoCloseable {

    private static final Pattern LISTENING =
            Pattern.compile("listening on http://127.0.0.1:(\\d+)/ https://127.0.0.1:(\\d+)/");
    private static final Authority AUTHORITY = Authority.create("Self-running");
    private static final Server TRAITS = new Server(
            "java -jar fairlead.war",
            Set.of(
                    Trait.REWRITES_CONNECTION_OF_101,
                    Trait.ENDS_OUTPUT_ALONE,
                    Trait.REFUSES_CONNECT_ITSELF,
                    Trait.REFUSES_ODD_UPGRADES,
                    Trait.RESPELLS_CHARSET,
                    Trait.OFFERS_EXTENDED_CONNECT),
            Set.of(),
            405);

    private final Process process;
    private final List<String> output = new CopyOnWriteArrayList<>();
    private final CompletableFuture<Ports> listening = new CompletableFuture<>();
    private final CompletableFuture<Void> outputEnded;
    private @Nullable Vitals vitals;

    private record Ports(int http, int https) {}

    private SelfRunning(Process process) {
        this.process = process;
        this.outputEnded = Crew.start(this::readOutput);
    }

    /** Starts it and returns at once. */
    static SelfRunning launch(List<String> arguments) throws IOException {
        return launch(List.of(), arguments);
    }

    private static SelfRunning launch(List<String> ofTheJvm, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx256m");
        command.addAll(ofTheJvm);
        command.addAll(List.of("-jar", Application.BUILT.toString()));
        command.addAll(arguments);
        return new SelfRunning(
                new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** Starts it on free ports, with a certificate that {@link #trust()} trusts, and waits until it listens. */
    static SelfRunning start(List<String> routes) throws Exception {
        return start(List.of(), routes);
    }

    /** The same with options of the JVM. */
    static SelfRunning start(List<String> ofTheJvm, List<String> routes) throws Exception {
        Path directory = Files.createDirectories(Path.of("target", "tls"));
        Path pem = AUTHORITY.issue("localhost", "127.0.0.1").writeChainAndKey(directory.resolve("server.pem"));
        List<String> arguments = new ArrayList<>(List.of("--cert", pem.toString()));
        arguments.addAll(routes);
        return startWith(ofTheJvm, arguments);
    }

    /** Starts it on free ports of 127.0.0.1 and waits until it listens. The certificate is among the arguments. */
    static SelfRunning startWith(List<String> more) throws Exception {
        return startWith(List.of(), more);
    }

    private static SelfRunning startWith(List<String> ofTheJvm, List<String> more) throws Exception {
        List<String> arguments =
                new ArrayList<>(List.of("--bind", "127.0.0.1", "--http-port", "0", "--https-port", "0"));
        arguments.addAll(more);
        SelfRunning fairlead = launch(ofTheJvm, arguments);
        try {
            fairlead.listening.get(60, TimeUnit.SECONDS);
            return fairlead;
        } catch (Exception e) {
            fairlead.close();
            throw new IllegalStateException("fairlead.war did not listen; it said:\n" + fairlead.output(), e);
        }
    }

    private void readOutput() throws IOException {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.add(line);
                Matcher matcher = LISTENING.matcher(line);
                if (matcher.find()) {
                    listening.complete(
                            new Ports(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2))));
                }
            }
        } finally {
            listening.completeExceptionally(new IOException("its output ended"));
        }
    }

    @Override
    public List<String> log() {
        return List.copyOf(output);
    }

    String output() {
        return String.join("\n", output);
    }

    /** Sends SIGTERM. */
    void terminate() {
        // Not the process's own destroy(), which closes its output as well.
        process.toHandle().destroy();
    }

    /** Waits for the end of the process and of its output. */
    int exitValue() throws Exception {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("still running; it said:\n" + output());
        }
        Crew.await(outputEnded);
        return process.exitValue();
    }

    @Override
    public void close() throws Exception {
        terminate();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("SIGTERM did not end it within 30 s; it said:\n" + output());
        }
    }

    @Override
    public InetSocketAddress http() {
        return new InetSocketAddress("127.0.0.1", listening.join().http());
    }

    @Override
    public InetSocketAddress https() {
        return new InetSocketAddress("127.0.0.1", listening.join().https());
    }

    /** Trusts the root; the process must send the intermediate. */
    @Override
    public SSLContext trust() {
        return AUTHORITY.trust();
    }

    @Override
    public String path(String route, String backendPath) {
        return "/" + route + backendPath;
    }

    @Override
    public synchronized Vitals vitals() {
        if (vitals == null) {
            vitals = Vitals.of(process.toHandle());
        }
        return vitals;
    }

    @Override
    public Server server() {
        return TRAITS;
    }
}
