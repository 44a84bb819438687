package io.fairlead.proxy.backend;

import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Chooses one of several backends that could do. Thread-safe; what it locks for is a few additions. */
final class Balancer {

    private final Balance balance;
    private final HealthRules rules;
    private final @Nullable RandomGenerator random;

    /** @param random for tests; null for each thread's own */
    Balancer(Balance balance, HealthRules rules, @Nullable RandomGenerator random) {
        this.balance = balance;
        this.rules = rules;
        this.random = random;
    }

    /**
     * @param candidates at least one
     * @param key of the request, for what is chosen by hash
     */
    Backend choose(List<Backend> candidates, long key, long now) {
        if (candidates.size() == 1) {
            return candidates.get(0);
        }
        return switch (balance) {
            case ROUNDROBIN -> roundRobin(candidates, now);
            case LEASTCONN -> leastConnections(candidates, now);
            case RANDOM -> lessLoaded(draw(candidates, now), draw(candidates, now), now);
            case SOURCE, URI -> Rendezvous.first(key, candidates);
        };
    }

    private double weight(Backend backend, long now) {
        return backend.weight() * backend.health().share(rules, now);
    }

    /** Each gains its weight; the one that has most pays for all. */
    private synchronized Backend roundRobin(List<Backend> candidates, long now) {
        Backend best = candidates.get(0);
        double total = 0;
        for (Backend candidate : candidates) {
            double weight = weight(candidate, now);
            total += weight;
            candidate.current += weight;
            if (candidate.current > best.current) {
                best = candidate;
            }
        }
        best.current -= total;
        return best;
    }

    private double load(Backend backend, long now) {
        return (backend.requests() + backend.tunnels() + 1) / weight(backend, now);
    }

    /** Those that are equal take turns. */
    private synchronized Backend leastConnections(List<Backend> candidates, long now) {
        double least = Double.MAX_VALUE;
        for (Backend candidate : candidates) {
            least = Math.min(least, load(candidate, now));
        }
        double least0 = least;
        List<Backend> equal = candidates.stream()
                .filter(candidate -> load(candidate, now) <= least0 * 1.000_001)
                .toList();
        return equal.isEmpty() ? candidates.get(0) : roundRobin(equal, now);
    }

    private Backend lessLoaded(Backend one, Backend other, long now) {
        return load(other, now) < load(one, now) ? other : one;
    }

    private Backend draw(List<Backend> candidates, long now) {
        double total = 0;
        for (Backend candidate : candidates) {
            total += weight(candidate, now);
        }
        RandomGenerator source = random == null ? ThreadLocalRandom.current() : random;
        double at = source.nextDouble() * total;
        for (Backend candidate : candidates) {
            at -= weight(candidate, now);
            if (at < 0) {
                return candidate;
            }
        }
        return candidates.get(candidates.size() - 1);
    }
}
