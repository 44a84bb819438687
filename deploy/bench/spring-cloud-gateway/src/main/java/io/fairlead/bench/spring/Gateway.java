package io.fairlead.bench.spring;

import java.net.InetAddress;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.web.embedded.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServer;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.server.reactive.HttpHandler;

/** Spring Cloud Gateway on Netty, with one route, as its documentation has it. */
@EnableAutoConfiguration
@Configuration(proxyBeanMethods = false)
class Gateway {

    /**
     * Starts it.
     *
     * @param arguments port, port for TLS, the backend's port, key store, its password
     */
    public static void main(String[] arguments) {
        SpringApplication application = new SpringApplication(Gateway.class);
        application.setDefaultProperties(Map.ofEntries(
                Map.entry("bench.plain-port", arguments[0]),
                Map.entry("bench.backend", "http://127.0.0.1:" + arguments[2]),
                Map.entry("server.address", "127.0.0.1"),
                Map.entry("server.port", arguments[1]),
                Map.entry("server.ssl.key-store", "file:" + arguments[3]),
                Map.entry("server.ssl.key-store-type", "PKCS12"),
                Map.entry("server.ssl.key-store-password", arguments[4]),
                Map.entry(
                        "spring.cloud.gateway.server.webflux.httpclient.websocket.max-frame-payload-length", "2097152"),
                Map.entry("spring.cloud.gateway.server.webflux.httpclient.pool.type", "elastic"),
                Map.entry("logging.level.root", "warn")));
        application.run();
    }

    @Bean
    RouteLocator routes(RouteLocatorBuilder builder, @Value("${bench.backend}") String backend) {
        return builder.routes()
                .route("all", route -> route.path("/**")
                        .filters(filters -> filters.preserveHostHeader())
                        .uri(backend))
                .build();
    }

    /** Spring has one port; this is the other one, without TLS, before the same handlers. */
    @Bean(initMethod = "start", destroyMethod = "stop")
    WebServer plain(HttpHandler handler, @Value("${bench.plain-port}") int port) {
        NettyReactiveWebServerFactory factory = new NettyReactiveWebServerFactory(port);
        factory.setAddress(InetAddress.getLoopbackAddress());
        return factory.getWebServer(handler);
    }
}
