package io.fairlead.bench;

import io.fairlead.bench.Scenario.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * Fairlead and others, side by side: all of them run at once, and have their turns in rounds A B C, A B C, so that whatever the
 * machine does besides happens to all. What counts is the ratio to another in the same run.
 */
@Command(
        name = "deploy/bench/run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = "Measures reverse proxies side by side, and writes report.md, report.json and plots.")
final class Bench implements Callable<Integer> {

    private static final int ROUNDS = 5;
    private static final int QUICK_ROUNDS = 3;

    /** A contender that is slower than the turn is long does less. */
    private static final double LONGEST_TURN_MICROS = 2_000_000;

    /** Rounds of idle tunnels, at the most: memory does not vary as time does, and a round costs much. */
    private static final int ROUNDS_OF_IDLE = 2;

    @Option(
            names = "--contenders",
            split = ",",
            paramLabel = "NAME",
            description = "Whose turns there are, in this order. Default: all; --list tells them.")
    private List<String> contenders = new ArrayList<>();

    @Option(
            names = "--scenarios",
            split = ",",
            paramLabel = "NAME",
            description = "What is measured: names, or their beginnings up to a hyphen, as ws-64B or http."
                    + " Default: all; --list tells them.")
    private List<String> scenarios = new ArrayList<>();

    @Option(names = "--rounds", paramLabel = "N", description = "Turns of each. Default: 5; 3 with --quick.")
    private int rounds;

    @Option(names = "--quick", description = "Without connections 1 and 1000, in short turns: for a first look.")
    private boolean quick;

    @Option(names = "--units", paramLabel = "N", description = "In each turn. Default: about a second's work.")
    private int units;

    @Option(names = "--warm-up", paramLabel = "N", description = "Units before the first turn. Default: by kind.")
    private int warmUp = -1;

    @Option(
            names = "--other",
            paramLabel = "NAME=WAR",
            description = "Another fairlead.war, whose contenders are fairlead+NAME, fairlead-relay+NAME,"
                    + " fairlead-tomcat+NAME, fairlead-jetty+NAME: to compare two builds in one run.")
    private Map<String, Path> others = new LinkedHashMap<>();

    @Option(
            names = "--profile",
            description = "Also say where the time goes: profile.md, from JFR and strace, and their recordings.")
    private boolean profile;

    @Option(names = "--list", description = "Tells scenarios and contenders.")
    private boolean list;

    @Option(names = "--war", required = true, hidden = true)
    private Path war = Path.of("");

    @Option(names = "--target", required = true, hidden = true, description = "The module's build directory.")
    private Path target = Path.of("");

    @Option(names = "--output", paramLabel = "DIRECTORY", description = "Where the reports go.")
    private @Nullable Path output;

    private final Set<String> warm = new HashSet<>();

    private Bench() {}

    public static void main(String[] arguments) {
        System.exit(command().execute(arguments));
    }

    static CommandLine command() {
        return new CommandLine(new Bench())
                .setOverwrittenOptionsAllowed(true)
                .setExecutionExceptionHandler((failure, command, parsed) -> {
                    if (failure instanceof IllegalArgumentException) {
                        command.getErr().println(failure.getMessage());
                        return command.getCommandSpec().exitCodeOnInvalidInput();
                    }
                    throw failure;
                });
    }

    @Override
    public Integer call() throws Exception {
        List<Scenario> chosen = chosen();
        Path work =
                Files.createDirectories(target.toAbsolutePath().resolve("runs/" + System.currentTimeMillis() / 1000));
        Path reports = Files.createDirectories(output == null ? target.resolve("report") : output);
        if (rounds == 0) {
            rounds = quick ? QUICK_ROUNDS : ROUNDS;
        }
        try (Echo echo = Echo.start();
                Contenders all =
                        new Contenders(work, target.toAbsolutePath(), war.toAbsolutePath(), others, echo.port())) {
            if (list) {
                System.out.println("Scenarios: "
                        + String.join(
                                " ", Scenario.all().stream().map(Scenario::name).toList()));
                System.out.println("Contenders: " + String.join(" ", all.names()));
                return 0;
            }
            List<Contender> running = all.startAll(contenders.isEmpty() ? all.names() : contenders);
            Report report = new Report(rounds, Machine.description());
            Profile profiles = new Profile(reports, all.trust());
            for (Scenario scenario : chosen) {
                run(scenario, all, running, report);
                if (profile) {
                    profile(scenario, running, profiles);
                }
                report.write(reports);
            }
            System.out.println("Written: " + reports.toAbsolutePath().normalize());
            return report.isComplete() ? 0 : 1;
        }
    }

    private List<Scenario> chosen() {
        List<Scenario> all = Scenario.all().stream()
                .filter(scenario -> !quick
                        || (scenario.connections() != 1 && scenario.connections() != 1000)
                        || scenario.kind() == Kind.HANDSHAKE)
                .toList();
        List<String> unknown = scenarios.stream()
                .filter(name -> all.stream().noneMatch(scenario -> scenario.isNamed(name)))
                .toList();
        if (!unknown.isEmpty()) {
            throw new IllegalArgumentException("no scenarios " + unknown + "; there are "
                    + all.stream().map(Scenario::name).toList());
        }
        Stream<Scenario> chosen = all.stream()
                .filter(scenario -> scenarios.isEmpty() || scenarios.stream().anyMatch(scenario::isNamed));
        if (units > 0) {
            return chosen.map(scenario -> scenario.kind() == Kind.IDLE ? scenario : scenario.withUnits(units))
                    .toList();
        }
        return chosen.map(scenario ->
                        quick && scenario.kind() != Kind.IDLE ? scenario.withUnits(scenario.units() / 2) : scenario)
                .toList();
    }

    private void run(Scenario scenario, Contenders all, List<Contender> running, Report report) throws Exception {
        List<Contender> left = new ArrayList<>(running);
        left.removeIf(contender -> !contender.takes(scenario));
        int turns = scenario.kind() == Kind.IDLE ? Math.min(rounds, quick ? 1 : ROUNDS_OF_IDLE) : rounds;
        for (int round = 0; round < turns; round++) {
            for (Contender contender : List.copyOf(left)) {
                try {
                    if (round == 0) {
                        warmUp(scenario, all, contender);
                    }
                    Result result = turn(scenario, all, contender);
                    report.add(scenario, contender.name(), result);
                    System.out.println(Report.line(scenario, round + 1, contender.name(), result));
                } catch (IOException failure) {
                    left.remove(contender);
                    report.failed(scenario, contender.name(), failure);
                    System.out.println(scenario.name() + ", " + contender.name() + " failed: " + failure);
                }
            }
        }
    }

    private void warmUp(Scenario scenario, Contenders all, Contender contender)
            throws IOException, InterruptedException {
        Scenario first = warmUp < 0 ? scenario.warmUp() : scenario.warmUp().withUnits(warmUp);
        if (scenario.kind() == Kind.IDLE) {
            return;
        }
        if (first.units() > 0 && warm.add(contender.name() + scenario.kind() + scenario.tls())) {
            work(first, all, contender);
            contender.awaitCompiled();
        }
        if (warmUp != 0) {
            work(scenario, all, contender);
            contender.awaitCompiled();
        }
    }

    private static void work(Scenario scenario, Contenders all, Contender contender) throws IOException {
        try (Load load = new Load(scenario, contender.address(scenario.tls()), all.trust())) {
            load.open();
            load.run(scenario.units());
        }
    }

    private static Result turn(Scenario scenario, Contenders all, Contender contender) throws Exception {
        if (scenario.kind() == Kind.IDLE) {
            try (Contender fresh = all.startFresh(contender.name())) {
                long files = fresh.processes().openFiles();
                work(scenario.warmUp(), all, fresh);
                fresh.awaitOpenFiles(files + 100);
                return idle(scenario, all, fresh);
            }
        }
        try (Load load = new Load(scenario, contender.address(scenario.tls()), all.trust())) {
            return busy(scenario, contender, load);
        }
    }

    private static Result busy(Scenario scenario, Contender contender, Load load) throws IOException {
        load.open();
        // What follows the opening of connections is none of the units'.
        int first = Math.max(1, scenario.units() / 10);
        double unitMicros = load.run(first) / 1000.0 / first;
        int units = Math.max(Math.min(scenario.units(), scenario.connections()), (int)
                Math.min(scenario.units(), LONGEST_TURN_MICROS / unitMicros));
        ProcessTree own = ProcessTree.self();
        double ownBefore = own.cpuMicros();
        double busyBefore = Machine.busyMicros();
        double before = contender.processes().cpuMicros();
        double micros = load.run(units) / 1000.0;
        double cpu = contender.processes().cpuMicros() - before;
        double busy = Machine.busyMicros() - busyBefore;
        double ownCpu = own.cpuMicros() - ownBefore;
        double others = busy - ownCpu - (contender.isDirect() ? 0 : cpu);
        return new Result(
                cpu / units,
                units / micros * 1e6,
                load.latency(),
                0,
                0,
                Math.max(0, others / micros / Machine.processors()));
    }

    private static Result idle(Scenario scenario, Contenders all, Contender contender)
            throws IOException, InterruptedException {
        ProcessTree processes = contender.processes();
        try (Load load = new Load(scenario, contender.address(scenario.tls()), all.trust())) {
            long heapBefore = contender.isOnJvm() ? new Jcmd(contender.pid()).liveBytes() : 0;
            long pssBefore = processes.pssKb();
            double cpuBefore = processes.cpuMicros();
            load.open();
            double cpu = processes.cpuMicros() - cpuBefore;
            long heap = contender.isOnJvm() ? new Jcmd(contender.pid()).liveBytes() - heapBefore : 0;
            long pss = processes.pssKb() - pssBefore;
            double tunnels = scenario.connections();
            return new Result(cpu / tunnels, 0, null, pss / tunnels, heap / 1024.0 / tunnels, 0);
        }
    }

    private static void profile(Scenario scenario, List<Contender> running, Profile profiles)
            throws IOException, InterruptedException {
        for (Contender contender : running) {
            if (contender.takes(scenario) && !contender.isDirect()) {
                profiles.take(scenario, contender);
            }
        }
    }
}
