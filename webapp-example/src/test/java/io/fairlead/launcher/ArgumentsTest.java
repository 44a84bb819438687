package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.tls.KeyMaterial;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
        assertThat(arguments.httpPort()).isEqualTo(8080);
        assertThat(arguments.httpsPort()).isEqualTo(8443);
        assertThat(arguments.certificateFiles()).isNull();
    }

    @Test
    void withRouteItListensOnAllAddresses() {
        Arguments arguments = Arguments.read("--route", "/=http://x");
        assertThat(arguments.faults()).isEmpty();
        assertThat(arguments.isDemo()).isFalse();
        assertThat(arguments.bind()).isNull();
        assertThat(arguments.httpsPort()).as("not asked for").isNegative();
    }

    @Test
    void madeCertificateListensOnLoopback() {
        Arguments arguments = Arguments.read("--route", "/=http://x", "--https-port", "9443");
        assertThat(arguments.faults()).isEmpty();
        assertThat(arguments.httpsPort()).isEqualTo(9443);
        assertThat(arguments.bind()).isEqualTo("127.0.0.1");
        assertThat(Arguments.read("--route", "/=http://x", "--https-port", "0", "--bind", "0.0.0.0")
                        .bind())
                .isEqualTo("0.0.0.0");
    }

    @Test
    void certificateListensOnAllAddressesAt8443(@TempDir Path directory) throws IOException {
        Path file = TestCertificates.write(directory.resolve("both.pem"), MadeCertificate.make(null));
        for (Arguments arguments : List.of(
                Arguments.read("--route", "/=http://x", "--cert", file.toString()),
                Arguments.read("--cert", file.toString()))) {
            assertThat(arguments.faults()).isEmpty();
            assertThat(arguments.httpsPort()).isEqualTo(8443);
            assertThat(arguments.httpPort()).isEqualTo(8080);
            assertThat(arguments.bind()).isNull();
            assertThat(arguments.certificateFiles()).isEqualTo(new CertificateFiles(file, null, null));
            assertThat(arguments.keyMaterial()).isNotNull();
        }
    }

    @Test
    void keyAndPasswordMayBeInFilesOfTheirOwn(@TempDir Path directory) throws Exception {
        KeyMaterial material = MadeCertificate.make(null);
        Path store = directory.resolve("store");
        try (OutputStream out = Files.newOutputStream(store)) {
            material.keyStore("secret").store(out, "secret".toCharArray());
        }
        Path password = Files.writeString(directory.resolve("password"), "secret\nand nothing else\n");
        Arguments arguments = Arguments.read("--cert", store.toString(), "--key-password-file", password.toString());
        assertThat(arguments.faults()).isEmpty();

        Path certificate = TestCertificates.writeChain(directory.resolve("chain.pem"), material);
        Path key = TestCertificates.writeKey(directory.resolve("key.pem"), material);
        arguments = Arguments.read("--cert", certificate.toString(), "--key", key.toString());
        assertThat(arguments.faults()).isEmpty();

        Files.writeString(password, "\n");
        assertThat(Arguments.read("--cert", store.toString(), "--key-password-file", password.toString())
                        .faults())
                .containsExactly("--cert: " + password + " has no password in its first line; write it there");
        Files.delete(password);
        assertThat(Arguments.read("--cert", store.toString(), "--key-password-file", password.toString())
                        .faults())
                .singleElement()
                .asString()
                .startsWith("--cert: " + password + " cannot be read");
    }

    @Test
    void eitherPortMayBeOff() {
        Arguments arguments = Arguments.read("--http-port", "off", "--https-port", "8443", "--route", "/=http://x");
        assertThat(arguments.faults()).isEmpty();
        assertThat(arguments.httpPort()).isNegative();
        assertThat(Arguments.read("--https-port", "off").faults()).isEmpty();
    }

    @Test
    void optionsThatDoNotGoTogetherAreFaults(@TempDir Path directory) throws IOException {
        String certificate = TestCertificates.write(directory.resolve("both.pem"), MadeCertificate.make(null))
                .toString();
        assertThat(Arguments.read("--route", "/=http://x", "--http-port", "off").faults())
                .containsExactly("--http-port off: nothing is left to listen on; name a port with --https-port");
        assertThat(Arguments.read("--http-port", "8443").faults())
                .containsExactly("--https-port 8443: that is the port of HTTP already; choose another");
        assertThat(Arguments.read("--https-port", "off", "--cert", certificate).faults())
                .containsExactly("--https-port off: --cert is of no use then; leave one of them out");
        assertThat(Arguments.read("--route", "/=http://x", "--redirect-http").faults())
                .containsExactly("--redirect-http: there is nothing to redirect to; name a port with --https-port");
        assertThat(Arguments.read("--redirect-http", "--http-port", "off").faults())
                .containsExactly("--redirect-http: there is nothing to redirect from; name a port with --http-port");
        assertThat(Arguments.read("--key", "key.pem", "--key-password-file", "secret")
                        .faults())
                .containsExactly(
                        "--key key.pem: name its certificate, too, with --cert",
                        "--key-password-file secret: name the certificate, too, with --cert");
    }

    @Test
    void certificateThatCannotBeUsedIsTold(@TempDir Path directory) throws IOException {
        Path missing = directory.resolve("missing");
        assertThat(Arguments.read("--cert", missing.toString(), "--http-port", "x")
                        .faults())
                .containsExactly(
                        "--cert: there is no file " + missing + "; name one that exists",
                        "--http-port x: a port is a number from 0 to 65535, or 'off'");
        Path certificate = TestCertificates.writeChain(directory.resolve("chain.pem"), MadeCertificate.make(null));
        Path key = TestCertificates.writeKey(directory.resolve("key.pem"), MadeCertificate.make(null));
        assertThat(Arguments.read("--cert", certificate.toString(), "--key", key.toString())
                        .faults())
                .singleElement()
                .asString()
                .startsWith("--cert: " + certificate)
                .contains("is not for");
        assertThat(Arguments.read("--cert", "", "--key", "x\0y").faults())
                .containsExactly("--cert : name a file", "--key x\0y: name a file");
    }

    @Test
    void placesOfTheProbesAreTaken() {
        assertThat(Arguments.read(
                                "--route",
                                "/-/live=http://x",
                                "--route",
                                "/-/ready/=http://x",
                                "--route",
                                "/-=http://x")
                        .faults())
                .containsExactly(
                        "--route /-/live=http://x: PATH /-/live is answered by Fairlead itself; choose another",
                        "--route /-/ready/=http://x: PATH /-/ready is answered by Fairlead itself; choose another");
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
        assertThat(arguments.httpPort()).isZero();
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
        assertThat(arguments.httpPort()).isEqualTo(8081);
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
                        fault -> assertThat(fault)
                                .isEqualTo("--http-port 70000: a port is a number from 0 to 65535, or 'off'"),
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
                .containsExactly("--http-port " + port + ": a port is a number from 0 to 65535, or 'off'");
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
        assertThat(help)
                .contains("--route", "--http-port", "--https-port", "--cert", "--key", "--key-password-file")
                .contains("--redirect-http", "--bind", "--help", "--version", "@FILE", "/-/live", "/-/ready");
        assertThat(help.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void theDoctorIsForLoopbackInTheDemoAndOffElse() {
        assertThat(Arguments.read().doctor()).isNotNull();
        assertThat(Arguments.read("--doctor", "off").doctor()).isNull();
        assertThat(Arguments.read("--route", "/=http://x").doctor()).isNull();
        assertThat(Arguments.read("--route", "/=http://x", "--doctor", "loopback, 10.0.0.0/8")
                        .doctor())
                .isNotNull();
        assertThat(Arguments.read("--doctor", "localhost").faults())
                .singleElement()
                .asString()
                .startsWith("--doctor localhost: 'localhost' is not one of loopback, all,");
    }
}
