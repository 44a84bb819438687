package io.fairlead.proxy.tunnel;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** To carry one message from a client to a backend, without the system: the legs are memory. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class PumpBenchmark {

    /** Bytes of the message. */
    @Param({"64", "65536", "524288"})
    public int payload;

    /** Whether its frames are followed. */
    @Param({"true", "false"})
    public boolean framed;

    private @Nullable TunnelLoop loop;
    private @Nullable Pump pump;
    private final Source client = new Source();

    /** Makes the message, and a tunnel whose loop has no thread: this one is it. */
    @Setup(Level.Trial)
    public void prepare() throws IOException {
        client.reads = Message.reads(payload);
        TunnelLoop own = new TunnelLoop(
                "benchmark",
                Message.READ,
                new MemoryBudget(1 << 24),
                System::nanoTime,
                PumpBenchmark.class.getClassLoader());
        Leg backend = new Sink();
        TunnelSettings settings = new TunnelSettings(
                this,
                null,
                "benchmark",
                framed,
                Duration.ofSeconds(5),
                Duration.ZERO,
                Duration.ofSeconds(5),
                Duration.ofSeconds(20),
                Duration.ofSeconds(20),
                Duration.ZERO,
                FrameRules.NONE);
        Tunnel tunnel = new Tunnel(own, settings, backend, "", end -> {});
        Side from = new Side(tunnel, client);
        Side to = new Side(tunnel, backend);
        pump = new Pump(tunnel, from, to, own, framed ? new FrameScanner(true, FrameRules.NONE) : null);
        loop = own;
    }

    /** Gives the selector back. */
    @TearDown(Level.Trial)
    public void end() throws IOException {
        if (loop != null) {
            loop.discard();
        }
    }

    /** One message. */
    @Benchmark
    public void message() {
        client.next = 0;
        while (client.next < client.reads.length && pump != null) {
            pump.run();
        }
    }

    private static class Sink implements Leg {

        @Override
        public int read(ByteBuffer into) {
            return 0;
        }

        @Override
        public void write(ByteBuffer from) {
            from.position(from.limit());
        }

        @Override
        public boolean flush() {
            return true;
        }

        @Override
        public void shutdownOutput() {}

        @Override
        public void close() {}

        @Override
        public void reset() {}

        @Override
        public @Nullable SelectableChannel channel() {
            return null;
        }
    }

    private static final class Source extends Sink {

        private ByteBuffer[] reads = {};
        private int next;

        @Override
        public int read(ByteBuffer into) {
            if (next == reads.length) {
                return 0;
            }
            ByteBuffer read = reads[next++];
            // Nobody looks at the payload, and the system's copying is not what is measured.
            into.put(into.position(), read, 0, Math.min(Message.HEAD, read.limit()));
            into.position(into.position() + read.limit());
            return read.limit();
        }
    }
}
