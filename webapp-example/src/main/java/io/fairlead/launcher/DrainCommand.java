package io.fairlead.launcher;

import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/**
 * {@code java -jar fairlead.war drain PID}: drains the routes of a server on this machine, before it is stopped or its
 * application replaced. What the routes' MBeans offer, for scripts; by the JVM's attach API, so as the same user.
 */
@Command(
        name = "java -jar fairlead.war drain",
        sortOptions = false,
        usageHelpAutoWidth = true,
        separator = " ",
        description =
                "Drains Fairlead's routes in a server's process on this machine: new WebSockets are refused, open ones closed"
                        + " (1012). Returns when none is left. Run it as the server's user, with a JDK.%n",
        footer = {"", "Exit status: 0 no tunnel is left, 1 some are, or it could not be done, 2 wrong arguments."})
final class DrainCommand {
    static final String NAME = "drain";

    private static final int DONE = 0;
    private static final int NOT_DONE = 1;
    private static final int WRONG_ARGUMENTS = 2;

    /** What tunnels that were told last have to answer; more than a closeTimeout of 5 s. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static final Duration LOOK = Duration.ofMillis(100);
    private static final String ROUTES = "io.fairlead:type=Route,*";
    private static final Pattern SECONDS = Pattern.compile("(\\d{1,4})s?");

    @Parameters(index = "0", arity = "1", paramLabel = "PID", description = "The server's process.")
    private long pid;

    @Option(names = "--over", paramLabel = "SECONDS", description = "Closes them one by one over so long. Default 5.")
    private String over = "5";

    @Option(
            names = "--context",
            paramLabel = "PATH",
            description = "Only routes of the application there, as / or /app. Else all.")
    private @Nullable String context;

    @Option(names = "--resume", description = "Takes an earlier drain back.")
    private boolean resume;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this.")
    private boolean help;

    private final PrintStream out;
    private final PrintStream err;

    DrainCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** @return the exit status */
    int run(String... args) {
        CommandLine commandLine = new CommandLine(this).setTrimQuotes(false);
        try {
            commandLine.parseArgs(args);
        } catch (ParameterException e) {
            return wrong(String.valueOf(e.getMessage()));
        }
        if (help) {
            commandLine.usage(out, CommandLine.Help.Ansi.OFF);
            return DONE;
        }
        Matcher seconds = SECONDS.matcher(over);
        if (!seconds.matches()) return wrong("--over " + over + ": is no number of seconds");
        try (JMXConnector connector = connect()) {
            return drain(connector.getMBeanServerConnection(), Integer.parseInt(seconds.group(1)));
        } catch (AttachNotSupportedException | IOException | JMException e) {
            return fault("process " + pid + " does not answer: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return fault("interrupted");
        } catch (NoClassDefFoundError e) {
            return fault("this Java has no module jdk.attach; take a JDK's");
        }
    }

    private int wrong(String what) {
        err.println("fairlead: " + what);
        err.println("See java -jar fairlead.war drain --help");
        return WRONG_ARGUMENTS;
    }

    private int fault(String what) {
        err.println("fairlead: " + what);
        return NOT_DONE;
    }

    @SuppressWarnings("BanJNDI") // The address comes from a process of the same user.
    private JMXConnector connect() throws AttachNotSupportedException, IOException {
        VirtualMachine machine = VirtualMachine.attach(String.valueOf(pid));
        try {
            return JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()));
        } finally {
            machine.detach();
        }
    }

    private int drain(MBeanServerConnection jvm, int period) throws IOException, JMException, InterruptedException {
        List<ObjectName> routes = jvm.queryNames(new ObjectName(ROUTES), null).stream()
                .filter(name -> context == null || context.equals(name.getKeyProperty("context")))
                .toList();
        if (routes.isEmpty())
            return fault("process " + pid + " has no route of Fairlead's"
                    + (context == null ? "" : " in an application at " + context));
        for (ObjectName route : routes) {
            if (resume) jvm.invoke(route, "resume", new Object[0], new String[0]);
            else jvm.invoke(route, "drain", new Object[] {period}, new String[] {int.class.getName()});
        }
        if (resume) {
            out.println(routes.size() + " routes take tunnels again");
            return DONE;
        }
        long end = System.nanoTime() + Duration.ofSeconds(period).plus(PATIENCE).toNanos();
        int open = open(jvm, routes);
        out.println(routes.size() + " routes are drained over " + period + " s, tunnels: " + open);
        while (open > 0 && System.nanoTime() < end) {
            Thread.sleep(LOOK.toMillis());
            open = open(jvm, routes);
        }
        return open == 0 ? DONE : fault(open + " tunnels are left");
    }

    private static int open(MBeanServerConnection jvm, List<ObjectName> routes) throws IOException, JMException {
        int open = 0;
        for (ObjectName route : routes) open += ((Number) jvm.getAttribute(route, "OpenTunnels")).intValue();
        return open;
    }
}
