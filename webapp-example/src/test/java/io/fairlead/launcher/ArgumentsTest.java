package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTest {
    @Test
    void withoutArgumentsTheDemoListensOnLoopbackAt8080() {
        Arguments arguments = Arguments.read();
        assertThat(arguments.faults()).isEmpty();
        assertThat(arguments.isDemo()).isTrue();
        assertThat(arguments.bind()).isEqualTo("127.0.0.1");
        assertThat(arguments.port()).isEqualTo(8080);
    }

    @Test
    void withRouteItListensOnAllAddresses() {
        Arguments arguments = Arguments.read("--route", "/=http://x");
        assertThat(arguments.faults()).isEmpty();
        assertThat(arguments.isDemo()).isFalse();
        assertThat(arguments.bind()).isNull();
    }

    @Test
    void bindIsTakenForDemoAndRoutes() {
        assertThat(Arguments.read("--bind", "0.0.0.0").bind()).isEqualTo("0.0.0.0");
        assertThat(Arguments.read("--bind", "::1", "--route", "/=http://x").bind())
                .isEqualTo("::1");
    }

    @Test
    void routesAreReadInOrder() {
        Arguments arguments = Arguments.read("--route", "/b=http://x", "--http-port", "0", "--route", "/a=http://y");
        assertThat(arguments.faults()).isEmpty();
        assertThat(arguments.routes()).extracting(PathRoute::path).containsExactly("/b", "/a");
        assertThat(arguments.port()).isZero();
    }

    @Test
    void argumentsAreReadFromFile(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("routes"), """
                # comment
                --route /a=http://x;timeout=5s
                --route /b=http://y/
                --http-port 8081
                """);
        Arguments arguments = Arguments.read("@" + file, "--bind", "127.0.0.1");
        assertThat(arguments.faults()).isEmpty();
        assertThat(arguments.routes()).extracting(PathRoute::path).containsExactly("/a", "/b");
        assertThat(arguments.port()).isEqualTo(8081);
    }

    @Test
    void everyFaultIsToldAtOnce() {
        Arguments arguments = Arguments.read(
                "--route",
                "x",
                "--route",
                "/b=ftp://x",
                "--http-port",
                "70000",
                "--bind",
                "",
                "--no-such-option",
                "@no-such-file");
        assertThat(arguments.faults())
                .satisfiesExactlyInAnyOrder(
                        fault -> assertThat(fault).startsWith("--route x: write PATH=URL"),
                        fault -> assertThat(fault).startsWith("--route /b=ftp://x: the URL begins with http://"),
                        fault -> assertThat(fault).isEqualTo("--http-port 70000: a port is a number from 0 to 65535"),
                        fault -> assertThat(fault).startsWith("--bind : there is no such address"),
                        fault -> assertThat(fault).isEqualTo("--no-such-option: there is no such option"),
                        fault -> assertThat(fault)
                                .isEqualTo("@no-such-file: there is no such file to read arguments from"));
    }

    @Test
    void pathThatDiffersByASlashOnlyIsADuplicate() {
        assertThat(Arguments.read("--route", "/a=http://x", "--route", "/a/=http://y")
                        .faults())
                .containsExactly("--route /a/=http://y: PATH /a has a route already, /a=http://x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "65536", "http", "", "80.0"})
    void portIsANumberFrom0To65535(String port) {
        assertThat(Arguments.read("--http-port", port).faults())
                .containsExactly("--http-port " + port + ": a port is a number from 0 to 65535");
    }

    @Test
    void optionWithoutValueIsAFault() {
        assertThat(Arguments.read("--http-port").faults())
                .singleElement()
                .asString()
                .contains("--http-port");
    }

    @Test
    void helpNamesEveryOptionAndFitsATerminal() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Arguments arguments = Arguments.read("--help");
        assertThat(arguments.wantsHelp()).isTrue();
        arguments.printHelp(new PrintStream(out, true, StandardCharsets.UTF_8));
        String help = out.toString(StandardCharsets.UTF_8);
        assertThat(help).contains("--route", "--http-port", "--bind", "--help", "--version", "@FILE");
        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }
}
