package io.fairlead.bench;

import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What one contender did in one turn.
 *
 * @param cpuMicros user and system time of its processes for a unit; of client and backend where nobody stands between
 * @param perSecond units in a second; 0 for idle tunnels
 * @param latency nanoseconds of a unit, seen by the client; null for idle tunnels
 * @param residentKb of an idle tunnel, by the system's account (PSS), after a collection; 0 for others
 * @param liveHeapKb of an idle tunnel, after a collection; 0 for others, and where there is no heap
 * @param othersShare of the machine's CPU time in this turn that went to none of contender, client and backend
 */
record Result(
        double cpuMicros,
        double perSecond,
        @Nullable Histogram latency,
        double residentKb,
        double liveHeapKb,
        double othersShare) {

    double latencyMicros(double percentile) {
        return latency == null ? 0 : latency.getValueAtPercentile(percentile) / 1000.0;
    }
}
