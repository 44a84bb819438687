package io.fairlead.bench;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What Linux knows of a process and those that it has started. */
final class ProcessTree {

    private static final Pattern PSS = Pattern.compile("(?m)^Pss:\\s+(\\d+) kB$");

    /** USER_HZ, which is 100 on all that matters. */
    private static final double MICROS_OF_A_TICK = 10_000;

    /** Fields of {@code /proc/PID/stat} behind the name: time of children that have ended and were waited for. */
    private static final int CHILDREN_USER = 13;

    private static final int CHILDREN_SYSTEM = 14;

    private static final Clock CLOCK = Native.load("c", Clock.class);

    /** The C library's; its times are exact where {@code /proc} counts hundredths of a second. */
    private interface Clock extends Library {
        int clock_gettime(int clock, long[] secondsAndNanos);
    }

    private final ProcessHandle root;
    private final boolean alone;

    private ProcessTree(ProcessHandle root, boolean alone) {
        this.root = root;
        this.alone = alone;
    }

    static ProcessTree of(ProcessHandle root) {
        return new ProcessTree(root, false);
    }

    /** This process without those that it has started. */
    static ProcessTree self() {
        return new ProcessTree(ProcessHandle.current(), true);
    }

    private List<ProcessHandle> all() {
        return alone
                ? List.of(root)
                : Stream.concat(Stream.of(root), root.descendants()).toList();
    }

    List<Long> pids() {
        return all().stream().map(ProcessHandle::pid).toList();
    }

    /** User and system time so far, with that of children that have ended. */
    double cpuMicros() {
        return all().stream()
                .mapToDouble(process -> ownMicros(process.pid()) + (alone ? 0 : microsOfEnded(process)))
                .sum();
    }

    /** By the process's own clock, clock_getcpuclockid(3); 0 if it is gone. */
    private static double ownMicros(long pid) {
        long[] time = new long[2];
        int clock = (int) (~pid << 3 | 2);
        return CLOCK.clock_gettime(clock, time) == 0 ? time[0] * 1e6 + time[1] / 1e3 : 0;
    }

    private static double microsOfEnded(ProcessHandle process) {
        String stat = read(process, "stat");
        // The name, in parentheses, may hold anything.
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).trim().split(" ");
        return fields.length <= CHILDREN_SYSTEM
                ? 0
                : (Long.parseLong(fields[CHILDREN_USER]) + Long.parseLong(fields[CHILDREN_SYSTEM])) * MICROS_OF_A_TICK;
    }

    /** Proportional set size, in KB. */
    long pssKb() {
        return all().stream().mapToLong(ProcessTree::pssKb).sum();
    }

    private static long pssKb(ProcessHandle process) {
        Matcher matcher = PSS.matcher(read(process, "smaps_rollup"));
        return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
    }

    /** Open files, sockets among them. */
    long openFiles() {
        return all().stream().mapToLong(ProcessTree::openFiles).sum();
    }

    private static long openFiles(ProcessHandle process) {
        try (Stream<Path> files = Files.list(Path.of("/proc", Long.toString(process.pid()), "fd"))) {
            return files.count();
        } catch (NoSuchFileException | NotDirectoryException ended) {
            return 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(ProcessHandle process, String file) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), file));
        } catch (NoSuchFileException ended) {
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
