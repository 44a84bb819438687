package io.fairlead.suite.reports;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What came of the tests of one server, by trouble. A file of it has a line each: trouble, passed, not had, failed. */
public final class Results {

    /** Where a server's module leaves it. */
    public static final Path FILE = Path.of("target", "field-reports.tsv");

    /** What came of one test. */
    public enum Outcome {
        PASSED,
        /** The server does not have it; the test said so and did not go on. */
        NOT_HAD,
        FAILED
    }

    private final Map<Trouble, int[]> counts = new EnumMap<>(Trouble.class);

    /** Counts a test. */
    public synchronized void add(Trouble trouble, Outcome outcome) {
        counts.computeIfAbsent(trouble, none -> new int[Outcome.values().length])[outcome.ordinal()]++;
    }

    /** How many tests of {@code trouble} came out so. */
    public synchronized int count(Trouble trouble, Outcome outcome) {
        int[] found = counts.get(trouble);
        return found == null ? 0 : found[outcome.ordinal()];
    }

    public synchronized void write(Path file) throws IOException {
        List<String> lines = counts.entrySet().stream()
                .map(entry -> entry.getKey() + "\t" + entry.getValue()[0] + "\t" + entry.getValue()[1] + "\t"
                        + entry.getValue()[2])
                .collect(Collectors.toList());
        Files.createDirectories(file.toAbsolutePath().getParent());
        Files.write(file, lines);
    }

    public static Results read(Path file) throws IOException {
        Results results = new Results();
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split("\t", -1);
            int[] found = new int[Outcome.values().length];
            for (int i = 0; i < found.length; i++) {
                found[i] = Integer.parseInt(fields[i + 1]);
            }
            results.counts.put(Trouble.valueOf(fields[0]), found);
        }
        return results;
    }
}
