package io.fairlead.proxy.tls;

import org.jspecify.annotations.Nullable;

/** A file does not hold what TLS needs. The message is one sentence for an administrator: the file, the fault, the way out. */
public final class TlsFileException extends Exception {
    private static final long serialVersionUID = 1L;

    TlsFileException(String message) {
        super(message);
    }

    TlsFileException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
