package com.example;

import io.fairlead.proxy.UpgradeProxyServlet;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.ServletRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** An application of Spring Boot: a controller of its own, and a WebSocket backend below {@code /live/}. */
@SpringBootApplication
@RestController
public class App {

    public static void main(String[] args) {
        SpringApplication.run(App.class, args);
    }

    @GetMapping("/hello")
    String hello() {
        return "hello";
    }

    @Bean
    ServletRegistrationBean<UpgradeProxyServlet> live(@Value("${live.backend}") String backend) {
        ServletRegistrationBean<UpgradeProxyServlet> live =
                new ServletRegistrationBean<>(new UpgradeProxyServlet(), "/live/*");
        live.setName("live");
        live.setInitParameters(Map.of("proxyTo", backend));
        live.setLoadOnStartup(1);
        return live;
    }
}
