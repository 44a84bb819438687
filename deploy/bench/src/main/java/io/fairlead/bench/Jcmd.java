package io.fairlead.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What another JVM tells by the JDK's {@code jcmd}. */
final class Jcmd {

    /** Number, instances, bytes, class; behind the class its module, where it has one. */
    private static final Pattern CLASS = Pattern.compile("(?m)^\\s*\\d+:\\s+\\d+\\s+(\\d+)\\s+(\\S+)");

    private static final Pattern IDLE_COMPILERS =
            Pattern.compile("Current compiles:\\s*C1 compile queue:\\s*Empty\\s*C2 compile queue:\\s*Empty");

    private final long pid;

    Jcmd(long pid) {
        this.pid = pid;
    }

    String run(String... command) throws IOException, InterruptedException {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        List<String> arguments = Stream.concat(Stream.of(jcmd.toString(), Long.toString(pid)), Stream.of(command))
                .toList();
        Process process =
                new ProcessBuilder(arguments).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(String.join(" ", arguments) + ": " + output);
        }
        return output;
    }

    /** Whether its compilers have nothing to do. */
    boolean isCompiled() throws IOException, InterruptedException {
        return IDLE_COMPILERS.matcher(run("Compiler.queue")).find();
    }

    /** Bytes in the heap by class, after a collection. */
    Map<String, Long> liveBytesByClass() throws IOException, InterruptedException {
        Matcher line = CLASS.matcher(run("GC.class_histogram"));
        Map<String, Long> bytes = new LinkedHashMap<>();
        while (line.find()) {
            bytes.merge(line.group(2), Long.parseLong(line.group(1)), Long::sum);
        }
        return bytes;
    }

    /** Bytes in the heap after a collection. */
    long liveBytes() throws IOException, InterruptedException {
        return liveBytesByClass().values().stream().mapToLong(Long::longValue).sum();
    }
}
