package io.fairlead.bench;

import io.undertow.Undertow;
import io.undertow.server.handlers.proxy.LoadBalancingProxyClient;
import io.undertow.server.handlers.proxy.ProxyHandler;
import java.net.URI;
import java.nio.file.Path;

/** Undertow's reverse proxy, as its documentation has it. */
final class UndertowProxy {

    private UndertowProxy() {}

    /**
     * Starts it.
     *
     * @param arguments port, port for TLS, the backend's port, key store, its password
     */
    public static void main(String[] arguments) throws Exception {
        // A host keeps the bound that was set before it came.
        LoadBalancingProxyClient backend = new LoadBalancingProxyClient()
                .setConnectionsPerThread(20_000)
                .addHost(URI.create("http://127.0.0.1:" + arguments[2]));
        Undertow.builder()
                .addHttpListener(Integer.parseInt(arguments[0]), "127.0.0.1")
                .addHttpsListener(
                        Integer.parseInt(arguments[1]),
                        "127.0.0.1",
                        OwnTls.context(Path.of(arguments[3]), arguments[4]))
                .setHandler(ProxyHandler.builder()
                        .setProxyClient(backend)
                        .setMaxRequestTime(-1)
                        .build())
                .build()
                .start();
    }
}
