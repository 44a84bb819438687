package io.fairlead.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fairlead.bench.Scenario.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/** All results of a run, as a page to read and as data. Medians over the rounds; the spread is told with them. */
final class Report {

    static final String REFERENCE = "nginx";
    static final String DIRECT = "direct";
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private final int rounds;
    private final String machine;
    private final Instant start = Instant.now();
    private final Map<Scenario, Map<String, List<Result>>> results = new LinkedHashMap<>();
    private final List<String> failures = new ArrayList<>();

    Report(int rounds, String machine) {
        this.rounds = rounds;
        this.machine = machine;
    }

    void add(Scenario scenario, String contender, Result result) {
        results.computeIfAbsent(scenario, name -> new LinkedHashMap<>())
                .computeIfAbsent(contender, name -> new ArrayList<>())
                .add(result);
    }

    /** Its earlier turns in this scenario do not count either. */
    void failed(Scenario scenario, String contender, Exception failure) {
        results.computeIfAbsent(scenario, name -> new LinkedHashMap<>()).remove(contender);
        String why = failure.toString().lines().findFirst().orElseThrow();
        failures.add(scenario.name() + ", " + contender + ": " + why);
    }

    boolean isComplete() {
        return failures.isEmpty();
    }

    void write(Path directory) throws IOException {
        Files.writeString(directory.resolve("report.md"), markdown());
        Files.writeString(directory.resolve("report.json"), JSON.writeValueAsString(json()) + "\n");
        plot(
                directory.resolve("plain.svg"),
                "CPU of a unit, resident memory of an idle tunnel: × nginx",
                scenario -> !scenario.tls());
        plot(directory.resolve("tls.svg"), "The same with clients over TLS: × nginx", Scenario::tls);
    }

    /** Of one turn, for who waits. */
    static String line(Scenario scenario, int round, String contender, Result result) {
        String what = scenario.kind() == Kind.IDLE
                ? String.format(Locale.ROOT, "%9.1f KB PSS %9.1f KB heap", result.residentKb(), result.liveHeapKb())
                : String.format(
                        Locale.ROOT,
                        "%9.2f us CPU %9.0f /s %9.0f us p99  others %.0f %%",
                        result.cpuMicros(),
                        result.perSecond(),
                        result.latencyMicros(99),
                        100 * result.othersShare());
        return String.format(Locale.ROOT, "%-18s %d  %-22s %s", scenario.name(), round, contender, what);
    }

