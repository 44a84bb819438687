package io.fairlead.suite.peer;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A WebSocket peer in a process of its own, to be killed: it says nothing of its end, the system does. */
public final class Doomed implements AutoCloseable {

    private final Process process;
    private final String firstLine;

    private Doomed(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx32m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Doomed.class.getName()));
        command.addAll(arguments);
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
            String line = lines.readLine();
            if (line == null) {
                throw new IOException("the peer's process ended by itself");
            }
            firstLine = line;
        } catch (IOException e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** A backend that accepts one WebSocket and sends one message. */
    public static Doomed backend() throws IOException {
        return new Doomed(List.of("backend"));
    }

    /** A client that has sent a handshake, and got its 101. */
    public static Doomed client(InetSocketAddress address, String handshake) throws IOException {
        return new Doomed(List.of("client", Integer.toString(address.getPort()), handshake));
    }

    /** Where a backend listens. */
    public int port() {
        return Integer.parseInt(firstLine);
    }

    /** SIGKILL. Returns when it is dead. */
    public void kill() {
        try {
            process.destroyForcibly().waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    /** In the process of its own. */
    public static void main(String[] arguments) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        if (arguments[0].equals("backend")) {
            try (ServerSocket door = new ServerSocket(0, 10, loopback)) {
                System.out.println(door.getLocalPort());
                try (Wire wire = Wire.accepted(door.accept())) {
                    Head head = wire.readHead();
                    wire.send(Exchange.rawHead(head));
                    wire.send(Frame.text("last words").plain());
                    listen(wire);
                }
            }
        } else {
            Socket socket = new Socket(loopback, Integer.parseInt(arguments[1]));
            try (Wire wire = Wire.accepted(socket)) {
                int status = wire.send(arguments[2]).readHead().status();
                wire.send(Frame.text("last words").masked());
                System.out.println(status);
                listen(wire);
            }
        }
    }

    private static void listen(Wire wire) {
        try {
            wire.patience(0);
            wire.readRest();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
