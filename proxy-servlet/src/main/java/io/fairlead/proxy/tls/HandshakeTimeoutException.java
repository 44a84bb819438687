package io.fairlead.proxy.tls;

import java.time.Duration;
import javax.net.ssl.SSLException;

/** The peer did not finish its part of a TLS handshake in time. */
public final class HandshakeTimeoutException extends SSLException {

    private static final long serialVersionUID = 1;

    public HandshakeTimeoutException(Duration patience) {
        super("no TLS handshake within " + patience.toMillis() + " ms");
    }
}
