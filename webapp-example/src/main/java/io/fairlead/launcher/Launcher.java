package io.fairlead.launcher;

import io.fairlead.demo.Demo;
import io.fairlead.demo.DemoPages;
import io.fairlead.doctor.probe.Doctor;
import io.fairlead.doctor.probe.DoctorSettings;
import io.fairlead.proxy.tls.KeyMaterial;
import jakarta.servlet.ServletException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.ToIntFunction;
import java.util.logging.LogManager;
import org.eclipse.jetty.server.Server;
import org.jspecify.annotations.Nullable;

/**
 * Reads the command line, starts the server, and stays until it stops. {@link Main} makes one through its class loader
 * and closes it when the process ends.
 */
public final class Launcher implements ToIntFunction<String[]>, AutoCloseable {
    static final int STOPPED = 0;
    static final int NOT_STARTED = 1;
    static final int WRONG_ARGUMENTS = 2;

    private final PrintStream out;
    private final PrintStream err;

    private @Nullable RouteServer server;
    private @Nullable Demo demo;
    private @Nullable CertificateWatch watch;
    private boolean closed;

    /** Prints to standard output and standard error. */
    public Launcher() {
        this(System.out, System.err);
    }

    Launcher(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /**
     * Runs until {@link #close()}; or {@code doctor} or {@code drain}, if that is the first argument; their exit status is their own.
     *
     * @return the exit status: 0 stopped, or only help or version was wanted; 1 it could not start; 2 wrong arguments
     */
    @Override
    public int applyAsInt(String[] args) {
        if (args.length > 0 && args[0].equals(DoctorCommand.NAME))
            return new DoctorCommand(out, err).run(Arrays.copyOfRange(args, 1, args.length));
        if (args.length > 0 && args[0].equals(DrainCommand.NAME))
            return new DrainCommand(out, err).run(Arrays.copyOfRange(args, 1, args.length));
        Arguments arguments = Arguments.read(args);
        if (!arguments.faults().isEmpty()) {
            arguments.faults().forEach(fault -> err.println("fairlead: " + fault));
            err.println("See java -jar fairlead.war --help");
            return WRONG_ARGUMENTS;
        }
        if (arguments.wantsHelp()) {
            arguments.printHelp(out);
            return STOPPED;
        }
        if (arguments.wantsVersion()) {
            out.println("Fairlead " + version());
            return STOPPED;
        }
        try {
            configureLogging();
            RouteServer started = start(arguments);
            if (started != null) started.join();
            return STOPPED;
        } catch (InterruptedException e) {
            return STOPPED;
        } catch (RouteServer.CannotListen e) {
            err.println("fairlead: " + cannotListen(arguments, e));
            return NOT_STARTED;
        } catch (IllegalStateException | ServletException e) {
            // The route check's or a route's own: it says all that is wrong with the settings.
            err.println(e.getMessage());
            return WRONG_ARGUMENTS;
        } catch (Exception e) {
            err.println("fairlead: cannot start: " + e);
            return NOT_STARTED;
        }
    }

    /** The launcher's own levels and format, unless the user has named a file or a class for that. */
    private static void configureLogging() throws IOException {
        if (System.getProperty("java.util.logging.config.file") != null
                || System.getProperty("java.util.logging.config.class") != null) return;
        try (InputStream in = Launcher.class.getResourceAsStream("/logging.properties")) {
            if (in != null) LogManager.getLogManager().readConfiguration(in);
        }
    }

    private static String cannotListen(Arguments arguments, RouteServer.CannotListen fault) {
        String address = arguments.bind() == null ? "all addresses" : arguments.bind();
        String option = fault.isSecure() ? "--https-port" : "--http-port";
        int port = fault.isSecure() ? arguments.httpsPort() : arguments.httpPort();
        return "cannot listen on " + address + ", port " + port + " (" + fault.getMessage()
                + "). Stop what holds it, or choose another with " + option + " or --bind.";
    }

    /** Returns null if it was closed before it could start. */
    private synchronized @Nullable RouteServer start(Arguments arguments) throws Exception {
        if (closed) return null;
        List<PathRoute> routes = arguments.routes();
        RouteServer starting = new RouteServer(arguments.bind()).drainOver(arguments.drainPeriod());
        server = starting;
        if (arguments.httpPort() >= 0) starting.http(arguments.httpPort());
        String certificate = arguments.httpsPort() >= 0 ? secure(starting, arguments) : null;
        if (arguments.redirectsToHttps()) starting.redirectToHttps();
        if (arguments.isDemo()) {
            Demo backend = Demo.start();
            demo = backend;
            routes = List.of(
                    PathRoute.to("/demo/chat", backend.url() + "/chat"),
                    PathRoute.to("/demo/echo", backend.url() + "/echo"),
                    PathRoute.to("/demo/room", backend.url() + "/room")
                            .with(Map.of("mode", "relay", "filters", "audit")));
            starting.add(new DemoPages(), "", "/demo/*");
        }
        routes.forEach(starting::add);
        DoctorSettings doctor = arguments.doctor();
        if (doctor != null) starting.examinedBy(doctor);
        starting.start();
        if (watch != null) watch.start();
        announce(arguments, routes, certificate, starting);
        return starting;
    }

    /** Returns what to say of the certificate. */
    private String secure(RouteServer server, Arguments arguments) {
        CertificateFiles files = arguments.certificateFiles();
        KeyMaterial given = arguments.keyMaterial();
        KeyMaterial material = given == null ? MadeCertificate.make(arguments.bind()) : given;
        ServerTls tls = new ServerTls(material);
        server.https(arguments.httpsPort(), tls);
        String line = ServerTls.describe(material.chain());
        if (files == null)
            return line + ", made for this run, its key in memory only; name one that clients trust with --cert";
        watch = new CertificateWatch(files, arguments.certificateFingerprint(), tls::replace);
        return line + ", from " + files.certificates();
    }

    private void announce(
            Arguments arguments, List<PathRoute> routes, @Nullable String certificate, RouteServer server) {
        for (PathRoute route : routes) out.println("route   " + route);
        if (certificate != null) out.println("certificate " + certificate);
        String bind = arguments.bind();
        String address = bind == null ? "all addresses" : bind;
        String host = bind == null ? "localhost" : bind.contains(":") ? "[" + bind + "]" : bind;
        List<String> urls = new ArrayList<>();
        if (server.httpPort() >= 0) {
            out.println("listen  HTTP/1.1, HTTP/2 on " + address + ", port " + server.httpPort()
                    + (arguments.redirectsToHttps() ? ", redirected to TLS" : ""));
            urls.add("http://" + host + ":" + server.httpPort() + "/");
        }
        if (server.httpsPort() >= 0) {
            out.println("listen  TLS, HTTP/1.1, HTTP/2 on " + address + ", port " + server.httpsPort());
            urls.add("https://" + host + ":" + server.httpsPort() + "/");
        }
        if (arguments.doctor() != null) out.println("doctor  " + urls.get(0) + Doctor.PAGE.substring(1));
        out.println("server  Jetty " + Server.getVersion() + ", adapter jetty");
        out.println("Fairlead " + version() + " listening on " + String.join(" ", urls));
        out.flush();
    }

    /** Stops taking requests, lets those under way finish, and stops. Once; does nothing if nothing runs. */
    @Override
    public synchronized void close() {
        closed = true;
        if (watch != null) watch.close();
        try {
            if (server != null) server.stop();
        } catch (Exception e) {
            err.println("fairlead: did not stop cleanly: " + (e instanceof TimeoutException ? e.getMessage() : e));
        }
        if (demo != null) demo.close();
    }

    static String version() {
        String version = Launcher.class.getPackage().getImplementationVersion();
        return version == null ? "(not packaged)" : version;
    }
}
