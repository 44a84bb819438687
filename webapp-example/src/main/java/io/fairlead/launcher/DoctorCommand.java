package io.fairlead.launcher;

import io.fairlead.doctor.Facts;
import io.fairlead.doctor.Finding;
import io.fairlead.doctor.Finding.Severity;
import io.fairlead.doctor.Json;
import io.fairlead.doctor.Sighting.Field;
import io.fairlead.doctor.Step;
import io.fairlead.doctor.Texts;
import io.fairlead.doctor.Verdict;
import io.fairlead.doctor.dial.Dial;
import java.io.PrintStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** {@code java -jar fairlead.war doctor wss://host/path}: examines a WebSocket server, any one, from this machine. */
@Command(
        name = "java -jar fairlead.war doctor",
        sortOptions = false,
        usageHelpAutoWidth = true,
        separator = " ",
        description =
                "Examines the way to a WebSocket server: connection, TLS, handshake, a ping, silence, a Close. It sends"
                        + " no messages and connects to nothing else.%n",
        footer = {"", "Exit status: 0 all is well, 1 a fault, 2 wrong arguments, 3 warnings only."})
final class DoctorCommand {
    static final String NAME = "doctor";
    static final int WELL = 0;
    static final int FAULT = 1;
    static final int WRONG_ARGUMENTS = 2;
    static final int WARNING = 3;

    private static final Pattern HEADER = Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \\t]*([^\\r\\n\\x00]*)");
    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern DURATION = Pattern.compile("(\\d{1,5})(s|m)");

    @Parameters(index = "0", arity = "1", paramLabel = "URL", description = "Begins with ws:// or wss://.")
    @SuppressWarnings("NullAway.Init")
    private String url;

    @Option(
            names = "--header",
            paramLabel = "'NAME: VALUE'",
            description =
                    "Sent with the handshake, or instead of its own field of this name; more than once for several.")
    private List<String> headers = new ArrayList<>();

    @Option(names = "--subprotocol", paramLabel = "NAME", description = "Offered; more than once for several.")
    private List<String> subprotocols = new ArrayList<>();

    @Option(names = "--idle", paramLabel = "DURATION", description = "Also be silent for so long, as 70s or 5m.")
    @Nullable
    private String idle;

    @Option(
            names = "--insecure",
            description = "Go on whatever is wrong with the certificate; it is told all the same.")
    private boolean insecure;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--lang", paramLabel = "LANGUAGE", description = "Of the findings: en, ja. Default en.")
    private String language = "en";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this.")
    private boolean help;

    private final PrintStream out;
    private final PrintStream err;
    private final List<String> faults = new ArrayList<>();

    DoctorCommand(PrintStream out, PrintStream err) {
        this.out = out;
        this.err = err;
    }

    /** @return the exit status */
    int run(String... args) {
        CommandLine commandLine = new CommandLine(this).setTrimQuotes(false);
        try {
            commandLine.parseArgs(args);
        } catch (ParameterException e) {
            return wrong(List.of(String.valueOf(e.getMessage())));
        }
        if (help) {
            commandLine.usage(out, CommandLine.Help.Ansi.OFF);
            return WELL;
        }
        URI target = target();
        List<Field> fields = fields();
        for (String name : subprotocols)
            if (!TOKEN.matcher(name).matches()) faults.add("--subprotocol " + name + ": is no name of a subprotocol");
        Duration silence = silence();
        if (!Texts.languages().contains(language))
            faults.add("--lang " + language + ": choose one of " + String.join(", ", Texts.languages()));
        if (target == null || !faults.isEmpty()) return wrong(faults);

        Facts facts = new Dial(target, fields, subprotocols, silence, insecure).examine();
        List<Finding> findings = Verdict.of(facts);
        Texts texts = Texts.in(language);
        if (json) out.println(Json.report(facts, findings, texts));
        else print(facts, findings, texts);
        out.flush();
        Severity gravest = Verdict.gravest(findings);
        return gravest == Severity.FAULT ? FAULT : gravest == Severity.WARNING ? WARNING : WELL;
    }

    private int wrong(List<String> what) {
        what.forEach(fault -> err.println("fairlead: " + fault));
        err.println("See java -jar fairlead.war doctor --help");
        return WRONG_ARGUMENTS;
    }

    private @Nullable URI target() {
        try {
            URI uri = new URI(url);
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            if ((scheme.equals("ws") || scheme.equals("wss"))
                    && uri.getHost() != null
                    && uri.getRawUserInfo() == null
                    && uri.getPort() <= 65535) return uri;
        } catch (URISyntaxException e) {
            // Told below.
        }
        faults.add(url + ": write ws://HOST/PATH or wss://HOST/PATH");
        return null;
    }

    private List<Field> fields() {
        List<Field> fields = new ArrayList<>();
        for (String header : headers) {
            Matcher matcher = HEADER.matcher(header);
            if (matcher.matches()) fields.add(new Field(matcher.group(1), matcher.group(2)));
            // Its value may be a secret.
            else faults.add("--header " + header.split(":", 2)[0] + ": write 'NAME: VALUE'");
        }
        return fields;
    }

    private Duration silence() {
        if (idle == null) return Duration.ZERO;
        Matcher matcher = DURATION.matcher(idle);
        if (matcher.matches()) {
            long amount = Long.parseLong(matcher.group(1));
            return matcher.group(2).equals("m") ? Duration.ofMinutes(amount) : Duration.ofSeconds(amount);
        }
        faults.add("--idle " + idle + ": write seconds or minutes, as 70s or 5m");
        return Duration.ZERO;
    }

    private void print(Facts facts, List<Finding> findings, Texts texts) {
        out.println(facts.client().url());
        facts.steps().forEach((name, step) -> out.println("  " + texts.step(name) + ": " + line(step, texts)));
        for (Finding finding : findings) {
            out.println();
            out.println(texts.severity(finding) + " (" + texts.hop(finding) + "): " + texts.sentence(finding));
            if (!texts.mend(finding).isEmpty()) out.println("  " + texts.mend(finding));
        }
    }

    private static String line(Step step, Texts texts) {
        StringBuilder line = new StringBuilder(texts.result(step));
        for (Map.Entry<String, String> value : step.values().entrySet()) {
            boolean time = value.getKey().equals("ms");
            line.append(time ? ", " : ", " + value.getKey() + " ")
                    .append(Texts.clean(value.getValue()))
                    .append(time ? " ms" : "");
        }
        return line.toString();
    }
}
