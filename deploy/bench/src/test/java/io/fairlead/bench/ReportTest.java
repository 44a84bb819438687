package io.fairlead.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fairlead.bench.Scenario.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;

class ReportTest {

    private static final Scenario MESSAGES = new Scenario(Kind.WS, 64, 64, false, 100);
    private static final Scenario TUNNELS = new Scenario(Kind.IDLE, 0, 5000, false, 5000);

    private final Report report = new Report(3, "a machine");

    @TempDir
    private Path directory = Path.of("");

    private static Result result(double cpu, double perSecond, long micros) {
        Histogram latency = new Histogram(3);
        latency.recordValue(micros * 1000);
        return new Result(cpu, perSecond, latency, 0, 0, 0.01);
    }

    private void fill() {
        for (double cpu : new double[] {11, 10, 12}) {
            report.add(MESSAGES, "nginx", result(cpu, 100, 50));
        }
        for (double cpu : new double[] {22, 30, 20}) {
            report.add(MESSAGES, "fairlead", result(cpu, 150, 25));
        }
        report.add(TUNNELS, "nginx", new Result(50, 0, null, 10, 0, 0));
        report.add(TUNNELS, "fairlead", new Result(50, 0, null, 5, 3, 0));
    }

    @Test
    void aMedianIsTheMiddleAndNoiseIsHalfOfTheRange() {
        List<Result> three = List.of(result(11, 0, 1), result(10, 0, 1), result(14, 0, 1));
        assertThat(Report.median(three, Result::cpuMicros)).isEqualTo(11);
        assertThat(Report.spread(three, Result::cpuMicros)).isCloseTo(2 / 11.0, within(1e-9));
        assertThat(Report.median(List.of(result(1, 0, 1), result(2, 0, 1)), Result::cpuMicros))
                .isEqualTo(1.5);
    }

    @Test
    void figuresAndTheirRatiosAreOnThePage() throws IOException {
        fill();
        report.write(directory);
        assertThat(Files.readString(directory.resolve("report.md")))
                .contains("| ws-64B-c64 | 1.00 | 2.00 |")
                .contains("| idle | 1.00 | 0.50 |")
                .contains("| fairlead | 22.00 | 2.00 |  | 23 % | 150 | 1.50 |")
                .contains("| fairlead | 5.0 | 0.50 | 0 % | 3.0 | 50 |");
    }

    @Test
    void theDataHaveEveryTurn() throws IOException {
        fill();
        report.write(directory);
        JsonNode fairlead = new ObjectMapper()
                .readTree(directory.resolve("report.json").toFile())
                .at("/scenarios/ws-64B-c64/contenders/fairlead");
        assertThat(fairlead.get("timesNginx").asDouble()).isEqualTo(2);
        assertThat(fairlead.get("turns")).hasSize(3);
        assertThat(fairlead.at("/turns/1/cpuMicros").asDouble()).isEqualTo(30);
        assertThat(fairlead.at("/turns/1/p99Micros").asDouble()).isCloseTo(25, within(0.1));
    }

    @Test
    void aContenderThatFailedHasNoFiguresInThatScenario() throws IOException {
        fill();
        report.failed(MESSAGES, "fairlead", new IOException("a reply was wrong"));
        report.write(directory);
        assertThat(report.isComplete()).isFalse();
        assertThat(Files.readString(directory.resolve("report.md")))
                .contains("- ws-64B-c64, fairlead: java.io.IOException: a reply was wrong")
                .contains("| ws-64B-c64 | 1.00 | |")
                .contains("| idle | 1.00 | 0.50 |");
    }

    @Test
    void plotsShowEachRatioAsABarFromOne() throws Exception {
        fill();
        report.write(directory);
        Document plot = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(directory.resolve("plain.svg").toFile());
        assertThat(plot.getElementsByTagName("title").getLength()).isEqualTo(2);
        assertThat(plot.getDocumentElement().getTextContent()).contains("ws-64B-c64", "2.00", "0.50");
        assertThat(directory.resolve("tls.svg")).doesNotExist();
    }
}
