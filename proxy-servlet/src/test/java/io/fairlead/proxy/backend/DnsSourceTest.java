package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class DnsSourceTest {

    private static final BackendQuery QUERY = new BackendQuery("name", 3000, 5, true, Duration.ofSeconds(7));

    private final BlockingQueue<Duration> pauses = new LinkedBlockingQueue<>();
    private final Semaphore goOn = new Semaphore(0);
    private final List<List<Target>> heard = new CopyOnWriteArrayList<>();
    private volatile List<String> answer = List.of();
    private final DnsSource source = new DnsSource(this::resolve, this::pause, Duration.ofSeconds(20));

    private List<InetAddress> resolve(String host) throws UnknownHostException {
        if (answer.isEmpty()) {
            throw new UnknownHostException(host);
        }
        List<InetAddress> found = new CopyOnWriteArrayList<>();
        for (String address : answer) {
            // A literal address asks nobody.
            found.add(InetAddress.getByName(address));
        }
        return found;
    }

    private void pause(Duration time) throws InterruptedException {
        pauses.add(time);
        goOn.acquire();
    }

    /** One more lookup, all of it. */
    private void again(String... addresses) throws InterruptedException {
        assertThat(pauses.take()).isEqualTo(Duration.ofSeconds(7));
        answer = List.of(addresses);
        goOn.release();
        // The next pause begins behind it; it stays there for the next call.
        Duration next = pauses.take();
        pauses.add(next);
    }

    private static List<String> addresses(List<Target> targets) {
        return targets.stream().map(Target::address).toList();
    }

    private static boolean isAlive(String thread) {
        return Thread.getAllStackTraces().keySet().stream()
                .anyMatch(one -> one.getName().equals(thread));
    }

    @Test
    void everyAddressIsABackendFromTheStartOn() throws Exception {
        answer = List.of("192.0.2.2", "192.0.2.1", "2001:db8::1", "192.0.2.1");
        AutoCloseable watch = source.watch(QUERY, heard::add);
        assertThat(heard).hasSize(1);
        assertThat(heard.get(0).stream().map(Target::toString))
                .containsExactly(
                        "192.0.2.1:3000 weight=5 backup",
                        "192.0.2.2:3000 weight=5 backup",
                        "[2001:db8:0:0:0:0:0:1]:3000 weight=5 backup");
        watch.close();
    }

    @Test
    void onlyAChangeIsToldAndAnotherOrderIsNone() throws Exception {
        answer = List.of("192.0.2.1", "192.0.2.2");
        try (AutoCloseable watch = source.watch(QUERY, heard::add)) {
            again("192.0.2.2", "192.0.2.1");
            assertThat(heard).hasSize(1);
            again("192.0.2.2");
            assertThat(heard).hasSize(2);
            again("192.0.2.2", "2001:db8::7");
            assertThat(addresses(heard.get(1))).containsExactly("192.0.2.2:3000");
            assertThat(addresses(heard.get(2))).containsExactly("192.0.2.2:3000", "[2001:db8:0:0:0:0:0:7]:3000");
            assertThat(watch).isNotNull();
        }
    }

    @Test
    void aNameThatVanishesKeepsItsAddresses() throws Exception {
        answer = List.of("192.0.2.1");
        try (AutoCloseable watch = source.watch(QUERY, heard::add)) {
            again();
            again();
            again("192.0.2.1");
            assertThat(heard).hasSize(1);
            again("192.0.2.9");
            assertThat(addresses(heard.get(1))).containsExactly("192.0.2.9:3000");
            assertThat(watch).isNotNull();
        }
    }

    @Test
    void aNameThatIsNotThereYetIsAskedForAgain() throws Exception {
        try (AutoCloseable watch = source.watch(QUERY, heard::add)) {
            assertThat(heard).isEmpty();
            again("192.0.2.1");
            assertThat(heard).hasSize(1);
            assertThat(watch).isNotNull();
        }
    }

    @Test
    void aResolverThatBreaksIsAskedAgain() throws Exception {
        DnsSource broken = new DnsSource(
                host -> {
                    if (answer.isEmpty()) {
                        throw new IllegalStateException("broken");
                    }
                    return resolve(host);
                },
                this::pause,
                Duration.ofSeconds(20));
        try (AutoCloseable watch = broken.watch(QUERY, heard::add)) {
            again("192.0.2.1");
            assertThat(heard).hasSize(1);
            assertThat(watch).isNotNull();
        }
    }

    @Test
    void aListenerThatFailsIsToldAgain() throws Exception {
        answer = List.of("192.0.2.1");
        Semaphore failures = new Semaphore(1);
        try (AutoCloseable watch = source.watch(QUERY, targets -> {
            if (failures.tryAcquire()) {
                throw new IllegalStateException("not now");
            }
            heard.add(targets);
        })) {
            assertThat(heard).isEmpty();
            again("192.0.2.1");
            assertThat(heard).hasSize(1);
            assertThat(watch).isNotNull();
        }
    }

    @Test
    void aStartDoesNotWaitForeverForALookup() throws Exception {
        CountDownLatch answered = new CountDownLatch(1);
        DnsSource slow = new DnsSource(
                host -> {
                    try {
                        answered.await();
                    } catch (InterruptedException e) {
                        throw new UnknownHostException("interrupted");
                    }
                    return List.of(InetAddress.getByName("192.0.2.1"));
                },
                this::pause,
                Duration.ofMillis(20));
        try (AutoCloseable watch = slow.watch(QUERY, heard::add)) {
            assertThat(heard).isEmpty();
            answered.countDown();
            Awaitility.await().until(() -> heard.size() == 1);
            assertThat(watch).isNotNull();
        }
    }

    @Test
    void whatComesAfterTheEndIsNotTold() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        Semaphore answered = new Semaphore(0);
        DnsSource slow = new DnsSource(
                host -> {
                    asked.countDown();
                    // As a lookup, it can't be interrupted.
                    answered.acquireUninterruptibly();
                    return List.of(InetAddress.getByName("192.0.2.1"));
                },
                this::pause,
                Duration.ofMillis(1));
        AutoCloseable watch = slow.watch(new BackendQuery("late", 1, 1, false, Duration.ofSeconds(1)), heard::add);
        assertThat(asked.await(20, TimeUnit.SECONDS)).isTrue();
        watch.close();
        assertThat(isAlive("fairlead-dns-late")).isTrue();
        answered.release();
        Awaitility.await().until(() -> !isAlive("fairlead-dns-late"));
        assertThat(heard).isEmpty();
    }

    @Test
    void theThreadEndsWithTheWatch() throws Exception {
        answer = List.of("192.0.2.1");
        AutoCloseable watch = source.watch(new BackendQuery("ending", 1, 1, false, Duration.ofSeconds(1)), heard::add);
        pauses.take();
        assertThat(isAlive("fairlead-dns-ending")).isTrue();
        watch.close();
        assertThat(isAlive("fairlead-dns-ending")).isFalse();
    }
}
