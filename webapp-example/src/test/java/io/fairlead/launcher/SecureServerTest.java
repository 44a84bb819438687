package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.proxy.tls.KeyMaterial;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.cert.Certificate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One server with both ports, where HTTP is redirected, and its made certificate. */
class SecureServerTest {
    private static final String LOOPBACK = "127.0.0.1";

    private static final KeyMaterial MATERIAL = MadeCertificate.make(null);
    private static final ServerTls TLS = new ServerTls(MATERIAL);
    private static HeadBackend backend;
    private static RouteServer server;

    @BeforeAll
    static void start() throws Exception {
        backend = new HeadBackend("backend");
        server = new RouteServer(LOOPBACK).http(0).https(0, TLS).redirectToHttps();
        server.add(Objects.requireNonNull(PathRoute.parse("/a=" + backend.url(), fault -> {
            throw new IllegalArgumentException(fault);
        })));
        server.start();
    }

    @AfterAll
    static void stop() throws Exception {
        server.stop();
        backend.close();
    }

    @ParameterizedTest
    @EnumSource(HttpClient.Version.class)
    void clientChoosesTheVersionOfHttp(HttpClient.Version version) throws Exception {
        HttpClient client = HttpClient.newBuilder()
                .sslContext(TestCertificates.trust(MATERIAL))
                .version(version)
                .build();
        URI uri = URI.create("https://localhost:" + server.httpsPort() + "/a/%2F//x?y=%7C");
        HttpResponse<String> response = client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
        assertThat(response.version()).isEqualTo(version);
        assertThat(response.body())
                .startsWith("backend\nGET /a/%2F//x?y=%7C HTTP/1.1\r\n")
                .contains("\r\nHost: localhost:" + server.httpsPort() + "\r\n")
                .contains("\r\nX-Forwarded-Proto: https\r\n")
                .contains("\r\nX-Forwarded-Port: " + server.httpsPort() + "\r\n");
        assertThat(response.headers().map()).doesNotContainKeys("strict-transport-security", "server", "alt-svc");
    }

