package io.fairlead.proxy.backend;

/**
 * What is known of a backend's health. A value: {@link #next} gives the one that follows from an event, whoever saw it.
 *
 * <pre>
 *          maxFails uses, or fall probes, failed in a row
 *   UP ────────────────────────────────────────────────────▶ DOWN
 *   UP ◀──────────────────────────────────────────────────── DOWN
 *          rise probes succeeded in a row; without probes, a use did
 * </pre>
 *
 * @param up whether it gets work
 * @param recovered whether it was down before, or came later than the route: then its share of the work grows slowly
 * @param sinceNanos when it became what it is; a failure while it is down begins that anew
 * @param fails uses that failed in a row
 * @param probes probes in a row that spoke against what it is
 */
public record Health(boolean up, boolean recovered, long sinceNanos, int fails, int probes) {

    /** The least share of its work that a backend gets when it comes back, so that it is found out how it does. */
    private static final double LEAST_SHARE = 0.1;

    /** What can happen to a backend. */
    public enum Event {
        /** It answered a request. */
        USE_SUCCEEDED,
        /** It could not be reached, did not answer, or answered that it can't. */
        USE_FAILED,
        /** It is well, as a check of its health says. */
        PROBE_SUCCEEDED,
        /** It is not. */
        PROBE_FAILED
    }

    /** Of a backend that nobody has used yet. */
    static Health assumed(boolean recovered, long now) {
        return new Health(true, recovered, now, 0, 0);
    }

    /** Gives this one if nothing changes. */
    Health next(Event event, HealthRules rules, long now) {
        return switch (event) {
            case USE_SUCCEEDED -> !up && !rules.probed() ? up(now) : fails == 0 ? this : counted(0, probes);
            case USE_FAILED -> up ? useFailed(rules, now) : rules.probed() ? this : down(now);
            case PROBE_SUCCEEDED -> up ? (probes == 0 ? this : counted(fails, 0)) : probeFor(rules.rise(), now);
            case PROBE_FAILED -> up ? probeFor(rules.fall(), now) : probes == 0 ? this : counted(fails, 0);
        };
    }

    private Health useFailed(HealthRules rules, long now) {
        int failed = fails + 1;
        return rules.maxFails() > 0 && failed >= rules.maxFails() ? down(now) : counted(failed, probes);
    }

    private Health probeFor(int needed, long now) {
        int seen = probes + 1;
        return seen < needed ? counted(fails, seen) : up ? down(now) : up(now);
    }

    private Health counted(int failed, int probed) {
        return new Health(up, recovered, sinceNanos, failed, probed);
    }

    private static Health up(long now) {
        return new Health(true, true, now, 0, 0);
    }

    private static Health down(long now) {
        return new Health(false, true, now, 0, 0);
    }

    /** Whether it is down for so many times failTimeout, so that one use may find out whether it is back. */
    boolean isTrialDue(HealthRules rules, long now, int times) {
        return !up
                && !rules.probed()
                && now - sinceNanos >= times * rules.failTimeout().toNanos();
    }

    /** Its share of the work that its weight stands for, from 0.1 to 1. */
    double share(HealthRules rules, long now) {
        long whole = rules.slowStart().toNanos();
        if (!recovered || whole == 0 || now - sinceNanos >= whole) {
            return 1;
        }
        return Math.max(LEAST_SHARE, (double) (now - sinceNanos) / whole);
    }
}
