package io.fairlead.launcher;

import io.fairlead.doctor.probe.DoctorSettings;
import io.fairlead.proxy.RouteCheck;
import io.fairlead.proxy.tls.KeyMaterial;
import io.fairlead.proxy.tls.TlsFileException;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** The command line: what was said, and every fault in it. */
@Command(
        name = "java -jar fairlead.war",
        sortOptions = false,
        usageHelpAutoWidth = true,
        separator = " ",
        description = "Leads HTTP and WebSocket connections to the backends that the routes name.%n"
                + "Without a route it shows a chat page on this machine only.%n",
        footer = {
            "",
            "A route matches whole segments of the path, and the longest PATH wins.",
            "  /a=http://x     /a/foo goes to http://x/a/foo, the whole path",
            "  /a=http://x/    /a/foo goes to http://x/foo: a path, even '/', replaces PATH",
            "  /a=http://x/b   /a/foo goes to http://x/b/foo",
            "No other slash at the end of PATH or URL changes anything.",
            "",
            "java -jar fairlead.war doctor wss://HOST/PATH examines the way to a WebSocket server: doctor --help.",
            "java -jar fairlead.war drain PID closes the tunnels in a server's process: drain --help.",
            "",
            "/-/live and /-/ready are answered by Fairlead itself, with a status only.",
            "java -jar fairlead.war ready [http://HOST:PORT] asks that: exit status 0, or 1 if it is not ready.",
            "",
            "Arguments may stand in a file, named as @FILE.",
            "Exit status: 1 it could not start, 2 wrong arguments, 143 stopped by SIGTERM."
        })
