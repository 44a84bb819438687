package io.fairlead.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What Linux knows of the whole machine. */
final class Machine {

    private static final double MICROS_OF_A_TICK = 10_000;

    /** Fields of the first line of {@code /proc/stat}, behind its name: what is no work. */
    private static final List<Integer> IDLE_AND_WAITING = List.of(3, 4);

    /** As many count; those behind, of guests, are in those before already. */
    private static final int FIELDS = 8;

    private Machine() {}

    /** Time in which its processors were busy so far, with what a hypervisor took from them. */
    static double busyMicros() {
        try {
            String[] fields = Files.readAllLines(Path.of("/proc/stat")).get(0).split(" +");
            long ticks = 0;
            for (int i = 0; i < FIELDS; i++) {
                if (!IDLE_AND_WAITING.contains(i)) {
                    ticks += Long.parseLong(fields[i + 1]);
                }
            }
            return ticks * MICROS_OF_A_TICK;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static int processors() {
        return Runtime.getRuntime().availableProcessors();
    }

    /** In a line, for the report. */
    static String description() throws IOException {
        String model = Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).trim())
                .findFirst()
                .orElse(System.getProperty("os.arch"));
        return processors() + " × " + model + ", Linux " + System.getProperty("os.version") + ", Java "
                + Runtime.version();
    }
}
