package io.fairlead.proxy.guard;

/**
 * A token bucket that is one number: the time at which it will be full again. Pure. Taking a token moves that time on by one
 * interval; there is a token as long as it is less than a whole bucket away (known as GCRA, the generic cell rate algorithm of
 * ATM). Times are nanoseconds since any one moment.
 */
final class TokenBucket {

    private static final double NANOS = 1e9;

    private final long interval;
    private final long tolerance;

    /** @param rate tokens a second, more than 0; the bucket holds as many, and at least one */
    TokenBucket(double rate) {
        this.interval = Math.max(1, Math.round(NANOS / rate));
        this.tolerance = interval * ((long) Math.max(1, rate) - 1);
    }

    /** Nanoseconds until there is a token; 0 when there is one. */
    long untilToken(long fullAt, long now) {
        return Math.max(0, fullAt - now - tolerance);
    }

    /** When it is full again after a token was taken now. */
    long taken(long fullAt, long now) {
        return Math.max(fullAt, now) + interval;
    }
}
