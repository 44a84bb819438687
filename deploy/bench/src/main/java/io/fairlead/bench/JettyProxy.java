package io.fairlead.bench;

import org.eclipse.jetty.ee10.proxy.AsyncProxyServlet;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** Jetty's own proxy servlet, which carries HTTP only. */
final class JettyProxy {

    private JettyProxy() {}

    /**
     * Starts it.
     *
     * @param arguments port, port for TLS, the backend's port, key store, its password
     */
    public static void main(String[] arguments) throws Exception {
        Server server = new Server();
        ServerConnector plain = new ServerConnector(server);
        plain.setHost("127.0.0.1");
        plain.setPort(Integer.parseInt(arguments[0]));
        server.addConnector(plain);
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStorePath(arguments[3]);
        tls.setKeyStorePassword(arguments[4]);
        HttpConfiguration https = new HttpConfiguration();
        // The clients' Host is not in the certificate.
        https.addCustomizer(new SecureRequestCustomizer(false));
        ServerConnector secure = new ServerConnector(server, tls, new HttpConnectionFactory(https));
        secure.setHost("127.0.0.1");
        secure.setPort(Integer.parseInt(arguments[1]));
        server.addConnector(secure);
        ServletHolder proxy = new ServletHolder(AsyncProxyServlet.Transparent.class);
        proxy.setInitParameter("proxyTo", "http://127.0.0.1:" + arguments[2] + "/");
        proxy.setInitParameter("maxThreads", "64");
        proxy.setAsyncSupported(true);
        ServletContextHandler context = new ServletContextHandler("/");
        context.addServlet(proxy, "/*");
        server.setHandler(context);
        server.start();
    }
}
