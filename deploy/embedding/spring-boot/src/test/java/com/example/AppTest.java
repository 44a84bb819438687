package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.EmbeddingTest;
import io.fairlead.suite.peer.Head;
import io.fairlead.suite.peer.Wire;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.web.servlet.context.ServletWebServerApplicationContext;

/** The application as it is in {@code src/main}, on a free port. */
class AppTest extends EmbeddingTest {

    @Override
    protected Running start(String proxyTo) {
        return run("--live.backend=" + proxyTo);
    }

    @Test
    void aBodyThatAFilterHasReadIsAnErrorAndNotACutRequest() throws Exception {
        backend.on("/live/", exchange -> exchange.answer("200 OK", "answered without its body"));
        Running careless = run(
                "--live.backend=http://127.0.0.1:" + backend.port(), "--spring.mvc.formcontent.filter.enabled=true");
        try (Wire client = Wire.connect(careless.http(), null, 0)) {
            client.send(request(
                            "PUT", "/live/form", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 3")
                    + "a=b");
            Head head = client.readHead();
            assertThat(head.status()).isEqualTo(500);
            assertThat(client.readBodyText(head)).contains("The request's body did not come to the proxy.");
        } finally {
            careless.stop();
        }
    }

    private static Running run(String... settings) {
        String[] arguments = new String[settings.length + 1];
        arguments[0] = "--server.port=0";
        System.arraycopy(settings, 0, arguments, 1, settings.length);
        ServletWebServerApplicationContext context =
                (ServletWebServerApplicationContext) SpringApplication.run(App.class, arguments);
        int port = context.getWebServer().getPort();
        return new Running() {
            @Override
            public InetSocketAddress http() {
                return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            }

            @Override
            public void stop() {
                context.close();
            }
        };
    }
}
