package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code java -jar fairlead.war} as a process of its own, the file that the build made. */
final class FairleadProcess implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("^Fairlead \\S+ listening on (.+)$", Pattern.MULTILINE);

    /** Far more than it takes, for a busy machine. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Process process;
    private final Path out;
    private final Path err;

    private FairleadProcess(Process process, Path out, Path err) {
        this.process = process;
        this.out = out;
        this.err = err;
    }

    static Path war() {
        return Path.of(System.getProperty("fairlead.war"));
    }

    /** Starts it with {@code directory/tmp} as its temp directory. */
    static FairleadProcess start(Path directory, String... arguments) throws IOException {
        return startIn(Files.createDirectories(directory.resolve("tmp")), directory, arguments);
    }

    /** Starts it with another temp directory; {@code directory} takes what it prints. */
    static FairleadProcess startIn(Path temp, Path directory, String... arguments) throws IOException {
        return startIn(temp, directory, List.of(), arguments);
    }

    /** Starts it with options for the JVM, too. */
    static FairleadProcess startIn(Path temp, Path directory, List<String> jvmOptions, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Djava.io.tmpdir=" + temp));
        command.addAll(jvmOptions);
        command.addAll(List.of("-jar", war().toString()));
        command.addAll(List.of(arguments));
        Path out = Files.createTempFile(directory, "out", null);
        Path err = Files.createTempFile(directory, "err", null);
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        return new FairleadProcess(process, out, err);
    }

    /** Waits until it says that it is ready, and returns the port that it names for a scheme. */
    int port(String scheme) {
        await().atMost(PATIENCE)
                .until(() -> !process.isAlive() || LISTENING.matcher(out()).find());
        Matcher line = LISTENING.matcher(out());
        assertThat(line.find()).as("listening; its errors: %s", err()).isTrue();
        Matcher url =
                Pattern.compile("(?:^| )" + scheme + "://\\S+:(\\d+)/(?: |$)").matcher(line.group(1));
        assertThat(url.find()).as("%s in %s", scheme, line.group(1)).isTrue();
        return Integer.parseInt(url.group(1));
    }

    int port() {
        return port("http");
    }

    int exitStatus() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("ended; its errors: %s", err())
                .isTrue();
        return process.exitValue();
    }

    void terminate() {
        process.destroy();
    }

    void kill() throws InterruptedException {
        process.destroyForcibly();
        exitStatus();
    }

    String out() {
        return read(out);
    }

    String err() {
        return read(err);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
