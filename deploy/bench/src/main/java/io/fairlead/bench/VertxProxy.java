package io.fairlead.bench;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.net.PfxOptions;
import io.vertx.httpproxy.HttpProxy;

/** Vert.x's HTTP proxy, as its documentation has it. */
final class VertxProxy {

    private VertxProxy() {}

    /**
     * Starts it.
     *
     * @param arguments port, port for TLS, the backend's port, key store, its password
     */
    public static void main(String[] arguments) {
        Vertx vertx = Vertx.vertx();
        HttpClient client = vertx.createHttpClient(
                new HttpClientOptions().setKeepAliveTimeout(3600), new PoolOptions().setHttp1MaxSize(20_000));
        HttpProxy proxy = HttpProxy.reverseProxy(client).origin(Integer.parseInt(arguments[2]), "127.0.0.1");
        vertx.createHttpServer().requestHandler(proxy).listen(Integer.parseInt(arguments[0]), "127.0.0.1");
        HttpServerOptions tls = new HttpServerOptions()
                .setSsl(true)
                .setKeyCertOptions(new PfxOptions().setPath(arguments[3]).setPassword(arguments[4]));
        vertx.createHttpServer(tls).requestHandler(proxy).listen(Integer.parseInt(arguments[1]), "127.0.0.1");
    }
}
