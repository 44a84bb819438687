package io.fairlead.launcher;

import io.fairlead.proxy.RouteCheck;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.UnknownHostException;
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
            "Arguments may stand in a file, named as @FILE.",
            "Exit status: 1 it could not start, 2 wrong arguments, 143 stopped by SIGTERM."
        })
final class Arguments {
    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    @Option(
            names = "--route",
            paramLabel = "PATH=URL[;setting=value...]",
            description = "Where requests to PATH go; more than once for several. PATH '/' takes what no other does."
                    + " The settings are the servlet's, for example ;timeout=30s.")
    private List<String> routeArguments = new ArrayList<>();

    @Option(names = "--http-port", paramLabel = "PORT", description = "Default 8080. 0 takes a free one.")
    private String portArgument = "8080";

    @Option(
            names = "--bind",
            paramLabel = "ADDRESS",
            description = "The address to listen on. Default: all; 127.0.0.1 without a route.")
    @Nullable
    private String bind;

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
    private int port;

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

        try {
            port = Integer.parseInt(portArgument);
        } catch (NumberFormatException e) {
            port = -1;
        }
        if (port < 0 || port > 65535)
            faults.add("--http-port " + portArgument + ": a port is a number from 0 to 65535");

        if (bind != null) {
            try {
                if (bind.isBlank()) throw new UnknownHostException();
                InetAddress.getByName(bind);
            } catch (UnknownHostException e) {
                faults.add("--bind " + bind + ": there is no such address; try 127.0.0.1 or 0.0.0.0");
            }
        }
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

    /** The port to listen on; 0 is a free one. */
    int port() {
        return port;
    }

    /** The address to listen on, null for all. */
    @Nullable
    String bind() {
        return bind == null && isDemo() ? "127.0.0.1" : bind;
    }

    void printHelp(PrintStream out) {
        spec.commandLine().usage(out, CommandLine.Help.Ansi.OFF);
    }
}