final class Arguments {
    private static final int HTTP_PORT = 8080;
    private static final int HTTPS_PORT = 8443;
    private static final int MOST_SECONDS = 24 * 60 * 60;
    private static final int OFF = -1;
    private static final int NO_PORT = -2;

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--route",
            paramLabel = "PATH=URL[,URL...][;setting=value...]",
            description = "Where requests to PATH go; more than once for several. PATH '/' takes what no other does."
                    + " The settings are the servlet's, for example ;timeout=30s.")
    private List<String> routeArguments = new ArrayList<>();

    @Option(
            names = "--http-port",
            paramLabel = "PORT",
            description = "Where to listen for HTTP. Default 8080; 0 takes a free one, 'off' none.")
    private String httpPortArgument = "" + HTTP_PORT;

    @Option(
            names = "--https-port",
            paramLabel = "PORT",
            description = "Where to listen for HTTPS. Default 8443 with --cert and without a route, else off."
                    + " Without --cert a certificate is made at start.")
    @Nullable
    private String httpsPortArgument;

    @Option(
            names = "--cert",
            paramLabel = "FILE",
            description =
                    "The certificate and its chain in PEM, or a keystore (PKCS12, JKS). Read again when it changes.")
    @Nullable
    private String certArgument;

    @Option(names = "--key", paramLabel = "FILE", description = "The key in PEM, if it is not in the file of --cert.")
    @Nullable
    private String keyArgument;

    @Option(
            names = "--key-password-file",
            paramLabel = "FILE",
            description = "Its first line opens an encrypted key or the keystore.")
    @Nullable
    private String passwordArgument;

    @Option(
            names = "--redirect-http",
            description = "HTTP is answered with 308 to HTTPS, all but /-/live and /-/ready.")
    private boolean redirect;

    @Option(
            names = "--bind",
            paramLabel = "ADDRESS",
            description = "The address to listen on. Default: all; 127.0.0.1 without a route or with a made"
                    + " certificate.")
    @Nullable
    private String bind;

    @Option(
            names = "--drain",
            paramLabel = "SECONDS",
            description = "How long the ends of the tunnels are spread over at SIGTERM. Default 5; 0: all at once.")
    private String drainArgument = "5";

    @Option(
            names = "--doctor",
            paramLabel = "WHO",
            description = "Who may ask the doctor at /-/doctor/: loopback, all, addresses or networks with commas"
                    + " between, or off. Default: loopback without a route, else off.")
    @Nullable
    private String doctorArgument;

    @Option(
            names = {"-h", "--help"},
            help = true,
            description = "Shows this.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            help = true,
            description = "Shows the version.")
    private boolean version;

    private final List<String> faults = new ArrayList<>();
    private final List<PathRoute> routes = new ArrayList<>();
    private int httpPort;
    private int httpsPort;
    private int drainSeconds;
    private @Nullable DoctorSettings doctor;
    private @Nullable CertificateFiles certificateFiles;
    private @Nullable KeyMaterial keyMaterial;
    private String certificateFingerprint = "";

    private Arguments() {}

    /** Reads the command line. Never throws for what is in it: see {@link #faults()}. */
    static Arguments read(String... args) {
        Arguments arguments = new Arguments();
        CommandLine commandLine = new CommandLine(arguments).setTrimQuotes(false);
        commandLine.getCommandSpec().parser().collectErrors(true);
        CommandLine.ParseResult result = commandLine.parseArgs(args);
        for (Exception fault : result.errors()) arguments.addFault(fault);
        if (!arguments.help && !arguments.version) arguments.check();
        return arguments;
    }

    private void addFault(Exception fault) {
        if (fault instanceof UnmatchedArgumentException unmatched) {
            for (String argument : unmatched.getUnmatched())
                faults.add(
                        argument.startsWith("@")
                                ? argument + ": there is no such file to read arguments from"
                                : argument + ": there is no such option");
        } else if (fault instanceof ParameterException) {
            faults.add(String.valueOf(fault.getMessage()));
        } else {
            faults.add(fault.toString());
        }
    }

    private void check() {
        Map<String, String> taken = new LinkedHashMap<>();
        for (String argument : routeArguments) {
            String shown = PathRoute.shown(argument);
            PathRoute route = PathRoute.parse(argument, fault -> faults.add("--route " + shown + ": " + fault));
            if (route == null) continue;
            String other = taken.putIfAbsent(route.path(), shown);
            if (other != null)
                faults.add("--route " + shown + ": PATH " + route.path() + " has a route already, " + other);
            for (String fault : RouteCheck.faults(route.path(), route.initParameters()))
                faults.add("--route " + shown + ": " + fault);
            routes.add(route);
        }

        checkCertificate();
        httpPort = port("--http-port", httpPortArgument);
        if (httpsPortArgument != null) httpsPort = port("--https-port", httpsPortArgument);
        else httpsPort = certArgument != null || isDemo() ? HTTPS_PORT : OFF;
        if (httpPort == OFF && httpsPort == OFF)
            faults.add("--http-port off: nothing is left to listen on; name a port with --https-port");
        if (httpPort > 0 && httpPort == httpsPort)
            faults.add("--https-port " + httpsPort + ": that is the port of HTTP already; choose another");
        if (certArgument != null && httpsPort == OFF)
            faults.add("--https-port off: --cert is of no use then; leave one of them out");
        if (redirect && (httpPort == OFF || httpsPort == OFF))
            faults.add("--redirect-http: there is nothing to redirect " + (httpPort == OFF ? "from" : "to")
                    + "; name a port with " + (httpPort == OFF ? "--http-port" : "--https-port"));

        drainSeconds = seconds("--drain", drainArgument);
        checkDoctor();

        if (bind != null) {
            try {
                if (bind.isBlank()) throw new UnknownHostException();
                InetAddress.getByName(bind);
            } catch (UnknownHostException e) {
                faults.add("--bind " + bind + ": there is no such address; try 127.0.0.1 or 0.0.0.0");
            }
        }
    }

    private void checkDoctor() {
        String who = doctorArgument == null ? isDemo() ? "loopback" : "off" : doctorArgument;
        if (who.equals("off")) return;
        try {
            doctor = DoctorSettings.allowing(who);
        } catch (IllegalArgumentException e) {
            faults.add("--doctor " + who + ": '" + e.getMessage()
                    + "' is not one of loopback, all, an address, a network; or write off");
        }
    }

    private void checkCertificate() {
        if (certArgument == null) {
            if (keyArgument != null) faults.add("--key " + keyArgument + ": name its certificate, too, with --cert");
            if (passwordArgument != null)
                faults.add("--key-password-file " + passwordArgument + ": name the certificate, too, with --cert");
            return;
        }
        Path certificates = path("--cert", certArgument);
        Path key = keyArgument == null ? null : path("--key", keyArgument);
        Path password = passwordArgument == null ? null : path("--key-password-file", passwordArgument);
        if (certificates == null
                || (keyArgument != null && key == null)
                || (passwordArgument != null && password == null)) return;
        CertificateFiles files = new CertificateFiles(certificates, key, password);
        certificateFiles = files;
        certificateFingerprint = files.fingerprint();
        try {
            keyMaterial = files.load();
        } catch (TlsFileException | IOException e) {
            faults.add("--cert: " + e.getMessage());
        }
    }

    private @Nullable Path path(String option, String argument) {
        try {
            if (!argument.isEmpty()) return Path.of(argument);
        } catch (InvalidPathException e) {
            // No file can have that name; told below.
        }
        faults.add(option + " " + argument + ": name a file");
        return null;
    }

    private int seconds(String option, String argument) {
        try {
            int seconds = Integer.parseInt(argument);
            if (seconds >= 0 && seconds <= MOST_SECONDS) return seconds;
        } catch (NumberFormatException e) {
            // Told below.
        }
        faults.add(option + " " + argument + ": name a number of seconds, 0 to " + MOST_SECONDS);
        return 0;
    }

    private int port(String option, String argument) {
        if (argument.equals("off")) return OFF;
        try {
            int port = Integer.parseInt(argument);
            if (port >= 0 && port <= 65535) return port;
        } catch (NumberFormatException e) {
            // Told below.
        }
        faults.add(option + " " + argument + ": a port is a number from 0 to 65535, or 'off'");
        return NO_PORT;
    }

    /** One line each, naming the argument and what to change; empty if all is well or help or version is wanted. */
    List<String> faults() {
        return List.copyOf(faults);
    }

    boolean wantsHelp() {
        return help;
    }

    boolean wantsVersion() {
        return version;
    }

    /** Whether no route was given, so that the demo is to run. */
    boolean isDemo() {
        return routeArguments.isEmpty();
    }

    List<PathRoute> routes() {
        return List.copyOf(routes);
    }

    /** The port in the clear; 0 is a free one, -1 none. */
    int httpPort() {
        return httpPort;
    }

    /** The port of TLS; 0 is a free one, -1 none. */
    int httpsPort() {
        return httpsPort;
    }

    /** What is in the files of the certificate; null if one is to be made. */
    @Nullable
    KeyMaterial keyMaterial() {
        return keyMaterial;
    }

    /** Where {@link #keyMaterial()} came from; null if one is to be made. */
    @Nullable
    CertificateFiles certificateFiles() {
        return certificateFiles;
    }

    /** Of the files, from before they were read. */
    String certificateFingerprint() {
        return certificateFingerprint;
    }

    boolean redirectsToHttps() {
        return redirect;
    }

    /** How long the ends of the tunnels are spread over. */
    Duration drainPeriod() {
        return Duration.ofSeconds(drainSeconds);
    }

    /** Null if there is to be none. */
    @Nullable
    DoctorSettings doctor() {
        return doctor;
    }

    /** The address to listen on, null for all. */
    @Nullable
    String bind() {
        boolean onlyHere = certArgument == null && (isDemo() || httpsPort != OFF);
        return bind == null && onlyHere ? "127.0.0.1" : bind;
    }

    void printHelp(PrintStream out) {
        spec.commandLine().usage(out, CommandLine.Help.Ansi.OFF);
    }
}
