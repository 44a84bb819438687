package io.fairlead.bench;

import io.fairlead.bench.Scenario.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordingFile;

/**
 * Where a contender's time and memory go in a scenario: hot methods and allocations by JFR where it is a JVM, system calls by
 * strace, and what an idle tunnel keeps in the heap. All of it apart from what is measured, since to look costs.
 */
final class Profile {

    private static final long RECORDED_NANOS = TimeUnit.SECONDS.toNanos(8);
    private static final long TRACED_NANOS = TimeUnit.SECONDS.toNanos(3);
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final int LINES = 25;

    /** Calls in which a thread waits for work: JFR sees it in native code, but it costs nothing. */
    private static final Set<String> WAITING =
            Set.of("sun.nio.ch.EPoll.wait", "sun.nio.ch.Net.accept", "sun.nio.ch.Net.poll", "java.lang.Object.wait");

    /** JFR's profile looks at Java code every 10 ms and at native code every 20 ms. */
    private static final Map<String, Integer> MILLIS_OF_A_SAMPLE =
            Map.of("jdk.ExecutionSample", 10, "jdk.NativeMethodSample", 20);

    /** Of strace -c: share, seconds, microseconds a call, calls, errors if any, name. */
    private static final Pattern CALL =
            Pattern.compile("(?m)^\\s*[\\d.]+\\s+[\\d.]+\\s+\\d+\\s+(\\d+)\\s+(?:\\d+\\s+)?([a-z]\\w*)$");

    private final Path directory;
    private final SSLContext trust;
    private final StringBuilder text = new StringBuilder("# Where it goes\n");

    Profile(Path directory, SSLContext trust) {
        this.directory = directory;
        this.trust = trust;
    }

    /** Looks at one contender, and adds what it has seen to profile.md. */
    void take(Scenario scenario, Contender contender) throws IOException, InterruptedException {
        text.append("\n## ")
                .append(scenario.name())
                .append(", ")
                .append(contender.name())
                .append('\n');
        if (scenario.kind() == Kind.IDLE) {
            if (contender.isOnJvm()) {
                heap(scenario, contender);
            }
        } else {
            if (contender.isOnJvm()) {
                record(scenario, contender);
            }
            trace(scenario, contender);
        }
        Files.writeString(directory.resolve("profile.md"), text);
    }

    private void heap(Scenario scenario, Contender contender) throws IOException, InterruptedException {
        Jcmd jcmd = new Jcmd(contender.pid());
        Map<String, Long> before = jcmd.liveBytesByClass();
        Map<String, Double> kept = new HashMap<>();
        try (Load load = new Load(scenario, contender.address(scenario.tls()), trust)) {
            load.open();
            jcmd.liveBytesByClass()
                    .forEach((name, bytes) ->
                            kept.put(name, (bytes - before.getOrDefault(name, 0L)) / (double) scenario.connections()));
        }
        table("live bytes a tunnel, by class", kept, 1);
    }

    private void record(Scenario scenario, Contender contender) throws IOException, InterruptedException {
        Path file = directory
                .resolve("profile-" + scenario.name() + "-" + contender.name() + ".jfr")
                .toAbsolutePath();
        Jcmd jcmd = new Jcmd(contender.pid());
        long units;
        try (Load load = new Load(scenario, contender.address(scenario.tls()), trust)) {
            load.open();
            load.run(scenario.units());
            jcmd.run("JFR.start", "name=bench", "settings=profile");
            units = runFor(RECORDED_NANOS, scenario, load);
            jcmd.run("JFR.stop", "name=bench", "filename=" + file);
        }
        Map<String, Double> methods = new HashMap<>();
        Map<String, Double> callers = new HashMap<>();
        Map<String, Double> threads = new HashMap<>();
        Map<String, Double> allocations = new HashMap<>();
        try (RecordingFile recording = new RecordingFile(file)) {
            while (recording.hasMoreEvents()) {
                RecordedEvent event = recording.readEvent();
                String type = event.getEventType().getName();
                Integer millis = MILLIS_OF_A_SAMPLE.get(type);
                if (millis != null) {
                    List<String> stack = stack(event);
                    if (!stack.isEmpty() && !WAITING.contains(stack.get(0))) {
                        double micros = millis * 1000.0;
                        methods.merge(stack.get(0), micros, Double::sum);
                        callers.merge(caller(stack), micros, Double::sum);
                        threads.merge(threadOf(event), micros, Double::sum);
                    }
                } else if (type.equals("jdk.ObjectAllocationSample")) {
                    List<String> stack = stack(event);
                    String where = stack.isEmpty() ? "" : " in " + stack.get(0) + ", by " + caller(stack);
                    allocations.merge(
                            event.getClass("objectClass").getName() + where,
                            (double) event.getLong("weight"),
                            Double::sum);
                }
            }
        }
        shares("methods", methods);
        shares("methods of Fairlead's or of a proxy's, the innermost", callers);
        shares("threads", threads);
        table("bytes allocated a unit, by class and place", allocations, (double) units);
    }

