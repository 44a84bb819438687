package io.fairlead.proxy.tunnel;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** To follow one message of a client's, in as many reads as it takes. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class FrameScannerBenchmark {

    /** Bytes of the message. */
    @Param({"64", "65536", "1048576"})
    public int payload;

    /** Whether there are rules by which a head is judged before it passes. */
    @Param({"false", "true"})
    public boolean rules;

    private FrameScanner scanner = new FrameScanner(true, FrameRules.NONE);
    private ByteBuffer[] reads = {};

    /** Makes the message. */
    @Setup
    public void prepare() {
        scanner = new FrameScanner(true, rules ? new FrameRules(true, 1 << 24, 1 << 24, 0) : FrameRules.NONE);
        reads = Message.reads(payload);
    }

    /** One message. */
    @Benchmark
    public int message() {
        int passed = 0;
        for (ByteBuffer read : reads) {
            if (rules) {
                passed = scanner.scanByRules(read);
            } else {
                scanner.scan(read);
            }
        }
        return passed;
    }
}
