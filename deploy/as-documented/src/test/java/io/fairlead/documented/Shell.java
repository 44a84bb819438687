package io.fairlead.documented;

import io.fairlead.suite.peer.Crew;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** One shell in which commands are typed one after the other, so that what one exports the next one has. */
final class Shell implements AutoCloseable {

    private static final String DONE = "--- done: ";
    private static final int PATIENCE_S = 120;

    private final Process bash;
    private final Writer in;
    private final BufferedReader out;

    Shell(Path directory, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("bash", "--noprofile", "--norc")
                .directory(directory.toFile())
                .redirectErrorStream(true);
        builder.environment().putAll(environment);
        bash = builder.start();
        in = bash.outputWriter(StandardCharsets.UTF_8);
        out = bash.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Types them and waits until they are done.
     *
     * @return what they have printed
     * @throws IOException with that, if one of them fails
     */
    String type(String commands) throws Exception {
        in.write("set -eu\n" + commands + "\n{ set +eu; } 2>/dev/null; echo '" + DONE + "'$?\n");
        in.flush();
        CompletableFuture<String> printed = Crew.call(this::untilDone);
        try {
            return printed.get(PATIENCE_S, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new IOException("failed:\n" + commands + "\n" + e.getMessage(), e);
        }
    }

    private String untilDone() throws IOException {
        StringBuilder printed = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            if (line.startsWith(DONE)) {
                return printed.toString();
            }
            printed.append(line).append('\n');
        }
        // A command failed, and with it the shell ended.
        throw new IOException(printed.toString());
    }

    /** Ends the shell, and whatever it has started that still runs. */
    @Override
    public void close() {
        bash.descendants().forEach(ProcessHandle::destroyForcibly);
        bash.destroyForcibly();
    }
}
