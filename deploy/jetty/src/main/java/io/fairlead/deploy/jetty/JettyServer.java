package io.fairlead.deploy.jetty;

import io.fairlead.suite.Application;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Server;
import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Certificate;
import io.fairlead.suite.peer.Vitals;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.ServiceLoader;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.http.UriCompliance.Violation;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.security.HashLoginService;
import org.eclipse.jetty.security.LoginService;
import org.eclipse.jetty.security.UserStore;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.server.handler.ContextHandlerCollection;
import org.eclipse.jetty.util.security.Credential;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/**
 * Jetty with the settings that Fairlead's documentation asks for: what a URI may hold reaches the servlet as it came.
 * Applications get the class loading of a distribution: the server's own Jetty is hidden from them. One server for all
 * test classes of this JVM.
 */
public final class JettyServer implements Fairlead {

    private static final Certificate CERTIFICATE = Certificate.in(Path.of("target", "tls"));
    private static final org.eclipse.jetty.server.Server SERVER = new org.eclipse.jetty.server.Server();
    private static final ContextHandlerCollection CONTEXTS = new ContextHandlerCollection();
    private static final ServerConnector HTTP = connector();
    private static final ServerConnector HTTPS = secureConnector();

    private static final Environment ENVIRONMENT =
            ServiceLoader.load(Environment.class).findFirst().orElseThrow();

    private static final Server TRAITS = new Server("Jetty", traits(), Set.of(), 403);

    private static Set<Trait> traits() {
        Set<Trait> traits = EnumSet.of(
                Trait.REWRITES_CONNECTION_OF_101,
                Trait.ENDS_OUTPUT_ALONE,
                Trait.REFUSES_CONNECT_ITSELF,
                Trait.REFUSES_ODD_UPGRADES,
                Trait.SWITCHES_TO_H2C,
                Trait.RESPELLS_CHARSET,
                Trait.OFFERS_EXTENDED_CONNECT);
        if (!ENVIRONMENT.hasWebSocket()) {
            traits.add(Trait.HAS_NO_WEBSOCKET);
        }
        return traits;
    }

    private static HttpConfiguration configuration() {
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setUriCompliance(UriCompliance.RFC3986.with(
                "Fairlead",
                EnumSet.of(
                                Violation.AMBIGUOUS_PATH_SEPARATOR,
                                Violation.AMBIGUOUS_PATH_ENCODING,
                                Violation.AMBIGUOUS_PATH_PARAMETER,
                                Violation.AMBIGUOUS_EMPTY_SEGMENT,
                                Violation.SUSPICIOUS_PATH_CHARACTERS,
                                Violation.ILLEGAL_PATH_CHARACTERS)
                        .toArray(Violation[]::new)));
        configuration.setSendServerVersion(false);
        return configuration;
    }

    /** HTTP/1.1, and HTTP/2 for clients that begin with its preface. */
    private static ServerConnector connector() {
        HttpConfiguration configuration = configuration();
        return new ServerConnector(
                SERVER, new HttpConnectionFactory(configuration), new HTTP2CServerConnectionFactory(configuration));
    }

    /** HTTP/2, and HTTP/1.1 for clients that do not speak it. */
    private static ServerConnector secureConnector() {
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStorePath(CERTIFICATE.keyStore().toString());
        tls.setKeyStorePassword(CERTIFICATE.password());
        HttpConfiguration configuration = configuration();
        configuration.addCustomizer(new SecureRequestCustomizer(false));
        ALPNServerConnectionFactory alpn = new ALPNServerConnectionFactory();
        alpn.setDefaultProtocol(HttpVersion.HTTP_1_1.asString());
        return new ServerConnector(
                SERVER,
                new SslConnectionFactory(tls, alpn.getProtocol()),
                alpn,
                new HTTP2ServerConnectionFactory(configuration),
                new HttpConnectionFactory(configuration));
    }

    static void start() throws Exception {
        for (ServerConnector connector : new ServerConnector[] {HTTP, HTTPS}) {
            connector.setHost(InetAddress.getLoopbackAddress().getHostAddress());
            connector.setPort(0);
            connector.setAcceptQueueSize(1000);
            SERVER.addConnector(connector);
        }
        SERVER.setHandler(CONTEXTS);
        SERVER.addBean(users());
        SERVER.start();
    }

    /** Knows the one user of the tests. */
    private static LoginService users() {
        UserStore users = new UserStore();
        users.addUser(Application.USER, Credential.getCredential(Application.PASSWORD), new String[0]);
        HashLoginService login = new HashLoginService(Application.REALM);
        login.setUserStore(users);
        return login;
    }

    static void stop() throws Exception {
        SERVER.stop();
    }

    static ContextHandler deploy(Path war) throws Exception {
        ContextHandler context = ENVIRONMENT.application(Application.CONTEXT_PATH, war, war.resolveSibling("work"));
        CONTEXTS.addHandler(context);
        try {
            context.start();
            return context;
        } catch (Exception e) {
            undeploy(context);
            throw e;
        }
    }

    static void undeploy(ContextHandler context) throws Exception {
        context.stop();
        CONTEXTS.removeHandler(context);
        context.destroy();
    }

    static int httpPort() {
        return HTTP.getLocalPort();
    }

    private static InetSocketAddress address(ServerConnector connector) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    }

    @Override
    public InetSocketAddress http() {
        return address(HTTP);
    }

    @Override
    public InetSocketAddress https() {
        return address(HTTPS);
    }

    @Override
    public SSLContext trust() {
        return CERTIFICATE.trust();
    }

    @Override
    public String path(String route, String backendPath) {
        return Application.CONTEXT_PATH + "/" + route + backendPath;
    }

    @Override
    public Vitals vitals() {
        return Vitals.here();
    }

    @Override
    public Server server() {
        return TRAITS;
    }
}
