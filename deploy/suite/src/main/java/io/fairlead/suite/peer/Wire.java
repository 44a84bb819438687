package io.fairlead.suite.peer;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/**
 * One end of a connection: says exactly what it is told to say and shows exactly what it hears.
 *
 * <p>Blocking; one thread may read while another writes. Reads give up after {@link #PATIENCE_MS}, so that a test whose
 * bytes never come fails instead of hanging.
 */
public final class Wire implements Closeable {

    /** How the other side ended the connection. */
    public enum Ending {
        /** An orderly end of stream; under TLS, close_notify. */
        FIN,
        /** A reset, or under TLS an end without close_notify. */
        CUT
    }

    public static final int PATIENCE_MS = 20_000;

    private final Socket tcp;
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private boolean chunkEndPending;

    private Wire(Socket tcp, Socket socket) throws IOException {
        this.tcp = tcp;
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream(), 65_536);
        this.out = socket.getOutputStream();
        tcp.setTcpNoDelay(true);
        tcp.setSoTimeout(PATIENCE_MS);
        socket.setSoTimeout(PATIENCE_MS);
    }

    static Wire accepted(Socket tcp) throws IOException {
        return new Wire(tcp, tcp);
    }

    /** Lets a client that has connected do its handshake. */
    static Wire accepted(Socket tcp, SSLContext tls, Consumer<SSLSocket> manners) throws IOException {
        tcp.setSoTimeout(PATIENCE_MS);
        SSLSocket secure = (SSLSocket) tls.getSocketFactory().createSocket(tcp, null, true);
        manners.accept(secure);
        secure.startHandshake();
        return new Wire(tcp, secure);
    }

    /** What was agreed on with the other side; fails on a plain connection. */
    public ExtendedSSLSession tls() {
        return (ExtendedSSLSession) ((SSLSocket) socket).getSession();
    }

    /**
     * Connects, over TLS if a context is given. A receive buffer of 0 leaves the size to the system. Protocols are what
     * the client offers by ALPN; a server that takes none of them is a fault.
     */
    public static Wire connect(
            InetSocketAddress address, @Nullable SSLContext tls, int receiveBuffer, String... protocols)
            throws IOException {
        Socket tcp = new Socket();
        try {
            if (receiveBuffer > 0) {
                tcp.setReceiveBufferSize(receiveBuffer);
            }
            tcp.connect(address, PATIENCE_MS);
            if (tls == null) {
                return new Wire(tcp, tcp);
            }
            SSLSocket secure = (SSLSocket)
                    tls.getSocketFactory().createSocket(tcp, address.getHostString(), address.getPort(), true);
            if (protocols.length > 0) {
                SSLParameters parameters = secure.getSSLParameters();
                parameters.setApplicationProtocols(protocols);
                secure.setSSLParameters(parameters);
            }
            secure.startHandshake();
            if (protocols.length > 0 && !List.of(protocols).contains(secure.getApplicationProtocol())) {
                throw new IOException("the server speaks none of " + List.of(protocols));
            }
            return new Wire(tcp, secure);
        } catch (IOException e) {
            tcp.close();
            throw e;
        }
    }

    public InputStream in() {
        return in;
    }

    public OutputStream out() {
        return out;
    }

    /** Sends characters as single bytes, in one write. */
    public Wire send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Sends bytes in one write. */
    public Wire send(byte[] bytes) throws IOException {
        out.write(bytes);
        out.flush();
        return this;
    }

    /** Sends lines, each ended by CRLF, in one write; an empty string is an empty line. */
    public Wire sendLines(String... lines) throws IOException {
        return send(String.join("\r\n", lines) + "\r\n");
    }

    /** Reads up to and with the empty line. */
    public Head readHead() throws IOException {
        return Head.parse(readHeadBytes());
    }

    private byte[] readHeadBytes() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int newlines = 0;
        while (newlines < 2) {
            int b = in.read();
            if (b < 0) {
                throw new EOFException(
                        "connection ended within a head: <" + bytes.toString(StandardCharsets.ISO_8859_1) + ">");
            }
            bytes.write(b);
            if (b == '\n') {
                newlines++;
            } else if (b != '\r') {
                newlines = 0;
            }
        }
        return bytes.toByteArray();
    }

    /** Reads the head of the final answer, passing over 1xx other than 101. */
    public Head readFinalHead() throws IOException {
        Head head = readHead();
        while (head.status() < 200 && head.status() != 101) {
            head = readHead();
        }
        return head;
    }

    public byte[] read(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("connection ended after " + bytes.length + " of " + length + " bytes: <"
                    + new String(bytes, 0, Math.min(bytes.length, 200), StandardCharsets.ISO_8859_1) + ">");
        }
        return bytes;
    }

    public String readText(int length) throws IOException {
        return new String(read(length), StandardCharsets.ISO_8859_1);
    }

    /** Reads up to and with a line feed; the line is given without its CRLF. */
    public String readLine() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new EOFException("connection ended within a line");
            }
            if (b != '\r') {
                bytes.write(b);
            }
        }
        return bytes.toString(StandardCharsets.ISO_8859_1);
    }

    /**
     * Reads one chunk of a chunked body; the last one is empty. The CRLF behind a chunk is read with the next one: some
     * servers send it only then.
     */
    public byte[] readChunk() throws IOException {
        if (chunkEndPending) {
            readLine();
            chunkEndPending = false;
        }
        int length = Integer.parseInt(readLine().split(";", 2)[0].strip(), 16);
        byte[] chunk = read(length);
        if (length == 0) {
            for (String trailer = readLine(); !trailer.isEmpty(); trailer = readLine()) {
                // Trailers are of no interest here.
            }
        } else {
            chunkEndPending = true;
        }
        return chunk;
    }

    /** Reads the body that belongs to a head: by chunks, by length, or (of a response) up to the end of the stream. */
    public byte[] readBody(Head head) throws IOException {
        if (head.tokens("Transfer-Encoding").contains("chunked")) {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            for (byte[] chunk = readChunk(); chunk.length > 0; chunk = readChunk()) {
                body.write(chunk);
            }
            return body.toByteArray();
        }
        if (head.has("Content-Length")) {
            return read(Integer.parseInt(head.value("Content-Length")));
        }
        return head.startLine().startsWith("HTTP/") ? readRest() : new byte[0];
    }

    /** Reads the body that belongs to a head, as characters. */
    public String readBodyText(Head head) throws IOException {
        return new String(readBody(head), StandardCharsets.ISO_8859_1);
    }

    /** Reads up to an orderly end of the stream. */
    public byte[] readRest() throws IOException {
        return in.readAllBytes();
    }

    /** Waits for the other side to end the connection; a byte that comes instead is a fault. */
    public Ending ending() throws IOException {
        int b;
        try {
            b = in.read();
        } catch (SocketException | SSLException e) {
            return Ending.CUT;
        }
        if (b >= 0) {
            ByteArrayOutputStream seen = new ByteArrayOutputStream();
            seen.write(b);
            seen.write(in.readNBytes(Math.min(in.available(), 2000)));
            throw new AssertionError(
                    "expected the connection to end, got <" + seen.toString(StandardCharsets.ISO_8859_1) + ">");
        }
        return Ending.FIN;
    }

    /** Listens for a while; a byte or an end that comes is a fault. */
    public void expectSilence(Duration time) throws IOException {
        int before = tcp.getSoTimeout();
        patience((int) time.toMillis());
        try {
            int b = in.read();
            throw new AssertionError(b < 0 ? "expected silence, the connection ended" : "expected silence, got " + b);
        } catch (SocketTimeoutException e) {
            // As it should be.
        } finally {
            patience(before);
        }
    }

    /** Sends the end of stream and goes on reading; under TLS, close_notify. */
    public void finish() throws IOException {
        socket.shutdownOutput();
    }

    /** Cuts the connection with a reset. */
    public void reset() throws IOException {
        tcp.setSoLinger(true, 0);
        tcp.close();
    }

    /** Sets how long reads wait. */
    public void patience(int milliseconds) throws IOException {
        tcp.setSoTimeout(milliseconds);
        socket.setSoTimeout(milliseconds);
    }

    public int localPort() {
        return tcp.getLocalPort();
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // It was over already.
        } finally {
            try {
                tcp.close();
            } catch (IOException e) {
                // It was over already.
            }
        }
    }
}
