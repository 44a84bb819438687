package io.fairlead.proxy.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.UnrecoverableKeyException;
import org.jspecify.annotations.Nullable;

/** The bytes of one file, read once, and what they look like. */
final class TlsFile {

    /** In bytes; the list of all public authorities has a quarter of a megabyte. */
    static final int MOST_BYTES = 8 << 20;

    private static final String PEM_BEGIN = "-----BEGIN ";

    private final Path path;
    private final byte[] bytes;

    private TlsFile(Path path, byte[] bytes) {
        this.path = path;
        this.bytes = bytes;
    }

    static TlsFile read(Path path) throws TlsFileException {
        byte[] bytes;
        try (InputStream in = Files.newInputStream(path)) {
            bytes = in.readNBytes(MOST_BYTES + 1);
        } catch (NoSuchFileException e) {
            throw new TlsFileException("there is no file " + path + "; name one that exists", e);
        } catch (AccessDeniedException e) {
            throw new TlsFileException(path + " may not be read; give this process the right to", e);
        } catch (IOException e) {
            throw new TlsFileException(path + " cannot be read (" + e.getMessage() + ")", e);
        }
        if (bytes.length > MOST_BYTES) {
            throw new TlsFileException(path + " is larger than 8 MB; name a file of keys and certificates");
        }
        return new TlsFile(path, bytes);
    }

    boolean isPem() {
        return text().contains(PEM_BEGIN);
    }

    boolean isKeyStore() {
        return keyStoreType() != null;
    }

    /** The file as characters; PEM is ASCII, and what else stands between its blocks is of no interest. */
    String text() {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** For a file that is neither PEM nor a keystore. */
    TlsFileException unknown() {
        return new TlsFileException(
                path + " is neither PEM (with lines '-----BEGIN ...') nor a keystore (PKCS12 or JKS); convert it");
    }

    TlsFileException fault(String fault) {
        return new TlsFileException(path + " " + fault);
    }

    TlsFileException fault(String fault, Throwable cause) {
        return new TlsFileException(path + " " + fault, cause);
    }

    /** Loads it as a keystore. A PKCS12 without a password may be one without encryption. */
    KeyStore keyStore(@Nullable String password) throws TlsFileException {
        String type = keyStoreType();
        if (type == null) {
            throw unknown();
        }
        try {
            KeyStore store = KeyStore.getInstance(type);
            store.load(new ByteArrayInputStream(bytes), password == null ? null : password.toCharArray());
            return store;
        } catch (IOException e) {
            if (e.getCause() instanceof UnrecoverableKeyException) {
                throw fault(
                        password == null ? "needs a password; give it" : "does not open with the password; correct it",
                        e);
            }
            throw fault("is damaged, or no keystore of type " + type + "; make it anew", e);
        } catch (GeneralSecurityException e) {
            throw fault("cannot be opened by this JDK (" + e.getMessage() + "); make it anew with keytool", e);
        }
    }

    /** By the first bytes: a DER sequence, or the magic number of Java's own. */
    private @Nullable String keyStoreType() {
        if (bytes.length < 4) {
            return null;
        }
        int magic = (bytes[0] & 0xff) << 24 | (bytes[1] & 0xff) << 16 | (bytes[2] & 0xff) << 8 | bytes[3] & 0xff;
        if (magic == 0xfeedfeed) {
            return "JKS";
        }
        return bytes[0] == 0x30 ? "PKCS12" : null;
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
