package io.fairlead.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class BenchTest {

    @TempDir
    private Path directory = Path.of("");

    private int bench(String... arguments) {
        List<String> all = new ArrayList<>(List.of("--war", "none.war", "--target", directory.toString()));
        all.addAll(List.of(arguments));
        return Bench.command().execute(all.toArray(String[]::new));
    }

    @Test
    void aRunIsMeasuredAndReported() throws IOException {
        int exit = bench(
                "--contenders=direct,undertow",
                "--scenarios=ws-64B-c64,https-100B-c1,handshake",
                "--rounds=2",
                "--units=50",
                "--warm-up=10");
        assertThat(exit).isZero();
        String report = Files.readString(directory.resolve("report/report.md"));
        assertThat(report).contains("## ws-64B-c64", "## https-100B-c1", "## handshake", "Medians of 2 rounds");
        assertThat(report.lines().filter(line -> line.startsWith("| undertow"))).hasSize(3);
        assertThat(report.lines().filter(line -> line.startsWith("| direct")))
                .as("there is none over TLS")
                .hasSize(2);
    }

    @Test
    void whatIsNotThereIsRefused() {
        assertThat(bench("--scenarios=ws-65B")).isNotZero();
        assertThat(bench("--contenders=none", "--scenarios=handshake")).isNotZero();
        assertThat(directory.resolve("report/report.md")).doesNotExist();
    }
}
