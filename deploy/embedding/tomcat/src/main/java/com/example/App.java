package com.example;

import io.fairlead.proxy.RouteCheck;
import io.fairlead.proxy.UpgradeProxyServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.Wrapper;
import org.apache.catalina.startup.Tomcat;

/** An application with its own Tomcat: a page of its own, and a WebSocket backend below {@code /live/}. */
public final class App {

    private App() {}

    /** On 8080. */
    public static void main(String[] args) throws LifecycleException {
        Tomcat tomcat = start(8080, Path.of("work"), "http://localhost:3000");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                tomcat.stop();
            } catch (LifecycleException e) {
                throw new IllegalStateException(e);
            }
        }));
        tomcat.getServer().await();
    }

    /** A port of 0 is a free one. */
    static Tomcat start(int port, Path work, String proxyTo) throws LifecycleException {
        Map<String, String> settings = Map.of("proxyTo", proxyTo);
        // A servlet that can't start is a line in Tomcat's log; so ask before.
        List<String> faults = RouteCheck.faults("live", settings);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(RouteCheck.message(faults));
        }

        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(work.toString());
        tomcat.setPort(port);
        tomcat.getConnector();
        Context context = tomcat.addContext("", null);
        Tomcat.addServlet(context, "hello", new Hello());
        context.addServletMappingDecoded("/hello", "hello");

        Wrapper live = Tomcat.addServlet(context, "live", UpgradeProxyServlet.class.getName());
        settings.forEach(live::addInitParameter);
        live.setLoadOnStartup(1);
        live.setAsyncSupported(true);
        context.addServletMappingDecoded("/live/*", "live");
        tomcat.start();
        return tomcat;
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
