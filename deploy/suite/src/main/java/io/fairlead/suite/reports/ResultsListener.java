package io.fairlead.suite.reports;

import io.fairlead.suite.reports.Results.Outcome;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/** Collects the results of tests that are {@link FromTheField}. JUnit finds it by its service file. */
public final class ResultsListener implements TestExecutionListener {

    private static final Results RESULTS = new Results();

    @Override
    public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
        if (identifier.isTest() && identifier.getSource().orElse(null) instanceof MethodSource source) {
            Outcome outcome =
                    switch (result.getStatus()) {
                        case SUCCESSFUL -> Outcome.PASSED;
                        case ABORTED -> Outcome.NOT_HAD;
                        case FAILED -> Outcome.FAILED;
                    };
            troubles(source).forEach(trouble -> RESULTS.add(trouble, outcome));
        }
    }

    private static Stream<Trouble> troubles(MethodSource source) {
        return Stream.of(
                        AnnotationSupport.findAnnotation(source.getJavaMethod(), FromTheField.class),
                        AnnotationSupport.findAnnotation(source.getJavaClass(), FromTheField.class))
                .flatMap(found -> found.stream().flatMap(annotation -> Arrays.stream(annotation.value())))
                .distinct();
    }

    @Override
    public void testPlanExecutionFinished(TestPlan plan) {
        try {
            RESULTS.write(Results.FILE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
