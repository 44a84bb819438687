package com.example;

import io.fairlead.suite.EmbeddingTest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.apache.catalina.startup.Tomcat;

/** The application as it is in {@code src/main}, on a free port. */
class AppTest extends EmbeddingTest {

    @Override
    protected Running start(String proxyTo) throws Exception {
        Tomcat tomcat = App.start(0, Path.of("target", "work"), proxyTo);
        int port = tomcat.getConnector().getLocalPort();
        return new Running() {
            @Override
            public InetSocketAddress http() {
                return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            }

            @Override
            public void stop() throws Exception {
                tomcat.stop();
                tomcat.destroy();
            }
        };
    }
}
