package io.fairlead.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.fairlead.proxy.tls.KeyMaterial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When the files of a certificate are taken anew; a look is made by hand. */
class CertificateWatchTest {
    private final KeyMaterial first = MadeCertificate.make(null);
    private final KeyMaterial second = MadeCertificate.make(null);
    private final List<X509Certificate> used = new ArrayList<>();
    private final Path directory;
    private final Path certificates;
    private final Path key;
    private final CertificateFiles files;
    private final CertificateWatch watch;

    CertificateWatchTest(@TempDir Path directory) throws IOException {
        this.directory = directory;
        certificates = directory.resolve("tls.crt");
        key = directory.resolve("tls.key");
        files = new CertificateFiles(certificates, key, null);
        write(first);
        watch = new CertificateWatch(
                files,
                files.fingerprint(),
                material -> used.add(material.chain().get(0)));
    }

    @Test
    void filesThatStayAreLeftAlone() throws IOException {
        look(3);
        write(first);
        look(3);
        assertThat(used).isEmpty();
    }

    @Test
    void changeIsTakenOnceItStandsStill() throws IOException {
        write(second);
        look(1);
        assertThat(used).as("perhaps half written").isEmpty();
        look(3);
        assertThat(used).containsExactly(second.chain().get(0));
        write(first);
        look(2);
        assertThat(used).containsExactly(second.chain().get(0), first.chain().get(0));
    }

    @Test
    void certificateWithoutItsKeyChangesNothingUntilTheKeyIsThere() throws IOException {
        TestCertificates.writeChain(certificates, second);
        look(5);
        assertThat(used).isEmpty();
        write(second);
        look(2);
        assertThat(used).containsExactly(second.chain().get(0));
    }

    @Test
    void damagedOrMissingFilesChangeNothing() throws IOException {
        Files.writeString(certificates, "-----BEGIN CERTIFICATE-----\n");
        look(3);
        Files.delete(certificates);
        look(3);
        assertThat(used).isEmpty();
        write(second);
        look(2);
        assertThat(used).containsExactly(second.chain().get(0));
    }

    @Test
    void symbolicLinkTwoStepsAwayIsNoticedAsKubernetesMovesIt() throws IOException {
        for (KeyMaterial material : List.of(first, second)) {
            Path version = Files.createDirectory(directory.resolve(material == first ? "..one" : "..two"));
            TestCertificates.writeChain(version.resolve("tls.crt"), material);
            TestCertificates.writeKey(version.resolve("tls.key"), material);
        }
        Path data = Files.createSymbolicLink(directory.resolve("..data"), Path.of("..one"));
        for (Path file : new Path[] {certificates, key}) {
            Files.delete(file);
            Files.createSymbolicLink(file, Path.of("..data").resolve(file.getFileName()));
        }
        look(2);
        assertThat(used).as("the same content").isEmpty();
        Path next = Files.createSymbolicLink(directory.resolve("..data_tmp"), Path.of("..two"));
        Files.move(next, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        look(2);
        assertThat(used).containsExactly(second.chain().get(0));
    }

    @Test
    void failureToReplaceDoesNotEndTheWatch() throws IOException {
        List<X509Certificate> tried = new ArrayList<>();
        try (CertificateWatch failing = new CertificateWatch(files, files.fingerprint(), material -> {
            tried.add(material.chain().get(0));
            throw new IllegalStateException("as the test wants it");
        })) {
            write(second);
            assertThatCode(() -> {
                        for (int i = 0; i < 4; i++) failing.look();
                    })
                    .doesNotThrowAnyException();
        }
        assertThat(tried).as("once").containsExactly(second.chain().get(0));
    }

    private void write(KeyMaterial material) throws IOException {
        TestCertificates.writeChain(certificates, material);
        TestCertificates.writeKey(key, material);
    }

    private void look(int times) {
        for (int i = 0; i < times; i++) watch.look();
    }
}
