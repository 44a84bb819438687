package io.fairlead.deploy.tomcat;

import io.fairlead.suite.Application;
import io.fairlead.suite.Fairlead;
import io.fairlead.suite.Server;
import io.fairlead.suite.Server.Trait;
import io.fairlead.suite.peer.Certificate;
import io.fairlead.suite.peer.Vitals;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.Principal;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.apache.catalina.Container;
import org.apache.catalina.Engine;
import org.apache.catalina.Service;
import org.apache.catalina.connector.Connector;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.realm.GenericPrincipal;
import org.apache.catalina.realm.RealmBase;
import org.apache.coyote.http2.Http2Protocol;
import org.apache.tomcat.util.net.SSLHostConfig;
import org.apache.tomcat.util.net.SSLHostConfigCertificate;
import org.jspecify.annotations.Nullable;

/**
 * Tomcat with the connectors that Fairlead's documentation asks for: what a URI may hold reaches the servlet as it came.
 * One server for all test classes of this JVM.
 */
public final class TomcatServer implements Fairlead {

    private static @Nullable Connector http;
    private static @Nullable Connector https;
    private static final Certificate CERTIFICATE = Certificate.in(Path.of("target", "tls"));

    private final Server server;

    public TomcatServer() {
        this(false);
    }

    /** With {@code serverAdapter=portable} a tunnel waits in Tomcat's blocking streams. */
    TomcatServer(boolean portable) {
        server = new Server(
                portable ? "Tomcat, portable" : "Tomcat",
                Set.of(
                        portable ? Trait.HOLDS_THREADS : Trait.ENDS_OUTPUT_ALONE,
                        Trait.REFUSES_CONNECT_ITSELF,
                        Trait.RESPELLS_CHARSET),
                Set.of(),
                405);
    }

    /** Opens the connectors, once, in place of the adapter's own. */
    static synchronized void open(StandardContext context) throws Exception {
        if (http != null) {
            return;
        }
        Container engine = context.getParent().getParent();
        engine.setRealm(new Users());
        Service service = ((Engine) engine).getService();
        for (Connector connector : service.findConnectors()) {
            service.removeConnector(connector);
        }
        http = connector();
        service.addConnector(http);
        https = connector();
        https.setSecure(true);
        https.setScheme("https");
        https.setProperty("SSLEnabled", "true");
        SSLHostConfig host = new SSLHostConfig();
        SSLHostConfigCertificate certificate =
                new SSLHostConfigCertificate(host, SSLHostConfigCertificate.Type.UNDEFINED);
        certificate.setCertificateKeystoreFile(CERTIFICATE.keyStore().toString());
        certificate.setCertificateKeystorePassword(CERTIFICATE.password());
        host.addCertificate(certificate);
        https.addSslHostConfig(host);
        https.addUpgradeProtocol(new Http2Protocol());
        service.addConnector(https);
    }

    /** Knows the one user of the tests. */
    private static final class Users extends RealmBase {

        @Override
        protected @Nullable String getPassword(String name) {
            return name.equals(Application.USER) ? Application.PASSWORD : null;
        }

        @Override
        protected Principal getPrincipal(String name) {
            return new GenericPrincipal(name);
        }
    }

    private static Connector connector() {
        Connector connector = new Connector("org.apache.coyote.http11.Http11NioProtocol");
        connector.setPort(0);
        connector.setProperty("address", InetAddress.getLoopbackAddress().getHostAddress());
        connector.setProperty("maxConnections", "20000");
        connector.setProperty("acceptCount", "1000");
        connector.setProperty("maxKeepAliveRequests", "-1");
        connector.setProperty("relaxedPathChars", "\"<>[\\]^`{|}");
        connector.setProperty("relaxedQueryChars", "\"<>[\\]^`{|}");
        connector.setEncodedSolidusHandling("passthrough");
        connector.setEncodedReverseSolidusHandling("passthrough");
        return connector;
    }

    private static InetSocketAddress address(@Nullable Connector connector) {
        if (connector == null) {
            throw new IllegalStateException("nothing was deployed yet");
        }
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    }

    @Override
    public InetSocketAddress http() {
        return address(http);
    }

    @Override
    public InetSocketAddress https() {
        return address(https);
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
        return server;
    }
}
