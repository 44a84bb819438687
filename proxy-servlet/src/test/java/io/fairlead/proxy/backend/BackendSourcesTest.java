package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One of the two classes that the services file of the tests names is not there. */
class BackendSourcesTest {

    @Test
    void dnsIsBuiltIn() {
        assertThat(BackendSources.find("dns")).isInstanceOf(DnsSource.class);
        assertThat(BackendSources.find("DNS")).isInstanceOf(DnsSource.class);
    }

    @Test
    void othersAreFoundByTheServiceLoaderAndABrokenOneTakesNoneAway() {
        assertThat(BackendSources.find("consul")).isInstanceOf(NamedSource.class);
        assertThat(BackendSources.schemes()).containsExactly("consul", "dns");
        assertThat(BackendSources.find("http")).isNull();
    }

    @Test
    void thoseOfTheThreadsClassLoaderComeFirst(@TempDir Path directory) throws Exception {
        Path services = Files.createDirectories(directory.resolve("META-INF/services"));
        Files.writeString(
                services.resolve(BackendSource.class.getName()),
                NamedSource.OfApplication.class.getName() + "\n" + NamedSource.OwnDns.class.getName() + "\n");
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try (URLClassLoader application = new URLClassLoader(
                new URL[] {directory.toUri().toURL()}, getClass().getClassLoader())) {
            thread.setContextClassLoader(application);
            assertThat(BackendSources.schemes()).containsExactly("app", "consul", "dns");
            assertThat(BackendSources.find("app")).isInstanceOf(NamedSource.OfApplication.class);
            assertThat(BackendSources.find("dns")).isInstanceOf(NamedSource.OwnDns.class);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    @Test
    void aThreadWithoutAClassLoaderFindsThemToo() {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        try {
            thread.setContextClassLoader(null);
            assertThat(BackendSources.schemes()).containsExactly("consul", "dns");
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
