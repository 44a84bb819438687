package io.fairlead.suite;

import io.fairlead.suite.peer.Certificate;
import io.fairlead.suite.peer.Crew;
import io.fairlead.suite.peer.Frame;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import javax.net.ssl.SSLContext;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.MetaData;
import org.eclipse.jetty.http2.ErrorCode;
import org.eclipse.jetty.http2.api.Stream;
import org.eclipse.jetty.http2.api.server.ServerSessionListener;
import org.eclipse.jetty.http2.frames.DataFrame;
import org.eclipse.jetty.http2.frames.HeadersFrame;
import org.eclipse.jetty.http2.frames.ResetFrame;
import org.eclipse.jetty.http2.server.RawHTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/**
 * A plain server of HTTP/2 before the tests' backend, of Jetty's own streams and no proxy's: what passes here says
 * nothing against a proxy that fails it. Threads block, and there is a connection to the backend for each stream.
 */
final class Http2Door {

    private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private final ServerConnector connector;
    private final SSLContext trust;

    private Http2Door(ServerConnector connector, SSLContext trust) {
        this.connector = connector;
        this.trust = trust;
    }

    static Http2Door open() {
        try {
            Certificate certificate = Certificate.in(Path.of("target", "tls"));
            SslContextFactory.Server tls = new SslContextFactory.Server();
            tls.setKeyStorePath(certificate.keyStore().toString());
            tls.setKeyStorePassword(certificate.password());
            Server server = new Server();
            ServerConnector connector = new ServerConnector(
                    server,
                    new SslConnectionFactory(tls, "alpn"),
                    new ALPNServerConnectionFactory("h2"),
                    new RawHTTP2ServerConnectionFactory(new Streams()));
            connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
            connector.setIdleTimeout(0);
            server.addConnector(connector);
            server.start();
            return new Http2Door(connector, certificate.trust());
        } catch (Exception e) {
            throw new IllegalStateException("no server of HTTP/2", e);
        }
    }

    InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    }

    SSLContext trust() {
        return trust;
    }

    private static final class Streams implements ServerSessionListener {
        @Override
        public Stream.Listener onNewStream(Stream stream, HeadersFrame frame) {
            Passage passage = new Passage(stream, (MetaData.Request) frame.getMetaData());
            if (frame.isEndStream()) {
                passage.arrived.add(new byte[0]);
            } else {
                stream.demand();
            }
            Crew.start(passage::run);
            return passage;
        }
    }

    private static final class Passage implements Stream.Listener {
        private final Stream stream;
        private final MetaData.Request request;
        private final CompletableFuture<Void> reset = new CompletableFuture<>();

        /** An empty piece is the end. */
        private final BlockingQueue<byte[]> arrived = new LinkedBlockingQueue<>();

        private final BlockingQueue<Stream.Data> unreleased = new LinkedBlockingQueue<>();

        Passage(Stream stream, MetaData.Request request) {
            this.stream = stream;
            this.request = request;
        }

        @Override
        public void onDataAvailable(Stream source) {
            Stream.Data data = source.readData();
            if (data == null) {
                source.demand();
                return;
            }
            ByteBuffer bytes = data.frame().getByteBuffer();
            byte[] piece = new byte[bytes.remaining()];
            bytes.get(piece);
            unreleased.add(data);
            if (piece.length > 0) {
                arrived.add(piece);
            }
            if (data.frame().isEndStream()) {
                arrived.add(new byte[0]);
            } else if (piece.length == 0) {
                unreleased.remove().release();
                source.demand();
            }
        }

        @Override
        public void onReset(Stream source, ResetFrame frame, Callback callback) {
            reset.complete(null);
            callback.succeeded();
        }

        @Override
        public void onFailure(Stream source, int error, String reason, Throwable failure, Callback callback) {
            reset.complete(null);
            callback.succeeded();
        }

        private void run() throws Exception {
            boolean tunnel = request.getMethod().equals("CONNECT");
            try (Wire backend = Wire.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), Routes.BACKEND.port()), null, 0)) {
                backend.patience(0);
                reset.thenRun(() -> cut(backend));
                boolean body = request.getHttpFields().contains("content-length");
                backend.send(head(tunnel));
                CompletableFuture<Void> up = tunnel || body
                        ? Crew.start(() -> up(backend, tunnel))
                        : CompletableFuture.completedFuture(null);
                down(backend, tunnel);
                up.get();
            } catch (Exception e) {
                stream.reset(new ResetFrame(stream.getId(), ErrorCode.CANCEL_STREAM_ERROR.code), Callback.NOOP);
                throw e;
            }
        }

        private static void cut(Wire backend) {
            try {
                backend.reset();
            } catch (IOException e) {
                // It was over already.
            }
        }

        private String head(boolean tunnel) {
            StringBuilder text = new StringBuilder(tunnel ? "GET" : request.getMethod())
                    .append(' ')
                    .append(request.getHttpURI().getPathQuery())
                    .append(" HTTP/1.1\r\nHost: ")
                    .append(request.getHttpURI().getAuthority())
                    .append("\r\n");
            request.getHttpFields().forEach(field -> text.append(field.getName())
                    .append(": ")
                    .append(field.getValue())
                    .append("\r\n"));
            if (tunnel) {
                text.append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: " + KEY + "\r\n");
            }
            return text.append("\r\n").toString();
        }

        private void up(Wire backend, boolean tunnel) throws Exception {
            OutputStream out = backend.out();
            for (byte[] piece = arrived.take(); piece.length > 0; piece = arrived.take()) {
                out.write(piece);
                Stream.Data data = unreleased.remove();
                data.release();
                if (!data.frame().isEndStream()) {
                    stream.demand();
                }
            }
            if (tunnel) {
                backend.finish();
            }
        }

        private void down(Wire backend, boolean tunnel) throws IOException {
            Head answer = backend.readHead();
            boolean switched = tunnel && answer.status() == 101;
            if (switched && !answer.value("Sec-WebSocket-Accept").equals(Frame.accept(KEY))) {
                throw new IOException("the backend did not accept the key");
            }
            HttpFields.Mutable fields = HttpFields.build();
            for (Head.Field field : answer.fields()) {
                String name = field.name().toLowerCase(java.util.Locale.ROOT);
                if (!name.equals("connection")
                        && !name.equals("upgrade")
                        && !name.equals("transfer-encoding")
                        && !name.equals("sec-websocket-accept")) {
                    fields.add(name, field.value());
                }
            }
            MetaData.Response response =
                    new MetaData.Response(switched ? 200 : answer.status(), null, HttpVersion.HTTP_2, fields);
            wait(stream.headers(new HeadersFrame(stream.getId(), response, null, false)));
            if (switched) {
                copy(backend.in());
            } else {
                send(backend.readBody(answer));
            }
            wait(stream.data(new DataFrame(stream.getId(), ByteBuffer.allocate(0), true)));
        }

        private void copy(InputStream in) throws IOException {
            byte[] buffer = new byte[16_384];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                send(java.util.Arrays.copyOf(buffer, n));
            }
        }

        private void send(byte[] bytes) throws IOException {
            if (bytes.length > 0) {
                wait(stream.data(new DataFrame(stream.getId(), ByteBuffer.wrap(bytes), false)));
            }
        }

        private static void wait(CompletableFuture<Stream> sent) throws IOException {
            try {
                sent.join();
            } catch (CompletionException e) {
                throw new IOException(e);
            }
        }
    }
}
