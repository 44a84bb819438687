package com.example;

import io.fairlead.proxy.RouteCheck;
import io.fairlead.proxy.UpgradeProxyServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Path;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** An application with its own Jetty: a page of its own, and a WebSocket backend below {@code /live/}. */
public final class App {

    private App() {}

    /** On 8080 and 8443. */
    public static void main(String[] args) throws Exception {
        Server server = server(8080, 8443, Path.of("server.p12"), "changeit", "http://localhost:3000");
        server.setStopAtShutdown(true);
        server.start();
        server.join();
    }

    /** Http, and https with HTTP/2; a port of 0 is a free one. */
    static Server server(int http, int https, Path keyStore, String password, String proxyTo) {
        Server server = new Server();
        ServerConnector clear = new ServerConnector(server, new HttpConnectionFactory());
        clear.setPort(http);
        server.addConnector(clear);
        server.addConnector(secure(server, https, keyStore, password));

        ServletContextHandler context = new ServletContextHandler("/");
        context.addServlet(new ServletHolder(new Hello()), "/hello");

        // One message with all that is wrong in the settings of all routes, before anything starts.
        context.addEventListener(new RouteCheck());
        ServletHolder live = new ServletHolder("live", UpgradeProxyServlet.class);
        live.setInitParameter("proxyTo", proxyTo);
        live.setInitOrder(1);
        live.setAsyncSupported(true);
        context.addServlet(live, "/live/*");

        server.setHandler(context);
        return server;
    }

    private static ServerConnector secure(Server server, int port, Path keyStore, String password) {
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStorePath(keyStore.toString());
        tls.setKeyStorePassword(password);
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.addCustomizer(new SecureRequestCustomizer());
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol("http/1.1");
        ServerConnector connector = new ServerConnector(
                server,
                new SslConnectionFactory(tls, alpn.getProtocol()),
                alpn,
                new HTTP2ServerConnectionFactory(configuration),
                new HttpConnectionFactory(configuration));
        connector.setPort(port);
        return connector;
    }

    /** The application's own. */
    private static final class Hello extends HttpServlet {
        private static final long serialVersionUID = 1;

        @Override
        protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
            response.setContentType("text/plain");
            response.getWriter().print("hello");
        }
    }
}