    static double median(List<Result> of, ToDoubleFunction<Result> figure) {
        double[] sorted = of.stream().mapToDouble(figure).sorted().toArray();
        if (sorted.length == 0) {
            return 0;
        }
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** Half of what is between the least and the most, as a share of the median: the noise. */
    static double spread(List<Result> of, ToDoubleFunction<Result> figure) {
        double most = of.stream().mapToDouble(figure).max().orElse(0);
        double least = of.stream().mapToDouble(figure).min().orElse(0);
        double median = median(of, figure);
        return median == 0 ? 0 : (most - least) / 2 / median;
    }

    private static String ratio(List<Result> of, List<Result> reference, ToDoubleFunction<Result> figure) {
        double ratio = ratioOf(of, reference, figure);
        return ratio == 0 ? "" : String.format(Locale.ROOT, "%.2f", ratio);
    }

    /** 0 where there is none. */
    private static double ratioOf(List<Result> of, List<Result> reference, ToDoubleFunction<Result> figure) {
        double divisor = median(reference, figure);
        return divisor == 0 ? 0 : median(of, figure) / divisor;
    }

    /** What counts in a scenario: the CPU time of a unit, or the memory of a tunnel. */
    private static ToDoubleFunction<Result> figure(Scenario scenario) {
        return scenario.kind() == Kind.IDLE ? Result::residentKb : Result::cpuMicros;
    }

    private Set<String> contenders() {
        Set<String> names = new LinkedHashSet<>();
        results.values().forEach(all -> names.addAll(all.keySet()));
        return names;
    }

    /** By scenario and contender, where there is one: what counts, as a ratio to the reference. */
    private Map<String, Map<String, Double>> ratios(Predicate<Scenario> which) {
        Map<String, Map<String, Double>> ratios = new LinkedHashMap<>();
        results.forEach((scenario, all) -> {
            Map<String, Double> row = new LinkedHashMap<>();
            all.forEach((name, of) -> {
                double ratio = ratioOf(of, all.getOrDefault(REFERENCE, List.of()), figure(scenario));
                if (ratio > 0 && !name.equals(DIRECT)) {
                    row.put(name, ratio);
                }
            });
            if (which.test(scenario) && !row.isEmpty()) {
                ratios.put(scenario.name(), row);
            }
        });
        return ratios;
    }

    private void plot(Path file, String title, Predicate<Scenario> which) throws IOException {
        Map<String, Map<String, Double>> ratios = ratios(which);
        ratios.values().forEach(row -> row.remove(REFERENCE));
        if (!ratios.isEmpty()) {
            Files.writeString(file, new Plot(title, ratios).svg());
        }
    }

    private String markdown() {
        StringBuilder text = new StringBuilder("# Side by side\n\n" + start + ", " + machine + ". Medians of " + rounds
                + " rounds; ± is half of what lies between the least and the most.\n\n"
                + "CPU is user and system time of the contender's processes for a unit; for `direct`, of client and backend."
                + " PSS is the resident memory of an idle tunnel. × is the ratio in this run.\n");
        if (!failures.isEmpty()) {
            text.append("\nWhat failed, and has no figures:\n\n");
            failures.forEach(failure -> text.append("- ").append(failure).append('\n'));
        }
        overview(text);
        results.forEach((scenario, all) -> {
            text.append("\n## ").append(scenario.name()).append("\n\n");
            if (scenario.kind() == Kind.IDLE) {
                idle(text, all);
            } else {
                busy(text, all);
            }
        });
        return text.toString();
    }

    private void overview(StringBuilder text) {
        List<String> names =
                contenders().stream().filter(name -> !name.equals(DIRECT)).toList();
        text.append("\n## CPU and PSS, × ").append(REFERENCE).append("\n\n| |");
        names.forEach(name -> text.append(' ').append(name).append(" |"));
        text.append("\n|---|").append("---|".repeat(names.size())).append('\n');
        ratios(scenario -> true).forEach((scenario, row) -> {
            text.append("| ").append(scenario).append(" |");
            for (String name : names) {
                Double ratio = row.get(name);
                text.append(ratio == null ? " |" : String.format(Locale.ROOT, " %.2f |", ratio));
            }
            text.append('\n');
        });
    }

    private static void idle(StringBuilder text, Map<String, List<Result>> all) {
        text.append("| | PSS of a tunnel, KB | × ").append(REFERENCE);
        text.append(" | ± | live heap, KB | CPU to open one, µs |\n|---|---|---|---|---|---|\n");
        List<Result> reference = all.getOrDefault(REFERENCE, List.of());
        all.forEach((name, of) -> text.append(String.format(
                Locale.ROOT,
                "| %s | %.1f | %s | %.0f %% | %.1f | %.0f |%n",
                name,
                median(of, Result::residentKb),
                ratio(of, reference, Result::residentKb),
                100 * spread(of, Result::residentKb),
                median(of, Result::liveHeapKb),
                median(of, Result::cpuMicros))));
    }

    private static void busy(StringBuilder text, Map<String, List<Result>> all) {
        text.append("| | CPU, µs | × nginx | × direct | ± | units/s | × nginx | × direct | ± "
                + "| p50, µs | p99, µs | × nginx | × direct | ± | p99.9, µs | others |\n"
                + "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        List<Result> nginx = all.getOrDefault(REFERENCE, List.of());
        List<Result> direct = all.getOrDefault(DIRECT, List.of());
        all.forEach((name, of) -> text.append(String.format(
                Locale.ROOT,
                "| %s | %.2f | %s | %s | %.0f %% | %.0f | %s | %s | %.0f %% | %.0f | %.0f | %s | %s | %.0f %% | %.0f | %.0f %% |%n",
                name,
                median(of, Result::cpuMicros),
                ratio(of, nginx, Result::cpuMicros),
                ratio(of, direct, Result::cpuMicros),
                100 * spread(of, Result::cpuMicros),
                median(of, Result::perSecond),
                ratio(of, nginx, Result::perSecond),
                ratio(of, direct, Result::perSecond),
                100 * spread(of, Result::perSecond),
                median(of, result -> result.latencyMicros(50)),
                median(of, result -> result.latencyMicros(99)),
                ratio(of, nginx, result -> result.latencyMicros(99)),
                ratio(of, direct, result -> result.latencyMicros(99)),
                100 * spread(of, result -> result.latencyMicros(99)),
                median(of, result -> result.latencyMicros(99.9)),
                100 * of.stream().mapToDouble(Result::othersShare).max().orElse(0))));
    }

    private ObjectNode json() {
        ObjectNode root = JSON.createObjectNode();
        root.put("start", start.toString());
        root.put("machine", machine);
        root.put("rounds", rounds);
        ArrayNode failed = root.putArray("failures");
        failures.forEach(failed::add);
        ObjectNode scenarios = root.putObject("scenarios");
        results.forEach((scenario, all) -> {
            ObjectNode node = scenarios.putObject(scenario.name());
            node.put("units", scenario.units());
            ObjectNode contenders = node.putObject("contenders");
            all.forEach((name, of) -> {
                ObjectNode contender = contenders.putObject(name);
                ToDoubleFunction<Result> figure = figure(scenario);
                put(contender, "timesNginx", ratioOf(of, all.getOrDefault(REFERENCE, List.of()), figure));
                put(contender, "timesDirect", ratioOf(of, all.getOrDefault(DIRECT, List.of()), figure));
                contender.put("spread", spread(of, figure));
                ArrayNode turns = contender.putArray("turns");
                of.forEach(result -> turn(turns.addObject(), scenario, result));
            });
        });
        return root;
    }

    private static void put(ObjectNode node, String name, double ratio) {
        if (ratio > 0) {
            node.put(name, ratio);
        }
    }

    private static void turn(ObjectNode turn, Scenario scenario, Result result) {
        turn.put("cpuMicros", result.cpuMicros());
        if (scenario.kind() == Kind.IDLE) {
            turn.put("residentKb", result.residentKb());
            turn.put("liveHeapKb", result.liveHeapKb());
            return;
        }
        turn.put("perSecond", result.perSecond());
        turn.put("p50Micros", result.latencyMicros(50));
        turn.put("p99Micros", result.latencyMicros(99));
        turn.put("p999Micros", result.latencyMicros(99.9));
        turn.put("othersShare", result.othersShare());
    }
}
