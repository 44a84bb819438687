package io.fairlead.deploy.production;

import io.fairlead.suite.peer.Crew;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A program of the system, and what it prints. */
final class Program implements AutoCloseable {

    private static final int PATIENCE_SECONDS = 60;

    private final Process process;
    private final List<String> output = new CopyOnWriteArrayList<>();
    private final CompletableFuture<String> listening = new CompletableFuture<>();
    private final CompletableFuture<Void> outputEnded;

    private Program(Process process) {
        this.process = process;
        this.outputEnded = Crew.start(this::readOutput);
    }

    /** Starts it, with this JVM's own Java as {@code JAVA_HOME}. */
    static Program start(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return new Program(builder.start());
    }

    /** Runs it to its end, which must be success, and returns what it printed. */
    static String run(String... command) throws Exception {
        try (Program program = start(List.of(command))) {
            int status = program.exitStatus();
            if (status != 0)
                throw new AssertionError(String.join(" ", command) + ": status " + status + "\n" + program.output());
            return program.output();
        }
    }

    private void readOutput() throws IOException {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                output.add(line);
                if (line.contains(" listening on ") || line.startsWith("port ")) listening.complete(line);
            }
        } finally {
            listening.completeExceptionally(new IOException("its output ended"));
        }
    }

    /** The port that Fairlead names for a scheme, once it listens. */
    int port(String scheme) throws Exception {
        String line = listeningLine();
        Matcher url = Pattern.compile(" " + scheme + "://[^ ]+:(\\d+)/").matcher(line);
        if (!url.find()) throw new AssertionError("no " + scheme + " in: " + line);
        return Integer.parseInt(url.group(1));
    }

    private String listeningLine() throws InterruptedException {
        try {
            return listening.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("it does not listen; it said:\n" + output(), e);
        }
    }

    /** The port of a program that says {@code port N} once it listens. */
    int announcedPort() throws Exception {
        return Integer.parseInt(listeningLine().substring("port ".length()));
    }

    long pid() {
        return process.pid();
    }

    /** All that it has printed. */
    String output() {
        return String.join("\n", output);
    }

    /** Sends SIGTERM. */
    void terminate() {
        // Not the process's own destroy(), which closes its output as well.
        process.toHandle().destroy();
    }

    /** Waits for its end. */
    int exitStatus() throws Exception {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
            throw new AssertionError("still running; it said:\n" + output());
        Crew.await(outputEnded);
        return process.exitValue();
    }

    @Override
    public void close() throws Exception {
        process.destroyForcibly();
        process.waitFor();
    }
}
