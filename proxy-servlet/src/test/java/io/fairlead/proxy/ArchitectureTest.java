package io.fairlead.proxy;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The arrows of DESIGN.md: only down. */
@AnalyzeClasses(packages = "io.fairlead.proxy", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule arrowsOnlyGoDown = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("proxy")
            .definedBy("io.fairlead.proxy")
            .layer("server")
            .definedBy("io.fairlead.proxy.server")
            .layer("tunnel")
            .definedBy("io.fairlead.proxy.tunnel")
            .whereLayer("proxy")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("server")
            .mayOnlyBeAccessedByLayers("proxy");

    @ArchTest
    static final ArchRule tunnelsKnowNoServletsAndNoServers = noClasses()
            .that()
            .resideInAPackage("io.fairlead.proxy.tunnel")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "jakarta..", "org.apache..", "org.eclipse.jetty.server..", "org.eclipse.jetty.client..");

    @ArchTest
    static final ArchRule onlyTheTomcatClassesKnowTomcat = noClasses()
            .that()
            .haveSimpleNameNotStartingWith("Tomcat")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.apache..");

    @ArchTest
    static final ArchRule onlyTheClassOfTheBridgeKnowsJettysServer = noClasses()
            .that()
            .doNotHaveSimpleName("JettyCoreTakeover")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.eclipse.jetty.server..");
}
