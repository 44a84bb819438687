package io.fairlead.doctor.dial;

import io.fairlead.doctor.Facts;
import io.fairlead.doctor.Facts.Client;
import io.fairlead.doctor.Facts.Kind;
import io.fairlead.doctor.Sighting.Field;
import io.fairlead.doctor.Step;
import io.fairlead.doctor.Step.Result;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * Examines one WebSocket server by one connection of HTTP/1.1: connection, TLS, handshake, a ping, silence if that is wanted, a
 * Close. It sends no messages, since nobody knows what the server makes of them, and connects to nothing but what it is given.
 *
 * <p>Blocking; for one thread. Each step is bounded by five seconds.
 */
public final class Dial {

    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Duration patience;
    private final URI url;
    private final List<Field> headers;
    private final List<String> subprotocols;
    private final Duration idle;
    private final TlsLook tls;
    private final Map<String, Step> steps = new LinkedHashMap<>();

    /**
     * @param url of {@code ws} or {@code wss}, with a host
     * @param headers sent besides, or instead of those that a handshake has anyway
     * @param idle how long to be silent; zero: not at all
     * @param insecure go on whatever is wrong with the certificate; it is told all the same
     */
    public Dial(URI url, List<Field> headers, List<String> subprotocols, Duration idle, boolean insecure) {
        this(url, headers, subprotocols, idle, insecure, PATIENCE);
    }

    /** @param patience bounds each step */
    Dial(URI url, List<Field> headers, List<String> subprotocols, Duration idle, boolean insecure, Duration patience) {
        this.patience = patience;
        this.url = url;
        this.headers = List.copyOf(headers);
        this.subprotocols = List.copyOf(subprotocols);
        this.idle = idle;
        this.tls = new TlsLook(insecure);
    }

    private boolean isSecure() {
        return url.getScheme().equalsIgnoreCase("wss");
    }

    private String host() {
        String host = url.getHost();
        return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
    }

    private int port() {
        return url.getPort() > 0 ? url.getPort() : isSecure() ? 443 : 80;
    }

    /** All that could be seen. */
    public Facts examine() {
        Socket tcp = connect();
        if (tcp != null) {
            try (tcp) {
                Socket socket = isSecure() ? secure(tcp) : tcp;
                if (socket != null) {
                    talk(socket);
                }
            } catch (IOException e) {
                // It could not be closed; all that it had to say was heard.
            }
        }
        return new Facts(
                new Client(Kind.COMMAND, url.toString(), ""), steps, List.of(), List.of(), List.of(), tls.chain());
    }

    private void note(String name, long since, Result result, String... values) {
        Map<String, String> named = new LinkedHashMap<>();
        named.put("ms", String.valueOf((System.nanoTime() - since) / 1_000_000));
        for (int i = 0; i < values.length; i += 2) {
            if (!values[i + 1].isEmpty()) {
                named.put(values[i], values[i + 1]);
            }
        }
        steps.put(name, new Step(result, named));
    }

    private @Nullable Socket connect() {
        long start = System.nanoTime();
        IOException last = null;
        try {
            for (InetAddress address : InetAddress.getAllByName(host())) {
                Socket socket = new Socket();
                try {
                    socket.connect(new InetSocketAddress(address, port()), (int) patience.toMillis());
                    socket.setSoTimeout((int) patience.toMillis());
                    socket.setTcpNoDelay(true);
                    note("connect", start, Result.OK, "address", address.getHostAddress() + " port " + port());
                    return socket;
                } catch (IOException e) {
                    socket.close();
                    last = e;
                }
            }
        } catch (UnknownHostException e) {
            note("connect", start, Result.FAILED, "reason", "name");
            return null;
        } catch (IOException e) {
            last = e;
        }
        boolean refused = last instanceof ConnectException;
        note(
                "connect",
                start,
                last instanceof SocketTimeoutException ? Result.SILENT : Result.FAILED,
                "reason",
                refused ? "refused" : "lost",
                "detail",
                reason(last));
        return null;
    }

    private String reason(@Nullable Throwable failure) {
        if (failure instanceof SocketTimeoutException) {
            return "no answer within " + patience.toSeconds() + " s";
        }
        String message = failure == null ? null : failure.getMessage();
        return message == null ? String.valueOf(failure) : message;
    }

