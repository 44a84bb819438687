package io.fairlead.bench;

import io.fairlead.bench.Scenario.Kind;
import java.io.Closeable;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** One that stands between the clients and the backend: a process of its own, with what it was told in a directory of its own. */
final class Contender implements Closeable {

    private static final long PATIENCE_MS = 60_000;

    private final String name;
    private final int port;
    private final int tlsPort;
    private final @Nullable Process process;
    private final boolean onJvm;
    private final Set<Kind> kinds;

    private Contender(String name, int port, int tlsPort, @Nullable Process process, boolean onJvm, Set<Kind> kinds) {
        this.name = name;
        this.port = port;
        this.tlsPort = tlsPort;
        this.process = process;
        this.onJvm = onJvm;
        this.kinds = kinds;
    }

    /** Nobody between: what the client and the backend cost by themselves. There is none over TLS. */
    static Contender direct(int backend) {
        return new Contender("direct", backend, 0, null, false, EnumSet.complementOf(EnumSet.of(Kind.IDLE)));
    }

    /** Starts a process and waits until it listens on its ports. */
    static Contender start(
            String name,
            Path directory,
            List<String> command,
            Map<String, String> environment,
            int port,
            int tlsPort,
            boolean onJvm)
            throws IOException {
        return start(name, directory, command, environment, port, tlsPort, onJvm, EnumSet.allOf(Kind.class));
    }

    /** @param kinds of scenarios that it takes part in */
    static Contender start(
            String name,
            Path directory,
            List<String> command,
            Map<String, String> environment,
            int port,
            int tlsPort,
            boolean onJvm,
            Set<Kind> kinds)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("output.log").toFile());
        builder.environment().putAll(environment);
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new IOException(command.get(0) + " is not installed; as by: apt-get install nginx-light haproxy", e);
        }
        Contender contender = new Contender(name, port, tlsPort, process, onJvm, kinds);
        try {
            contender.awaitPort(port);
            contender.awaitPort(tlsPort);
            contender.awaitAnswer();
        } catch (IOException e) {
            contender.close();
            throw new IOException(name + " did not start: " + Files.readString(directory.resolve("output.log")), e);
        }
        return contender;
    }

    private void awaitPort(int awaited) throws IOException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        while (true) {
            try (Socket probe = new Socket()) {
                probe.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), awaited), 1000);
                return;
            } catch (ConnectException notYet) {
                if (process == null || !process.isAlive() || System.nanoTime() - end > 0) {
                    throw notYet;
                }
                pause();
            }
        }
    }

    /** A server may listen before its application is there. */
    private void awaitAnswer() throws IOException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        Scenario one = new Scenario(Scenario.Kind.HTTP, 100, 1, false, 1);
        while (true) {
            try (Load load = new Load(one, address(false), null)) {
                load.open();
                load.run(1);
                return;
            } catch (IOException notYet) {
                if (System.nanoTime() - end > 0) {
                    throw notYet;
                }
                pause();
            }
        }
    }

    /** Waits until most of the connections that it had are closed. */
    void awaitOpenFiles(long atMost) throws IOException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        while (processes().openFiles() > atMost) {
            if (System.nanoTime() - end > 0) {
                throw new IOException(name + " still has " + processes().openFiles() + " files open");
            }
            pause();
        }
    }

    /** Waits until what its JVM wants to compile is compiled, a minute at the most. */
    void awaitCompiled() throws IOException, InterruptedException {
        if (onJvm) {
            Jcmd jcmd = new Jcmd(pid());
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
            while (!jcmd.isCompiled() && System.nanoTime() - end < 0) {
                pause();
            }
        }
    }

    private static void pause() {
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    String name() {
        return name;
    }

    boolean takes(Scenario scenario) {
        return kinds.contains(scenario.kind()) && !(isDirect() && scenario.tls());
    }

    boolean isDirect() {
        return process == null;
    }

    /** Of the process that was started. */
    long pid() {
        if (process == null) {
            throw new IllegalStateException("nobody stands between");
        }
        return process.pid();
    }

    boolean isOnJvm() {
        return onJvm;
    }

    InetSocketAddress address(boolean tls) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), tls ? tlsPort : port);
    }

    /** Its own; the client's and the backend's where nobody stands between. */
    ProcessTree processes() {
        return process == null ? ProcessTree.self() : ProcessTree.of(process.toHandle());
    }

    /** At once, with all that it has started. */
    void kill() {
        if (process != null) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    @Override
    public void close() throws IOException {
        if (process == null) {
            return;
        }
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                kill();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            kill();
        }
    }
}
