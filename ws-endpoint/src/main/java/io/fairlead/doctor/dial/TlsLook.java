package io.fairlead.doctor.dial;

import io.fairlead.doctor.Chain;
import io.fairlead.proxy.tls.HandshakeFault;
import io.fairlead.proxy.tls.RefusedCertificateException;
import io.fairlead.proxy.tls.Verifier;
import java.io.IOException;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** TLS with a look at the certificates: they are verified as the JVM does it, and kept, whether or not they are accepted. */
final class TlsLook {

    private final boolean insecure;
    private @Nullable Chain chain;

    /** @param insecure go on with certificates that are not accepted */
    TlsLook(boolean insecure) {
        this.insecure = insecure;
    }

    /** What the server has shown; null if nothing. */
    @Nullable
    Chain chain() {
        return chain;
    }

    /** Over a connection; the handshake is the caller's to start. */
    SSLSocket secure(Socket tcp, String host, int port) throws IOException {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Looking()}, null);
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(tcp, host, port, true);
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setApplicationProtocols(new String[] {"http/1.1"});
            socket.setSSLParameters(parameters);
            return socket;
        } catch (GeneralSecurityException e) {
            throw new IOException("this JVM has no TLS", e);
        }
    }

    /** Why a handshake failed, in a sentence. */
    String fault(IOException failure, String server) {
        String fault = HandshakeFault.of(failure, server);
        return fault == null ? String.valueOf(failure.getMessage()) : fault;
    }

    private final class Looking extends X509ExtendedTrustManager {

        private final Verifier verifier = Verifier.of(null);

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType, Socket socket)
                throws CertificateException {
            try {
                verifier.checkServerTrusted(shown, authType, socket);
                look(shown, null);
            } catch (RefusedCertificateException refusal) {
                look(shown, refusal);
                if (!insecure) {
                    throw refusal;
                }
            }
        }

        private void look(X509Certificate[] shown, @Nullable RefusedCertificateException refusal) {
            X509Certificate last = shown[shown.length - 1];
            chain = new Chain(
                    shown.length,
                    refusal == null ? "" : String.valueOf(refusal.getMessage()),
                    refusal != null && refusal.isCutShort(),
                    last.getSubjectX500Principal().getName(),
                    last.getIssuerX500Principal().getName());
        }

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType, SSLEngine engine)
                throws CertificateException {
            throw new CertificateException("for sockets only");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] shown, String authType) throws CertificateException {
            throw new CertificateException("for sockets only");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] shown, String authType) throws CertificateException {
            throw new CertificateException("for servers only");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] shown, String authType, Socket socket)
                throws CertificateException {
            checkClientTrusted(shown, authType);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] shown, String authType, SSLEngine engine)
                throws CertificateException {
            checkClientTrusted(shown, authType);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return verifier.getAcceptedIssuers();
        }
    }
}
