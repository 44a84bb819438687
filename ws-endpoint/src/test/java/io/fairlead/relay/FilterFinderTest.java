package io.fairlead.relay;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.spi.BeanManager;
import jakarta.enterprise.inject.spi.CDI;
import jakarta.enterprise.util.TypeLiteral;
import java.lang.annotation.Annotation;
import java.lang.reflect.Proxy;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class FilterFinderTest {

    /** A bean, and one that stands in for a given filter. */
    private record Bean(String name) implements MessageFilter {
        @Override
        public RouteFilter configure(FilterSettings settings) {
            return tunnel -> (direction, message) -> TunnelFilter.now(Verdict.pass());
        }
    }

    private static final List<MessageFilter> BEANS = List.of(new Bean("mine"), new Bean("audit"));

    @SuppressWarnings("unchecked")
    private static <U> Instance<U> beans() {
        return (Instance<U>) Proxy.newProxyInstance(
                FilterFinderTest.class.getClassLoader(),
                new Class<?>[] {Instance.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "iterator" -> BEANS.iterator();
                    case "forEach" -> {
                        BEANS.forEach((Consumer<? super MessageFilter>) arguments[0]);
                        yield null;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    /** A container of which only the selection by type is asked. */
    private static final class Beans extends CDI<Object> {

        @Override
        public <U> Instance<U> select(Class<U> type, Annotation... qualifiers) {
            assertThat(type).isEqualTo(MessageFilter.class);
            return beans();
        }

        @Override
        public BeanManager getBeanManager() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instance<Object> select(Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public <U> Instance<U> select(TypeLiteral<U> type, Annotation... qualifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isUnsatisfied() {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isAmbiguous() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void destroy(Object instance) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Handle<Object> getHandle() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Iterable<? extends Handle<Object>> handles() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Object get() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Iterator<Object> iterator() {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void servicesAreFoundAndBeansComeBeforeThem() {
        assertThat(FilterFinder.filters()).containsOnlyKeys("audit", "maxText", "rate", "jsonGate");
        AtomicBoolean running = new AtomicBoolean(true);
        CDI.setCDIProvider(() -> {
            if (!running.get()) {
                // As an application without beans has it.
                throw new IllegalStateException("no CDI here");
            }
            return new Beans();
        });
        try {
            assertThat(FilterFinder.filters())
                    .containsOnlyKeys("audit", "maxText", "rate", "jsonGate", "mine")
                    .containsEntry("mine", BEANS.get(0))
                    .containsEntry("audit", BEANS.get(1));
        } finally {
            running.set(false);
        }
        assertThat(FilterFinder.filters()).doesNotContainKey("mine");
    }
}
