package io.fairlead.deploy.fieldreports;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.suite.reports.Results;
import io.fairlead.suite.reports.Results.Outcome;
import io.fairlead.suite.reports.Trouble;
import io.fairlead.suite.reports.Trouble.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.StringJoiner;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The table in this module's README.md is what the tests of this build found. In the profile {@code full}, since some of
 * these tests are; {@code -Dfairlead.writeTable=true} writes it.
 */
@Tag("full")
class FieldReportsTest {

    private static final Path TABLE = Path.of("README.md");
    private static final String BEGIN = "<!-- results -->\n";
    private static final String END = "<!-- end of results -->\n";

    /** Columns, and the modules that they come from. */
    private static final Map<String, String> SERVERS = new LinkedHashMap<>();

    static {
        SERVERS.put("Tomcat 11", "tomcat-11");
        SERVERS.put("Jetty 12.1", "jetty-12.1-ee10");
        SERVERS.put("WildFly 39", "wildfly");
        SERVERS.put("self-running", "selfrunning");
    }

    @Test
    void theTableIsWhatTheTestsFound() throws IOException {
        Map<String, Results> found = new LinkedHashMap<>();
        for (Map.Entry<String, String> server : SERVERS.entrySet()) {
            Path results = Path.of("..", server.getValue()).resolve(Results.FILE);
            assertThat(results)
                    .as("results of a build of all servers: ./mvnw verify -Pfull")
                    .exists();
            found.put(server.getKey(), Results.read(results));
        }
        String document = Files.readString(TABLE, UTF_8);
        int begin = document.indexOf(BEGIN) + BEGIN.length();
        String expected = document.substring(0, begin) + table(found) + document.substring(document.indexOf(END));
        if (Boolean.getBoolean("fairlead.writeTable")) {
            Files.writeString(TABLE, expected, UTF_8);
        }
        assertThat(Files.readString(TABLE, UTF_8))
                .as("the table, which -Dfairlead.writeTable=true writes")
                .isEqualTo(expected);
    }

    private static String table(Map<String, Results> found) {
        StringBuilder text = new StringBuilder();
        for (Report report : Report.values()) {
            text.append("\n### ").append(report.title()).append("\n\n");
            StringJoiner head = new StringJoiner(" | ", "| | | ", " |\n");
            found.keySet().forEach(head::add);
            text.append(head)
                    .append("|---|---|")
                    .append("---|".repeat(found.size()))
                    .append('\n');
            for (Trouble trouble : Trouble.values()) {
                if (trouble.report() == report) {
                    StringJoiner row = new StringJoiner(" | ", "| " + trouble + " | " + trouble.line() + " | ", " |\n");
                    found.values().forEach(results -> row.add(cell(results, trouble)));
                    text.append(row);
                }
            }
        }
        return text.append('\n').toString();
    }

    private static String cell(Results results, Trouble trouble) {
        if (results.count(trouble, Outcome.FAILED) > 0) {
            return "**fails**";
        }
        boolean passed = results.count(trouble, Outcome.PASSED) > 0;
        boolean notHad = results.count(trouble, Outcome.NOT_HAD) > 0;
        return passed ? (notHad ? "in part" : "yes") : notHad ? "no" : "not tested";
    }
}