    private static List<String> stack(RecordedEvent event) {
        List<String> stack = new ArrayList<>();
        if (event.getStackTrace() != null) {
            for (RecordedFrame frame : event.getStackTrace().getFrames()) {
                RecordedMethod method = frame.getMethod();
                stack.add(method.getType().getName() + "." + method.getName());
            }
        }
        return stack;
    }

    private static String caller(List<String> stack) {
        return stack.stream()
                .filter(frame -> frame.startsWith("io.fairlead.") || frame.contains(".proxy."))
                .findFirst()
                .orElse("others");
    }

    /** Its name without numbers, so that the threads of a pool are one. */
    private static String threadOf(RecordedEvent event) {
        return event.getThread("sampledThread") == null
                ? "unknown"
                : String.valueOf(event.getThread("sampledThread").getJavaName()).replaceAll("\\d+", "#");
    }

    private void trace(Scenario scenario, Contender contender) throws IOException, InterruptedException {
        Path file = directory
                .resolve("strace-" + scenario.name() + "-" + contender.name() + ".txt")
                .toAbsolutePath();
        List<String> command = new ArrayList<>(List.of("strace", "-c", "-f", "-o", file.toString()));
        List<Long> pids = contender.processes().pids();
        pids.forEach(pid -> command.addAll(List.of("-p", pid.toString())));
        long units;
        try (Load load = new Load(scenario, contender.address(scenario.tls()), trust)) {
            load.open();
            load.run(1 + scenario.units() / 10);
            Process strace = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            awaitTraced(pids, strace);
            units = runFor(TRACED_NANOS, scenario.withUnits(1 + scenario.units() / 20), load);
            strace.destroy();
            strace.waitFor();
        }
        Map<String, Double> calls = new HashMap<>();
        Matcher call = CALL.matcher(Files.readString(file));
        while (call.find()) {
            calls.merge(call.group(2), Double.valueOf(call.group(1)), Double::sum);
        }
        calls.remove("total");
        table("system calls a unit, in " + units + " units", calls, (double) units);
    }

    private static void awaitTraced(List<Long> pids, Process strace) throws IOException {
        long end = System.nanoTime() + PATIENCE_NANOS;
        for (long pid : pids) {
            while (Files.readString(Path.of("/proc", Long.toString(pid), "status"))
                    .contains("\nTracerPid:\t0\n")) {
                if (!strace.isAlive() || System.nanoTime() - end > 0) {
                    throw new IOException("strace does not trace " + pid);
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            }
        }
    }

    private static long runFor(long nanos, Scenario scenario, Load load) throws IOException {
        long end = System.nanoTime() + nanos;
        long units = 0;
        while (System.nanoTime() - end < 0) {
            load.run(scenario.units());
            units += scenario.units();
        }
        return units;
    }

    /** JFR does not look at all threads each time, so only shares tell. */
    private void shares(String title, Map<String, Double> samples) {
        double all = samples.values().stream().mapToDouble(Double::doubleValue).sum();
        lines(title + ", % of samples", samples, all / 100);
    }

    private void table(String title, Map<String, Double> figures, double units) {
        double all = figures.values().stream().mapToDouble(Double::doubleValue).sum();
        lines(String.format(Locale.ROOT, "%s: %.2f", title, all / units), figures, units);
    }

    private void lines(String title, Map<String, Double> figures, double divisor) {
        text.append('\n').append(title).append("\n\n");
        figures.entrySet().stream()
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .limit(LINES)
                .forEach(entry -> text.append(
                        String.format(Locale.ROOT, "    %9.2f  %s%n", entry.getValue() / divisor, entry.getKey())));
    }
}
