package io.fairlead.deploy.glassfish;

import io.fairlead.suite.peer.Certificate;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A domain of GlassFish or Payara: the one that comes with the server, copied, with ports that are free, a certificate of the
 * tests, and what Fairlead's documentation asks for.
 */
record Domain(Path directory, int http, int https, int admin) {

    static final String NAME = "fairlead";

    /** Makes it anew. @param home the directory that has {@code glassfish} in it */
    static Domain in(Path home, Certificate certificate) {
        Path domains = home.resolve("glassfish").resolve("domains");
        Path directory = domains.resolve(NAME);
        try {
            delete(directory);
            copy(domains.resolve("domain1"), directory);
            Path file = directory.resolve("config").resolve("domain.xml");
            String xml = Files.readString(file);
            List<Integer> ports = freePorts(xml);
            for (int i = 0; i < PORTS.size(); i++) {
                xml = xml.replaceFirst(PORTS.get(i), "$1" + ports.get(i) + "$2");
            }
            xml = xml.replace(
                            "<http default-virtual-server=\"server\"",
                            "<http default-virtual-server=\"server\" encoded-slash-enabled=\"true\""
                                    + " allow-payload-for-undefined-http-methods=\"true\"")
                    .replace(
                            "<thread-pool name=\"http-thread-pool\"",
                            "<thread-pool name=\"http-thread-pool\" max-thread-pool-size=\"64\"")
                    .replace("cert-nickname=\"s1as\"></ssl>", "cert-nickname=\"localhost\"></ssl>");
            Files.writeString(file, xml);
            keepLog(directory.resolve("config").resolve("logging.properties"));
            addKey(certificate, directory.resolve("config"));
            return new Domain(directory, ports.get(0), ports.get(1), ports.get(2));
        } catch (IOException | GeneralSecurityException e) {
            throw new IllegalStateException("no domain", e);
        }
    }

    /** Payara's begins anew after 2 MB. */
    private static void keepLog(Path settings) throws IOException {
        String text = Files.readString(settings);
        Files.writeString(
                settings,
                text.replace("GFFileHandler.rotationLimitInBytes=2000000", "GFFileHandler.rotationLimitInBytes=0"));
    }

    /** To the key store of the domain, whose password is the master password that it comes with. */
    private static void addKey(Certificate certificate, Path config) throws IOException, GeneralSecurityException {
        char[] password = certificate.password().toCharArray();
        for (String name : List.of("keystore.jks", "keystore.p12")) {
            Path file = config.resolve(name);
            if (Files.exists(file)) {
                KeyStore keys = KeyStore.getInstance(file.toFile(), password);
                KeyStore from = KeyStore.getInstance(certificate.keyStore().toFile(), password);
                keys.setKeyEntry(
                        "localhost",
                        from.getKey("localhost", password),
                        password,
                        from.getCertificateChain("localhost"));
                try (OutputStream out = Files.newOutputStream(file)) {
                    keys.store(out, password);
                }
            }
        }
    }

    /** Where domain.xml has the ports that a server opens, each between two groups. The first three are a {@link Domain}'s. */
    private static final List<String> PORTS = List.of(
            "(<network-listener port=\")8080(\")",
            "(<network-listener port=\")8181(\")",
            "(<network-listener port=\")4848(\")",
            "(port=\")8686(\")",
            "(port=\")3700(\")",
            "(port=\")3820(\")",
            "(port=\")3920(\")",
            "(\"JMS_PROVIDER_PORT\" value=\")7676(\")",
            "(osgi.shell.telnet.port=)6666(<)");

    private static List<Integer> freePorts(String xml) throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (String port : PORTS) {
                if (xml.equals(xml.replaceFirst(port, "$1$2"))) {
                    throw new IllegalStateException("domain.xml of this server differs: it has no " + port);
                }
                // Held until the others are found, so that they differ.
                held.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            }
            return held.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (ServerSocket socket : held) {
                socket.close();
            }
        }
    }

    private static void delete(Path directory) throws IOException {
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        try (Stream<Path> all = Files.walk(from)) {
            for (Path path : all.toList()) {
                Files.copy(path, to.resolve(from.relativize(path)));
            }
        }
    }

    /** Of the server, as it has written it down. */
    long process() throws IOException {
        return Long.parseLong(
                Files.readString(directory.resolve("config").resolve("pid")).strip());
    }

    /** What it has logged, a line each. */
    List<String> log() throws IOException {
        // A message stands on a line of its own, between double brackets.
        try (Stream<String> lines = Files.lines(directory.resolve("logs").resolve("server.log"))) {
            return lines.map(line -> line.endsWith("]]") ? line.substring(0, line.length() - 2) : line)
                    .toList();
        }
    }
}