    @Test
    void nameThatIsInNoCertificateIsServedAllTheSame() throws Exception {
        try (SSLSocket socket = (SSLSocket)
                TestCertificates.trust(MATERIAL).getSocketFactory().createSocket(LOOPBACK, server.httpsPort())) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName("another.example")));
            socket.setSSLParameters(parameters);
            assertThat(ask(socket, "GET /a HTTP/1.1\r\nHost: third.example\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 200 ")
                    .contains("\r\nHost: third.example\r\n");
            assertThat(socket.getSession().getPeerCertificates())
                    .containsExactly(MATERIAL.chain().toArray(Certificate[]::new));
        }
    }

    @Test
    void onlyTls12And13AreSpokenWithoutWeakCiphers() {
        SSLEngine engine = TLS.factory().newSSLEngine();
        assertThat(engine.getEnabledProtocols()).containsExactlyInAnyOrder("TLSv1.2", "TLSv1.3");
        assertThat(engine.getEnabledCipherSuites())
                .isNotEmpty()
                .noneMatch(cipher -> cipher.startsWith("TLS_RSA_") || cipher.matches(".*(NULL|anon|RC4|DES|MD5).*"));
    }

    @Test
    void boundsOfHttp2AreTold() throws Exception {
        try (SSLSocket socket = (SSLSocket)
                TestCertificates.trust(MATERIAL).getSocketFactory().createSocket(LOOPBACK, server.httpsPort())) {
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            socket.setSSLParameters(parameters);
            socket.setSoTimeout(20_000);
            socket.startHandshake();
            assertThat(socket.getApplicationProtocol()).isEqualTo("h2");
            socket.getOutputStream()
                    .write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0".getBytes(StandardCharsets.ISO_8859_1));
            DataInputStream in = new DataInputStream(socket.getInputStream());

            // RFC 9113 6.5: SETTINGS is type 4; an identifier of 2 bytes, a value of 4.
            int lengthAndType = in.readInt();
            assertThat(lengthAndType & 0xff).isEqualTo(4);
            in.skipNBytes(5);
            Map<Integer, Integer> settings = new HashMap<>();
            for (int i = 0; i < (lengthAndType >>> 8) / 6; i++) settings.put((int) in.readShort(), in.readInt());
            assertThat(settings)
                    .as("streams, window of one, size of a head, extended CONNECT")
                    .containsEntry(3, Listeners.STREAMS)
                    .containsEntry(4, Listeners.STREAM_WINDOW)
                    .containsEntry(6, Listeners.REQUEST_HEADER_SIZE)
                    .containsEntry(8, 1);

            // 6.9: WINDOW_UPDATE is type 8; the connection begins with 65535.
            assertThat(in.readInt()).isEqualTo(4 << 8 | 8);
            in.skipNBytes(1);
            assertThat(in.readInt()).as("the connection itself").isZero();
            assertThat(65_535 + in.readInt()).isEqualTo(Listeners.CONNECTION_WINDOW);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # target       | Host           | Location, P for the port of TLS
            /a             | x.example      | https://x.example:P/a
            /a             | x.example:8080 | https://x.example:P/a
            /a?q=/&r       | x.example      | https://x.example:P/a?q=/&r
            //y.example/   | x.example      | https://x.example:P//y.example/
            /a/%2F;x/%C3%A4 | x.example     | https://x.example:P/a/%2F;x/%C3%A4
            /none          | [::1]:8080     | https://[::1]:P/none
            """)
    void clearTextIsSentToTheSamePlaceOverTls(String target, String host, String location) throws IOException {
        for (String more : List.of("", "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"))
            assertThat(clear("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + more
                            + "Connection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 308 ")
                    .contains("\r\nLocation: " + location.replace(":P", ":" + server.httpsPort()) + "\r\n")
                    .doesNotContain("backend");
    }

    @Test
    void whatIsNoPlaceIsNotRedirected() throws IOException {
        assertThat(clear("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 400 ");
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort())) {
            // Jetty keeps the connection, whatever the answer to a CONNECT.
            assertThat(head(socket, "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n"))
                    .startsWith("HTTP/1.1 4")
                    .doesNotContain("Location");
        }
        assertThat(clear("GET /a HTTP/1.1\r\nHost: x\"y\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 400 ")
                .doesNotContain("Location");
    }

    @ParameterizedTest
    @CsvSource({"/-/live", "/-/ready"})
    void probesAnswerOnBothPorts(String path) throws Exception {
        assertThat(clear("GET " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200 ");
        HttpClient client = HttpClient.newBuilder()
                .sslContext(TestCertificates.trust(MATERIAL))
                .build();
        URI uri = URI.create("https://127.0.0.1:" + server.httpsPort() + path);
        assertThat(client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void newCertificateIsForNewConnectionsAndOldOnesLiveOn() throws Exception {
        KeyMaterial first = MadeCertificate.make(null);
        KeyMaterial second = MadeCertificate.make(null);
        ServerTls tls = new ServerTls(first);
        RouteServer replaced = new RouteServer(LOOPBACK).https(0, tls);
        replaced.start();
        try (Socket old =
                TestCertificates.trust(first).getSocketFactory().createSocket(LOOPBACK, replaced.httpsPort())) {
            assertThat(keptAlive(old)).startsWith("HTTP/1.1 200 ");
            tls.replace(second);
            try (Socket young =
                    TestCertificates.trust(second).getSocketFactory().createSocket(LOOPBACK, replaced.httpsPort())) {
                assertThat(keptAlive(young)).startsWith("HTTP/1.1 200 ");
            }
            assertThat(keptAlive(old)).startsWith("HTTP/1.1 200 ");
        } finally {
            replaced.stop();
        }
    }

    @Test
    void takenPortOfTlsIsToldApartAndTheOtherIsGivenBack() throws Exception {
        RouteServer second = new RouteServer(LOOPBACK).http(0).https(server.httpsPort(), TLS);
        assertThatThrownBy(second::start)
                .isInstanceOfSatisfying(RouteServer.CannotListen.class, fault -> assertThat(fault.isSecure())
                        .isTrue());
        assertThat(second.httpPort()).isNegative();
    }

    @Test
    void madeCertificateIsForLoopbackAndTheAddressNamed() throws Exception {
        assertThat(names(MadeCertificate.make(null)))
                .containsExactlyInAnyOrder("localhost", "127.0.0.1", "0:0:0:0:0:0:0:1");
        assertThat(names(MadeCertificate.make("0.0.0.0"))).hasSize(3);
        assertThat(names(MadeCertificate.make("192.0.2.1"))).hasSize(4).contains("192.0.2.1");
        assertThat(names(MadeCertificate.make("2001:db8::1"))).hasSize(4).contains("2001:db8:0:0:0:0:0:1");
        assertThat(MadeCertificate.make(null).chain().get(0).getSerialNumber())
                .isNotEqualTo(MadeCertificate.make(null).chain().get(0).getSerialNumber());
    }

    private static List<Object> names(KeyMaterial material) throws Exception {
        return material.chain().get(0).getSubjectAlternativeNames().stream()
                .<Object>map(name -> name.get(1))
                .toList();
    }

    private static String keptAlive(Socket socket) throws IOException {
        return head(socket, "GET /-/live HTTP/1.1\r\nHost: x\r\n\r\n");
    }

    private static String head(Socket socket, String request) throws IOException {
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = in.read();
            assertThat(next).isNotNegative();
            head.append((char) next);
        }
        return head.toString();
    }

    private static String clear(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.httpPort())) {
            return ask(socket, request);
        }
    }

    private static String ask(Socket socket, String request) throws IOException {
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
}
