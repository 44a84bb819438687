package io.fairlead.launcher;

import io.fairlead.proxy.tls.KeyMaterial;
import io.fairlead.proxy.tls.TlsFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the server's certificate and key are.
 *
 * @param certificates PEM with the chain, or a keystore
 * @param key PEM; null if it is in the first file
 * @param password a file whose first line opens the key or the keystore; null if nothing is encrypted
 */
record CertificateFiles(
        Path certificates, @Nullable Path key, @Nullable Path password) {
    private static final int LONGEST_PASSWORD_FILE = 4096;

    /**
     * Reads them.
     *
     * @throws TlsFileException if they do not hold a key and its certificate
     * @throws IOException if the password cannot be read; as of the other one, the message is a sentence for people
     */
    KeyMaterial load() throws TlsFileException, IOException {
        return KeyMaterial.of(certificates, key, password == null ? null : firstLine(password));
    }

    private static String firstLine(Path file) throws IOException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(LONGEST_PASSWORD_FILE + 1);
        } catch (IOException e) {
            throw new IOException(file + " cannot be read (" + e + "); name a file with the password", e);
        }
        String line =
                new String(bytes, StandardCharsets.UTF_8).lines().findFirst().orElse("");
        if (line.isEmpty() || bytes.length > LONGEST_PASSWORD_FILE)
            throw new IOException(file + " has no password in its first line; write it there");
        return line;
    }

    /** Differs when a file's content does; what cannot be read counts as nothing. Follows symbolic links. */
    String fingerprint() {
        List<String> parts = new ArrayList<>();
        for (Path file : new Path[] {certificates, key, password}) parts.add(file == null ? "" : digest(file));
        return String.join(" ", parts);
    }

    private static String digest(Path file) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
        try (DigestInputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            byte[] buffer = new byte[8192];
            while (in.read(buffer) >= 0) {
                // The digest takes it.
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (IOException e) {
            // Between a removal and what takes its place; load() tells people if it stays so.
            return e.getClass().getName();
        }
    }
}
