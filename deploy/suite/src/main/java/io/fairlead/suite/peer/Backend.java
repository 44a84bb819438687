package io.fairlead.suite.peer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * A backend that does as a test says: each path has a script, which reads and writes the connection as it likes.
 *
 * <p>One thread a connection, all of the {@link Crew}. When a script ends, the connection is closed, unless it said
 * {@link Exchange#stay()}.
 */
public final class Backend {

    /** What the backend does with a request. */
    public interface Script {
        void play(Exchange exchange) throws Exception;
    }

    private final int port;
    private final @Nullable SSLContext tls;
    private final Consumer<SSLSocket> manners;
    private final Map<String, Script> scripts = new ConcurrentSkipListMap<>();
    private final List<Head> requests = new CopyOnWriteArrayList<>();
    private final List<Throwable> faults = new CopyOnWriteArrayList<>();
    private final Set<Wire> all = ConcurrentHashMap.newKeySet();
    private final Set<Wire> open = ConcurrentHashMap.newKeySet();
    private final Map<Wire, Exchange> busy = new ConcurrentHashMap<>();
    private final AtomicInteger accepted = new AtomicInteger();
    private volatile int era;
    private volatile ServerSocket door;
    private volatile CompletableFuture<Void> accepting = CompletableFuture.completedFuture(null);
    private volatile @Nullable Seat seat;

    private Backend(ServerSocket door, @Nullable SSLContext tls, Consumer<SSLSocket> manners) {
        this.door = door;
        this.port = door.getLocalPort();
        this.tls = tls;
        this.manners = manners;
    }

    /** Listens on a free port of the loopback address. */
    public static Backend start() {
        return start(null, socket -> {});
    }

    /** The same over TLS, for clients with and without a certificate. */
    public static Backend start(Identity identity) {
        return start(identity.server(null), socket -> {});
    }

    /** The same over TLS, for clients with a certificate of an authority only. */
    public static Backend start(Identity identity, Authority clients) {
        return start(identity.server(clients), socket -> socket.setNeedClientAuth(true));
    }

    /** The same over one version of TLS, {@code TLSv1.2} or {@code TLSv1.3}. */
    public static Backend start(Identity identity, String version) {
        return start(identity.server(null), socket -> socket.setEnabledProtocols(new String[] {version}));
    }

    private static Backend start(@Nullable SSLContext tls, Consumer<SSLSocket> manners) {
        try {
            Backend backend = new Backend(open(InetAddress.getLoopbackAddress(), 0), tls, manners);
            backend.accept();
            return backend;
        } catch (IOException e) {
            throw new IllegalStateException("no backend", e);
        }
    }

    /** Listens on an address of the loopback network, on Linux any of 127.0.0.0/8; a port of 0 is a free one. */
    public static Backend startAt(String address, int port) throws IOException {
        Backend backend = new Backend(open(InetAddress.getByName(address), port), null, socket -> {});
        backend.accept();
        return backend;
    }

    private static ServerSocket open(InetAddress address, int port) throws IOException {
        ServerSocket door = new ServerSocket();
        door.bind(new InetSocketAddress(address, port), 4096);
        return door;
    }

    public int port() {
        return port;
    }

    /** As a process that is killed: its connections are reset, and whoever connects is refused, until {@link #revive}. */
    public void kill() throws IOException {
        door.close();
        // Until then the system does not give its port away.
        eventually(accepting);
        seat = Seat.of(port);
        for (Wire wire : all) {
            wire.reset();
        }
    }

    private static void eventually(CompletableFuture<Void> end) throws IOException {
        try {
            Crew.await(end.handle((done, failure) -> null));
        } catch (Exception e) {
            throw new IOException("its door does not close", e);
        }
    }

    /** Listens again, with the scripts that it had; without effect if it was not killed. */
    public void revive() throws IOException {
        Seat kept = seat;
        if (kept != null) {
            kept.close();
            seat = null;
            door = open(InetAddress.getLoopbackAddress(), port);
            accept();
        }
    }

    /** For every request whose target starts with this; the longest such text wins. */
    public void on(String targetPrefix, Script script) {
        scripts.put(targetPrefix, script);
    }

    /** How many connections were accepted since the start. */
    public int accepted() {
        return accepted.get();
    }

    /** The requests since the last {@link #reset()}, in the order of their arrival; at most a hundred. */
    public List<Head> requests() {
        return requests;
    }

    /** The connections open now that were used since the last {@link #reset()}. */
    public int open() {
        return open.size();
    }

    /** What scripts threw, other than exceptions of I/O: a peer may leave when it likes. */
    public List<Throwable> faults() {
        return faults;
    }

    /**
     * Forgets scripts and requests and closes the connections that are in the middle of a script, so that no test hears
     * of another. Those that wait for a request stay: a proxy may be about to use one.
     */
    @SuppressWarnings("NonAtomicVolatileUpdate") // One thread runs the tests.
    public void reset() {
        era++;
        busy.forEach((wire, exchange) -> {
            if (!exchange.lasting()) {
                wire.close();
            }
        });
        open.clear();
        scripts.clear();
        requests.clear();
        faults.clear();
    }

    private void accept() {
        ServerSocket mine = door;
        accepting = Crew.start(() -> {
            while (true) {
                Socket socket = mine.accept();
                int number = accepted.incrementAndGet();
                Crew.start(() -> {
                    try (socket) {
                        serve(tls == null ? Wire.accepted(socket) : Wire.accepted(socket, tls, manners), number);
                    } catch (IOException e) {
                        // The client did not like the handshake, or we did not.
                    }
                });
            }
        });
    }

    private void serve(Wire wire, int number) {
        int began = era;
        all.add(wire);
        try (wire) {
            if (seat != null) {
                wire.reset();
                return;
            }
            wire.patience(0);
            while (true) {
                Head head = wire.readHead();
                began = era;
                open.add(wire);
                wire.patience(Wire.PATIENCE_MS);
                if (requests.size() < 100) {
                    requests.add(head);
                }
                Exchange exchange = new Exchange(wire, head, number);
                busy.put(wire, exchange);
                script(head).play(exchange);
                if (!exchange.lasting()) {
                    return;
                }
                exchange.finish();
                busy.remove(wire);
                wire.patience(0);
            }
        } catch (IOException e) {
            // The peer left, or a test is over.
        } catch (Throwable e) {
            if (began == era) {
                faults.add(e);
            }
        } finally {
            busy.remove(wire);
            open.remove(wire);
            all.remove(wire);
        }
    }

    private Script script(Head head) {
        Script best = exchange -> exchange.answer("404 Not Found", "no script for " + head.target());
        int length = -1;
        for (Map.Entry<String, Script> entry : scripts.entrySet()) {
            if (entry.getKey().length() > length && head.target().startsWith(entry.getKey())) {
                best = entry.getValue();
                length = entry.getKey().length();
            }
        }
        return best;
    }
}
