package io.fairlead.proxy.backend;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All addresses of a name, IPv4 and IPv6: {@code dns+http://name:3000}. Each is a backend.
 *
 * <p>A lookup blocks, so each name has a daemon thread, which asks once every interval. A name that is not found, or no longer,
 * keeps the addresses that it last had: names that vanish do so by mistake more often than on purpose, and whether the addresses
 * still answer is for the health checks to say.
 *
 * <p>The JVM keeps what it has looked up for a time of its own, whatever the interval and the records' TTL: 30 seconds, or as the
 * security property {@code networkaddress.cache.ttl} says; and {@code networkaddress.cache.negative.ttl}, 10 seconds, that there is
 * nothing.
 */
final class DnsSource implements BackendSource {

    private static final Logger LOG = LoggerFactory.getLogger("io.fairlead.proxy.backend");

    /** So long does a route wait at its start for the first addresses. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** So long does the end wait for the thread, which may be in the middle of a lookup that nothing interrupts. */
    private static final Duration FAREWELL = Duration.ofSeconds(1);

    /** Looks names up; may block. */
    interface Resolver {
        /** At least one, in any order. */
        List<InetAddress> resolve(String host) throws UnknownHostException;
    }

    /** Blocks for a time. */
    interface Pause {
        void pause(Duration time) throws InterruptedException;
    }

    private final Resolver resolver;
    private final Pause pause;
    private final Duration patience;

    DnsSource() {
        this(
                host -> List.of(InetAddress.getAllByName(host)),
                time -> TimeUnit.NANOSECONDS.sleep(time.toNanos()),
                PATIENCE);
    }

    DnsSource(Resolver resolver, Pause pause, Duration patience) {
        this.resolver = resolver;
        this.pause = pause;
        this.patience = patience;
    }

    @Override
    public String scheme() {
        return "dns";
    }

    /** Waits 5 seconds at most for the first lookup. */
    @Override
    public AutoCloseable watch(BackendQuery query, Consumer<List<Target>> listener) {
        Watch watch = new Watch(query, listener);
        watch.thread.start();
        watch.awaitFirst();
        return watch;
    }

    private final class Watch implements AutoCloseable {

        private final BackendQuery query;
        private final Consumer<List<Target>> listener;
        private final Thread thread;
        private final CountDownLatch first = new CountDownLatch(1);
        private volatile boolean closed;

        // The thread's own.
        private List<String> known = List.of();
        private boolean failing;

        Watch(BackendQuery query, Consumer<List<Target>> listener) {
            this.query = query;
            this.listener = listener;
            this.thread = new Thread(this::watch, "fairlead-dns-" + query.host());
            thread.setDaemon(true);
        }

        void awaitFirst() {
            try {
                if (!first.await(patience.toNanos(), TimeUnit.NANOSECONDS)) {
                    LOG.warn(
                            "{} is not resolved after {} s; its addresses are used as soon as they are known",
                            query.host(),
                            patience.toSeconds());
                }
            } catch (InterruptedException hurry) {
                Thread.currentThread().interrupt();
            }
        }

        private void watch() {
            while (!closed) {
                ask();
                first.countDown();
                try {
                    pause.pause(query.interval());
                } catch (InterruptedException end) {
                    // Nobody interrupts this thread but close().
                    return;
                }
            }
        }

        private void ask() {
            List<String> found = lookUp();
            if (found == null || closed || found.equals(known)) {
                return;
            }
            try {
                listener.accept(found.stream().map(query::target).toList());
                known = found;
            } catch (RuntimeException failure) {
                LOG.error("the addresses {} of {} could not be taken over", found, query.host(), failure);
            }
        }

        /** Sorted, so that another order is no change; null if it failed. */
        private @Nullable List<String> lookUp() {
            try {
                TreeSet<String> found = new TreeSet<>();
                for (InetAddress address : resolver.resolve(query.host())) {
                    found.add(address.getHostAddress());
                }
                if (found.isEmpty()) {
                    throw new UnknownHostException(query.host() + ": no addresses");
                }
                if (failing) {
                    failing = false;
                    LOG.info("{} is resolved again: {}", query.host(), found);
                }
                return List.copyOf(found);
            } catch (UnknownHostException | RuntimeException failure) {
                if (!failing && !closed) {
                    failing = true;
                    LOG.warn(
                            "{} cannot be resolved, {}: {}",
                            query.host(),
                            known.isEmpty() ? "and never was" : "so its last addresses stay",
                            failure.toString());
                }
                return null;
            }
        }

        /** The thread ends, at the latest when the lookup does that it is in. */
        @Override
        public void close() {
            closed = true;
            thread.interrupt();
            if (Thread.currentThread() == thread) {
                return;
            }
            try {
                thread.join(FAREWELL.toMillis());
            } catch (InterruptedException hurry) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
