package io.fairlead.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.LongAdder;
import javax.net.ServerSocketFactory;

/** A proxy of two threads a connection, that counts what clients send, and may change one byte of what the backend sends. */
final class Relay implements Closeable {

    private static final int BUFFER = 65_536;

    private final ServerSocket door;
    private final int backend;
    private final int changed;
    private final LongAdder sent = new LongAdder();

    /**
     * @param sockets in the clear or for TLS
     * @param backend its port
     * @param changed which byte of a connection, from 0; negative for none
     */
    Relay(ServerSocketFactory sockets, int backend, int changed) throws IOException {
        this.door = sockets.createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        this.backend = backend;
        this.changed = changed;
        start(this::accept);
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), door.getLocalPort());
    }

    /** Bytes that clients have sent so far. */
    long sent() {
        return sent.sum();
    }

    @Override
    public void close() throws IOException {
        door.close();
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "relay");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = door.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), backend);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                start(() -> pass(client, server, true));
                start(() -> pass(server, client, false));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void pass(Socket from, Socket to, boolean up) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[BUFFER];
            long passed = 0;
            for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
                if (up) {
                    sent.add(n);
                } else if (changed >= passed && changed < passed + n) {
                    buffer[(int) (changed - passed)] ^= 1;
                }
                passed += n;
                out.write(buffer, 0, n);
            }
        } catch (IOException over) {
            // One of the two has seen enough.
        }
    }
}
