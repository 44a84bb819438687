package io.fairlead.proxy.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/**
 * The JVM's own verification of servers' certificates (chain, dates, host name, and revocation if the JVM is told to),
 * whose refusals say what is wrong: {@link RefusedCertificateException}.
 *
 * <p>The host name is verified when the engine or socket asks for the algorithm {@code HTTPS}. Thread-safe.
 */
public final class Verifier extends X509ExtendedTrustManager {

    private static final X509Certificate[] NONE = {};

    private final X509ExtendedTrustManager jvm;

    private Verifier(X509ExtendedTrustManager jvm) {
        this.jvm = jvm;
    }

    /**
     * @param trust what is trusted; null for what the JVM trusts by itself
     * @throws IllegalStateException when the JVM cannot verify by these
     */
    public static Verifier of(@Nullable TrustMaterial trust) {
        try {
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(trust == null ? (KeyStore) null : trust.keyStore());
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509ExtendedTrustManager jvm) {
                    return new Verifier(jvm);
                }
            }
            throw new IllegalStateException("the JVM has no verification of X.509 certificates");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the JVM's trust store cannot be used", e);
        }
    }

    /** Takes every certificate of every server: no verification at all. */
    public static X509ExtendedTrustManager none() {
        return new Credulous();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        try {
            jvm.checkServerTrusted(chain, authType, engine);
        } catch (CertificateException refusal) {
            throw RefusedCertificateException.of(chain, refusal, engine.getPeerHost());
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        try {
            jvm.checkServerTrusted(chain, authType);
        } catch (CertificateException refusal) {
            throw RefusedCertificateException.of(chain, refusal, null);
        }
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        try {
            jvm.checkServerTrusted(chain, authType, socket);
        } catch (CertificateException refusal) {
            String host = socket instanceof SSLSocket secure
                    ? secure.getHandshakeSession().getPeerHost()
                    : null;
            throw RefusedCertificateException.of(chain, refusal, host);
        }
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
        jvm.checkClientTrusted(chain, authType);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
            throws CertificateException {
        jvm.checkClientTrusted(chain, authType, socket);
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
            throws CertificateException {
        jvm.checkClientTrusted(chain, authType, engine);
    }

    @Override
    public X509Certificate[] getAcceptedIssuers() {
        return jvm.getAcceptedIssuers();
    }

    private static final class Credulous extends X509ExtendedTrustManager {
        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) throws CertificateException {
            throw new CertificateException("for servers only");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
                throws CertificateException {
            checkClientTrusted(chain, authType);
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
                throws CertificateException {
            checkClientTrusted(chain, authType);
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return NONE;
        }
    }
}