    private @Nullable Socket secure(Socket tcp) {
        long start = System.nanoTime();
        try {
            SSLSocket secure = tls.secure(tcp, host(), port());
            secure.setSoTimeout((int) patience.toMillis());
            secure.startHandshake();
            note(
                    "tls",
                    start,
                    Result.OK,
                    "version",
                    secure.getSession().getProtocol(),
                    "cipher",
                    secure.getSession().getCipherSuite());
            return secure;
        } catch (IOException e) {
            note(
                    "tls",
                    start,
                    e instanceof SocketTimeoutException ? Result.SILENT : Result.FAILED,
                    "detail",
                    tls.fault(e, host() + ":" + port()));
            return null;
        }
    }

    private void talk(Socket socket) {
        Frames frames = shake(socket);
        if (frames == null) {
            return;
        }
        // Some let one frame pass.
        boolean passes = ping("ping", frames) && ping("again", frames);
        if (passes && !idle.isZero()) {
            passes = silence(frames);
        }
        if (passes) {
            close(frames);
        }
    }

    private @Nullable Frames shake(Socket socket) {
        long start = System.nanoTime();
        Handshake handshake = new Handshake(url, headers, subprotocols);
        try {
            socket.getOutputStream().write(handshake.request().getBytes(StandardCharsets.ISO_8859_1));
            Answer answer = Answer.read(socket.getInputStream());
            String fault = answer.status() == 101 ? handshake.fault(answer) : "it is no 101";
            note(
                    "ws",
                    start,
                    fault == null ? Result.OK : Result.FAILED,
                    "status",
                    String.valueOf(answer.status()),
                    "detail",
                    fault == null ? "" : fault,
                    "location",
                    answer.value("Location"),
                    "protocol",
                    answer.value("Sec-WebSocket-Protocol"),
                    "extensions",
                    answer.value("Sec-WebSocket-Extensions"),
                    "server",
                    answer.value("Server"),
                    "via",
                    answer.value("Via"));
            return fault == null ? new Frames(socket) : null;
        } catch (SocketTimeoutException e) {
            note("ws", start, Result.SILENT);
        } catch (IOException e) {
            note("ws", start, Result.FAILED, "detail", reason(e));
        }
        return null;
    }

    /** Whatever else the server sends before the answer is counted. */
    private boolean ping(String name, Frames frames) {
        long start = System.nanoTime();
        try {
            frames.ping();
            boolean answered = frames.awaitPong(patience);
            note(name, start, answered ? Result.OK : Result.SILENT);
            if (frames.received() > 0) {
                note("push", start, Result.OK, "frames", String.valueOf(frames.received()));
            }
            return answered;
        } catch (IOException e) {
            note(name, start, Result.FAILED, ended(frames, e));
            return false;
        }
    }

    private String[] ended(Frames frames, IOException failure) {
        return new String[] {"code", String.valueOf(frames.closeCode()), "detail", reason(failure)};
    }

    private boolean silence(Frames frames) {
        long start = System.nanoTime();
        int before = frames.received();
        try {
            frames.listen(idle);
        } catch (IOException e) {
            note("idle", start, Result.FAILED, ended(frames, e));
            return false;
        }
        String heard = String.valueOf(frames.received() - before);
        long silent = System.nanoTime();
        try {
            frames.ping();
            boolean answered = frames.awaitPong(patience);
            note("idle", start, answered ? Result.OK : Result.SILENT, "frames", heard);
            return answered;
        } catch (IOException e) {
            // Found out only now: what stood between has forgotten the connection before.
            note("idle", start - (System.nanoTime() - silent), Result.FAILED, ended(frames, e));
            return false;
        }
    }

    private void close(Frames frames) {
        long start = System.nanoTime();
        try {
            frames.close();
            frames.listen(patience);
            note("close", start, Result.SILENT, "sent", "1000", "code", "-");
        } catch (IOException e) {
            String code = String.valueOf(frames.closeCode());
            note("close", start, code.equals("1000") ? Result.OK : Result.FAILED, "sent", "1000", "code", code);
        }
    }
}
