package io.fairlead.suite.peer;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/**
 * A port of the loopback address that refuses connections, and is given to nobody who asks for any free one: the place of a
 * server that is gone. On Linux a server that names the port may listen there all the same, and come and go as it likes.
 */
public final class Seat implements Closeable {

    private final Socket socket = new Socket();

    private Seat(int port) {
        try {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        } catch (IOException e) {
            throw new IllegalStateException("no port " + port, e);
        }
    }

    /** Any free one. */
    public static Seat take() {
        return new Seat(0);
    }

    /** That of a server which listens no longer. */
    static Seat of(int port) {
        return new Seat(port);
    }

    public int port() {
        return socket.getLocalPort();
    }

    /** Gives the port back. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // A socket that was never connected.
        }
    }
}
