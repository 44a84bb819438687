package io.fairlead.suite.peer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** A server with no manners of its own: what it does with a connection, from the first byte on, is a test's to say. */
public final class Door {

    /** What is done with a connection, which is closed afterwards. */
    public interface Visit {
        void receive(Wire wire) throws IOException;
    }

    private final ServerSocket socket;
    private final Visit visit;

    private Door(ServerSocket socket, Visit visit) {
        this.socket = socket;
        this.visit = visit;
    }

    /** Listens on a free port of the loopback address. */
    public static Door open(Visit visit) {
        try {
            ServerSocket socket = new ServerSocket();
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            Door door = new Door(socket, visit);
            Crew.start(door::accept);
            return door;
        } catch (IOException e) {
            throw new IllegalStateException("no door", e);
        }
    }

    public int port() {
        return socket.getLocalPort();
    }

    private void accept() throws IOException {
        while (true) {
            Wire wire = Wire.accepted(socket.accept());
            Crew.start(() -> {
                try (wire) {
                    visit.receive(wire);
                }
            });
        }
    }
}
