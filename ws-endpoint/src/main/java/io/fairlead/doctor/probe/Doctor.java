package io.fairlead.doctor.probe;

import jakarta.servlet.http.HttpServletRequest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The examinations under way, each under a random nonce that its client was given; who knows a nonce may probe, and read what
 * was seen. Kept for {@code life} after the last probe, at most {@link #LONGEST}.
 *
 * <p>Thread-safe. Closed by who made it.
 */
public final class Doctor implements AutoCloseable {

    /** Where the page is, below the context path. */
    public static final String PAGE = "/-/doctor/";

    /** Where the probes are. */
    public static final String PROBES = "/-/probe/";

    /** Where the probes' sockets are; what follows is {@code echo} or {@code push}. */
    public static final String SOCKETS = PROBES + "ws/";

    /** No examination, and no socket of one, lives longer. */
    public static final Duration LONGEST = Duration.ofMinutes(15);

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int NONCE_BYTES = 16;
    /** Threads for all sockets; a client that takes nothing holds one until the server gives it up. */
    private static final int MOST_SPEAKERS = 16;

    private static final long SPEAKER_LIFE_S = 10;
    private static final Pattern NONCE = Pattern.compile("(?:^|&)n=([A-Za-z0-9_-]{22})(?:&|$)");
    private static final Pattern STEP = Pattern.compile("(?:^|&)s=([a-z0-9]{1,12})(?:&|$)");

    private final DoctorSettings settings;
    private final Map<String, Examination> examinations = new LinkedHashMap<>();
    private final ScheduledThreadPoolExecutor timer;
    private final ThreadPoolExecutor speakers;

    /** @param settings not off */
    public Doctor(DoctorSettings settings) {
        this.settings = settings;
        timer = new ScheduledThreadPoolExecutor(1, task -> daemon(task, "fairlead-doctor"));
        timer.setRemoveOnCancelPolicy(true);
        timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        speakers = new ThreadPoolExecutor(
                MOST_SPEAKERS,
                MOST_SPEAKERS,
                SPEAKER_LIFE_S,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                task -> daemon(task, "fairlead-doctor-socket"));
        speakers.allowCoreThreadTimeOut(true);
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    /** For what may wait for a client. One task at a time for each socket, so the sockets bound what waits. */
    Executor speakers() {
        return speakers;
    }

    DoctorSettings settings() {
        return settings;
    }

    /** Runs in the doctor's only thread, so it must not block. Never, once this is closed. */
    void after(Duration delay, Runnable task) {
        try {
            timer.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException closed) {
            // The application is going, and its requests with it.
        }
    }

    /** @return null if there are too many of this address */
    @Nullable
    Examination begin(String address) {
        byte[] random = new byte[NONCE_BYTES];
        RANDOM.nextBytes(random);
        String nonce = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
        long now = System.nanoTime();
        synchronized (examinations) {
            forget(now);
            long ofAddress = examinations.values().stream()
                    .filter(other -> other.address().equals(address))
                    .count();
            if (ofAddress >= settings.perAddress() || examinations.size() >= settings.examinations()) {
                return null;
            }
            Examination begun = new Examination(nonce, address, settings.bytes(), now);
            examinations.put(nonce, begun);
            return begun;
        }
    }

    private void forget(long now) {
        long life = settings.life().toNanos();
        for (Iterator<Examination> all = examinations.values().iterator(); all.hasNext(); ) {
            if (all.next().isOver(now, life, LONGEST.toNanos())) {
                all.remove();
            }
        }
    }

    /** The one that a query names; null if there is none, or no more. */
    public @Nullable Examination find(@Nullable String query) {
        String nonce = part(NONCE, query);
        if (nonce == null) {
            return null;
        }
        long now = System.nanoTime();
        synchronized (examinations) {
            forget(now);
            Examination found = examinations.get(nonce);
            if (found != null) {
                found.used(now);
            }
            return found;
        }
    }

    /** The step that a query names; empty without one. */
    public static String step(@Nullable String query) {
        String step = part(STEP, query);
        return step == null ? "" : step;
    }

    private static @Nullable String part(Pattern pattern, @Nullable String query) {
        if (query == null) {
            return null;
        }
        Matcher matcher = pattern.matcher(query);
        return matcher.find() ? matcher.group(1) : null;
    }

    /** A target without its nonce. */
    public static String withoutNonce(String path, @Nullable String query) {
        return query == null ? path : path + "?" + query.replaceAll("(^|&)n=[^&]*", "$1n=…");
    }

    /** Begins to watch a request; null if it is none of a known examination, or one too many. */
    @Nullable
    Watch watch(HttpServletRequest request) {
        String query = request.getQueryString();
        Examination examination = find(query);
        if (examination == null) {
            return null;
        }
        String target = withoutNonce(request.getRequestURI(), query);
        Watch watch = Watch.of(examination, step(query), target, request);
        return examination.add(watch, System.nanoTime()) ? watch : null;
    }

    /** For a probe that is watched already. */
    @Nullable
    Watch watched(@Nullable String query) {
        Examination examination = find(query);
        return examination == null ? null : examination.last(step(query));
    }

    @Override
    public void close() {
        timer.shutdownNow();
        speakers.shutdownNow();
        synchronized (examinations) {
            examinations.clear();
        }
    }
}
