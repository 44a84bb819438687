package io.fairlead.proxy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import org.junit.jupiter.api.Test;

/** The arrows of DESIGN.md: only down. */
class ArchitectureTest {

    private static final JavaClasses CLASSES =
            new ClassFileImporter().withImportOption(new DoNotIncludeTests()).importPackages("io.fairlead.proxy");

    @Test
    void arrowsOnlyGoDown() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("proxy")
                .definedBy("io.fairlead.proxy")
                .layer("server")
                .definedBy("io.fairlead.proxy.server")
                .layer("guard")
                .definedBy("io.fairlead.proxy.guard")
                .layer("backend")
                .definedBy("io.fairlead.proxy.backend")
                .layer("tunnel")
                .definedBy("io.fairlead.proxy.tunnel")
                .layer("relay")
                .definedBy("io.fairlead.proxy.relay")
                .layer("tls")
                .definedBy("io.fairlead.proxy.tls")
                .whereLayer("proxy")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("server")
                .mayOnlyBeAccessedByLayers("proxy")
                .whereLayer("guard")
                .mayOnlyBeAccessedByLayers("proxy")
                .whereLayer("backend")
                .mayOnlyBeAccessedByLayers("proxy")
                .whereLayer("relay")
                .mayOnlyBeAccessedByLayers("proxy")
                .whereLayer("tls")
                .mayOnlyBeAccessedByLayers("proxy")
                .check(CLASSES);
    }

    @Test
    void tunnelsKnowNoServletsAndNoServers() {
        noClasses()
                .that()
                .resideInAPackage("io.fairlead.proxy.tunnel")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "jakarta..", "org.apache..", "org.eclipse.jetty.server..", "org.eclipse.jetty.client..")
                .check(CLASSES);
    }

    @Test
    void limitsKnowNoServletsAndNoServers() {
        noClasses()
                .that()
                .resideInAPackage("io.fairlead.proxy.guard")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.fairlead.proxy",
                        "io.fairlead.proxy.server",
                        "io.fairlead.proxy.tls",
                        "jakarta..",
                        "org.apache..",
                        "org.eclipse..")
                .check(CLASSES);
    }

    @Test
    void backendsKnowNothingOfHowTheyAreReached() {
        noClasses()
                .that()
                .resideInAPackage("io.fairlead.proxy.backend")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.fairlead.proxy",
                        "io.fairlead.proxy.server",
                        "io.fairlead.proxy.tls",
                        "io.fairlead.proxy.guard",
                        "io.fairlead.proxy.tunnel",
                        "jakarta..",
                        "org.apache..",
                        "org.eclipse..")
                .check(CLASSES);
    }

    @Test
    void filesOfKeysKnowNothingOfTheRest() {
        noClasses()
                .that()
                .resideInAPackage("io.fairlead.proxy.tls")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.fairlead.proxy",
                        "io.fairlead.proxy.server",
                        "io.fairlead.proxy.tunnel",
                        "jakarta..",
                        "org.apache..",
                        "org.eclipse..")
                .check(CLASSES);
    }

    @Test
    void onlyTheReadersOfPemKnowBouncyCastle() {
        noClasses()
                .that()
                .haveNameNotMatching("io\\.fairlead\\.proxy\\.tls\\.(Pem|EncryptedKey)")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.bouncycastle..")
                .check(CLASSES);
    }

    @Test
    void onlyTheTomcatClassesKnowTomcat() {
        noClasses()
                .that()
                .haveSimpleNameNotStartingWith("Tomcat")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache..")
                .check(CLASSES);
    }

    @Test
    void onlyTheClassesOfTheBridgeKnowJettysServer() {
        noClasses()
                .that()
                .haveNameNotMatching(".*\\.JettyCoreTakeover(\\$.+)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.eclipse.jetty.server..")
                .check(CLASSES);
        noClasses()
                .that()
                .haveSimpleNameNotStartingWith("JettyStream")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.eclipse.jetty.http2..")
                .check(CLASSES);
    }

    @Test
    void onlyTheUndertowClassesKnowUndertow() {
        noClasses()
                .that()
                .haveSimpleNameNotStartingWith("Undertow")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.undertow..", "org.xnio..")
                .check(CLASSES);
    }
}
