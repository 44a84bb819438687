package io.fairlead.suite.peer;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.function.IntSupplier;

/** A door that is there before the backend behind it: passes the bytes of each connection on to a port that is set later. */
public final class Relay {

    private final ServerSocket door;
    private volatile IntSupplier target = () -> 0;
    private volatile boolean swallows;

    private Relay(ServerSocket door) {
        this.door = door;
    }

    /** Listens on a free port of the loopback address. */
    public static Relay start() {
        try {
            Relay relay = new Relay(new ServerSocket(0, 100, InetAddress.getLoopbackAddress()));
            Crew.start(relay::accept);
            return relay;
        } catch (IOException e) {
            throw new IllegalStateException("no relay", e);
        }
    }

    public int port() {
        return door.getLocalPort();
    }

    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port());
    }

    /** Connections from now on lead to this port of the loopback address. */
    public void leadTo(int port) {
        target = () -> port;
    }

    /** Connections from now on lead to the port that is chosen for each, as by a balancer that knows nothing of HTTP. */
    public void leadTo(IntSupplier choice) {
        target = choice;
    }

    /** From now on nothing is passed on any more, and nobody is told: as behind a cable that was pulled. */
    public void swallow() {
        swallows = true;
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = door.accept();
            Crew.start(() -> connect(client));
        }
    }

    private void connect(Socket client) throws IOException {
        try (client;
                Socket backend = new Socket()) {
            backend.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target.getAsInt()));
            backend.setTcpNoDelay(true);
            client.setTcpNoDelay(true);
            Crew.start(() -> pass(client, backend));
            pass(backend, client);
        }
    }

    private void pass(Socket from, Socket to) throws IOException {
        byte[] buffer = new byte[65_536];
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            if (!swallows) {
                out.write(buffer, 0, n);
            }
        }
        if (swallows) {
            return;
        }
        to.shutdownOutput();
    }
}
