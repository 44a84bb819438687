package io.fairlead.launcher;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The demo, as a browser sees it. */
class DemoIT {
    private final Path directory;

    private FairleadProcess fairlead;
    private HttpClient client = HttpClient.newHttpClient();
    private String secure = "";
    private int port;

    DemoIT(@TempDir Path directory) {
        this.directory = directory;
    }

    @BeforeEach
    void start() throws IOException {
        fairlead = FairleadProcess.start(directory, "--http-port", "0", "--https-port", "0");
        port = fairlead.port();
    }

    @AfterEach
    void stop() {
        fairlead.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void twoBrowsersSeeEachOthersComments(boolean overTls) throws Exception {
        if (overTls) useTls();
        Browser anna = new Browser("/demo/chat");
        anna.says("Anna");
        assertThat(anna.next()).isEqualTo("welcome\nAnna\n");
        Browser ben = new Browser("/demo/chat");
        ben.says("Ben");
        assertThat(ben.next()).isEqualTo("welcome\nBen\nAnna");
        assertThat(anna.next()).isEqualTo("join\nBen\n");

        anna.says("Is anybody here?");
        ben.says("I am, <b>too</b>.");
        assertThat(Stream.of(ben.next(), ben.next()))
                .containsExactlyInAnyOrder("say\nAnna\nIs anybody here?", "say\nBen\nI am, <b>too</b>.");
        assertThat(Stream.of(anna.next(), anna.next()))
                .containsExactlyInAnyOrder("say\nAnna\nIs anybody here?", "say\nBen\nI am, <b>too</b>.");

        ben.socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        assertThat(ben.closed.get(20, TimeUnit.SECONDS)).isEqualTo(WebSocket.NORMAL_CLOSURE);
        assertThat(anna.next()).isEqualTo("leave\nBen\n");
    }

    @Test
    void theRoomIsBehindARelayWhoseAuditIsInTheLog() throws Exception {
        Browser anna = new Browser("/demo/room");
        anna.says("hello");
        assertThat(anna.next()).isEqualTo("hello");
        Browser ben = new Browser("/demo/room");
        ben.says("grüß dich");
        assertThat(ben.next()).isEqualTo("grüß dich");
        assertThat(anna.next()).isEqualTo("grüß dich");
        anna.socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
        assertThat(anna.closed.get(20, TimeUnit.SECONDS)).isEqualTo(WebSocket.NORMAL_CLOSURE);
        fairlead.terminate();
        fairlead.exitStatus();
        assertThat(fairlead.err())
                .contains("direction=toBackend kind=text chars=5 ")
                .contains("direction=toClient kind=text chars=9 ")
                .contains(" mode=relay ");
    }

    /** As browsers offer it. The demo's backend has none, whoever else on its class path has. */
    @ParameterizedTest
    @ValueSource(strings = {"chat", "echo", "room"})
    void compressionIsAgreedOnOnlyByWhoHasIt(String path) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(10_000);
            String head = "GET /demo/" + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port
                    + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
                    + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
                    + "\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(US_ASCII));
            StringBuilder answer = new StringBuilder();
            while (answer.indexOf("\r\n\r\n") < 0) {
                answer.append((char) socket.getInputStream().read());
            }
            assertThat(answer).startsWith("HTTP/1.1 101");
            if (!path.equals("room")) {
                assertThat(answer.toString().toLowerCase(Locale.ROOT)).doesNotContain("sec-websocket-extensions");
            }
            // "Anna", with a mask of zeros.
            socket.getOutputStream().write(new byte[] {(byte) 0x81, (byte) 0x84, 0, 0, 0, 0, 'A', 'n', 'n', 'a'});
            assertThat(socket.getInputStream().read() & 0x0f).as("opcode").isEqualTo(1);
        }
    }

    @Test
    void tooLongAMessageEndsTheSession() throws Exception {
        Browser browser = new Browser("/demo/chat");
        browser.says("x".repeat(100_000));
        assertThat(browser.closed.get(20, TimeUnit.SECONDS)).isEqualTo(1009);
    }

    @Test
    void echoSendsTextAndLargeBinaryMessagesBack() throws Exception {
        Browser browser = new Browser("/demo/echo");
        browser.says("grüß dich 👋");
        assertThat(browser.next()).isEqualTo("grüß dich 👋");

        byte[] large = new byte[1 << 20];
        new Random(7).nextBytes(large);
        int half = large.length / 2;
        browser.socket.sendBinary(ByteBuffer.wrap(large, 0, half), false).join();
        browser.socket.sendBinary(ByteBuffer.wrap(large, half, half), true).join();
        assertThat(browser.binary.get(20, TimeUnit.SECONDS)).isEqualTo(large);

        browser.socket.sendPing(ByteBuffer.wrap(new byte[] {1, 2, 3})).join();
        assertThat(browser.pong.get(20, TimeUnit.SECONDS)).isEqualTo(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void pageMayLoadNothingFromElsewhere(boolean overTls) throws Exception {
        if (overTls) useTls();
        HttpResponse<String> page = get("/demo/");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.headers().firstValue("Content-Security-Policy")).hasValueSatisfying(policy -> assertThat(policy)
                .contains("default-src 'none'", "script-src 'self'", "connect-src 'self'")
                .doesNotContain("unsafe", "*"));
        assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        assertThat(page.body()).doesNotContain("//", " style=", " onclick=");

        Matcher parts = Pattern.compile("(?:href|src)=\"([^\"]+)\"").matcher(page.body());
        int found = 0;
        for (; parts.find(); found++)
            assertThat(get("/demo/" + parts.group(1)).statusCode()).isEqualTo(200);
        assertThat(found).as("style sheet and script").isEqualTo(2);
    }

    @Test
    void commentsEnterThePageAsTextOnly() throws Exception {
        assertThat(get("/demo/chat.js").body())
                .contains("textContent")
                .doesNotContain("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(");
    }

    @Test
    void rootLeadsToTheDemo() throws Exception {
        HttpResponse<String> root = get("/");
        assertThat(root.statusCode()).isEqualTo(302);
        assertThat(root.headers().firstValue("Location")).hasValue("/demo/");
    }

    @Test
    void jarsAreNotServed() throws Exception {
        try (JarFile war = new JarFile(FairleadProcess.war().toFile())) {
            List<String> jars = war.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.startsWith("WEB-INF/launcher/") && name.endsWith(".jar"))
                    .toList();
            assertThat(jars).isNotEmpty();
            for (String jar : jars) {
                assertThat(get("/" + jar).statusCode()).as(jar).isEqualTo(404);
                assertThat(get("/demo/" + jar).statusCode()).as(jar).isEqualTo(404);
            }
        }
        for (String path : List.of(
                "/WEB-INF/",
                "/WEB-INF/web.xml",
                "/WEB-INF/launcher/",
                "/io/fairlead/launcher/Main.class",
                "/io/fairlead/launcher/Main$Log.class",
                "/demo/WEB-INF/web.xml",
                "/demo/DemoPages.class",
                "/demo/io/fairlead/demo/DemoPages.class"))
            assertThat(get(path).statusCode()).as(path).isEqualTo(404);
    }

    @Test
    void pageAndBackendAreOnLoopbackOnly() throws SocketException {
        List<InetAddress> others = NetworkInterface.networkInterfaces()
                .flatMap(NetworkInterface::inetAddresses)
                .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
                .toList();
        assumeThat(others).isNotEmpty();
        Matcher backend = Pattern.compile("http://127\\.0\\.0\\.1:(\\d+)/chat").matcher(fairlead.out());
        assertThat(backend.find()).isTrue();
        for (InetAddress address : others)
            for (int each : new int[] {port, fairlead.port("https"), Integer.parseInt(backend.group(1))})
                assertThatThrownBy(() -> new Socket(address, each).close()).isInstanceOf(ConnectException.class);
    }

    @Test
    void sigtermEndsSessionsAndRemovesTheJars() throws Exception {
        Browser browser = new Browser("/demo/chat");
        browser.says("Anna");
        assertThat(browser.next()).startsWith("welcome");
        fairlead.terminate();
        assertThat(fairlead.exitStatus()).isEqualTo(143);
        assertThat(browser.closed.handle((status, failure) -> true).get(20, TimeUnit.SECONDS))
                .isTrue();
        try (Stream<Path> left = Files.list(directory.resolve("tmp"))) {
            assertThat(left).isEmpty();
        }
        assertThat(fairlead.err()).doesNotContain("Exception");
    }

    @Test
    void certificateIsMadeAnewForEachRunAndItsFingerprintSaid() throws Exception {
        String first = fingerprint();
        useTls();
        HttpResponse<String> page = get("/demo/");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.version()).isEqualTo(HttpClient.Version.HTTP_2);
        try (FairleadProcess second = FairleadProcess.start(directory, "--http-port", "0", "--https-port", "0")) {
            second.port();
            assertThat(second.out()).doesNotContain(first);
        }
    }

    private String fingerprint() {
        Matcher line = Pattern.compile("certificate CN=localhost, .* SHA-256 ([0-9A-F:]{95}), made for this run")
                .matcher(fairlead.out());
        assertThat(line.find()).as(fairlead.out()).isTrue();
        return line.group(1);
    }

    /** Comes over TLS from now on, to the certificate of which the start told the fingerprint. */
    private void useTls() throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Pinned(fingerprint())}, null);
        client = HttpClient.newBuilder().sslContext(context).build();
        port = fairlead.port("https");
        secure = "s";
    }

    private record Pinned(String fingerprint) implements X509TrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            try {
                byte[] digest = MessageDigest.getInstance("SHA-256").digest(chain[0].getEncoded());
                String own = HexFormat.ofDelimiter(":").withUpperCase().formatHex(digest);
                if (!own.equals(fingerprint)) throw new CertificateException(own);
            } catch (NoSuchAlgorithmException e) {
                throw new CertificateException(e);
            }
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            throw new CertificateException("a server");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        URI uri = URI.create("http" + secure + "://127.0.0.1:" + port + path);
        return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    }

    private final class Browser implements WebSocket.Listener {
        private final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final CompletableFuture<byte[]> binary = new CompletableFuture<>();
        private final CompletableFuture<ByteBuffer> pong = new CompletableFuture<>();
        private final CompletableFuture<Integer> closed = new CompletableFuture<>();
        private final WebSocket socket;

        Browser(String path) {
            socket = client.newWebSocketBuilder()
                    .buildAsync(URI.create("ws" + secure + "://127.0.0.1:" + port + path), this)
                    .orTimeout(20, TimeUnit.SECONDS)
                    .join();
        }

        void says(String message) {
            socket.sendText(message, true).join();
        }

        @Nullable
        String next() throws InterruptedException {
            return texts.poll(20, TimeUnit.SECONDS);
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                texts.add(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
            byte[] copy = new byte[part.remaining()];
            part.get(copy);
            bytes.writeBytes(copy);
            if (last) binary.complete(bytes.toByteArray());
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onPong(WebSocket socket, ByteBuffer message) {
            ByteBuffer copy = ByteBuffer.allocate(message.remaining());
            copy.put(message).flip();
            pong.complete(copy);
            socket.request(1);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
            closed.complete(status);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable failure) {
            closed.completeExceptionally(failure);
        }
    }
}
