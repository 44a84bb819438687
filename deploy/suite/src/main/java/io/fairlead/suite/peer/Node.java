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
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

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
            "http2-client.js",
            "browser.js");

    private final Path directory;

    private Node(Path directory) {
        this.directory = directory;
    }

    /** Installs into a directory what is not there yet. */
    public static Node in(Path directory) throws Exception {
        Files.createDirectories(directory);
        Path lock = directory.resolve("package-lock.json");
        byte[] installed = Files.exists(lock) ? Files.readAllBytes(lock) : new byte[0];
        for (String file : FILES) {
            try (InputStream in = Node.class.getResourceAsStream("/io/fairlead/suite/node/" + file)) {
                if (in == null) {
                    throw new IllegalStateException("no " + file);
                }
                Files.copy(in, directory.resolve(file), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Node node = new Node(directory);
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
        List<String> all = new ArrayList<>(List.of("node"));
        all.addAll(List.of(command));
        return run(Map.of(), all.toArray(String[]::new));
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
        List<String> all = new ArrayList<>(List.of("node"));
        all.addAll(List.of(command));
        Process process = start(Map.of(), all.toArray(String[]::new));
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        String line = Crew.await(Crew.call(lines::readLine));
        if (line == null || !line.startsWith("port ")) {
            process.destroy();
            throw new AssertionError(String.join(" ", command) + " did not listen but said: " + line);
        }
        Crew.start(() -> lines.lines().forEach(ignored -> {}));
        return new Running(process, Integer.parseInt(line.substring(5)));
    }

    /** A script that serves until it is closed. */
    public record Running(Process process, int port) implements AutoCloseable {
        @Override
        public void close() {
            process.destroy();
        }
    }
}
