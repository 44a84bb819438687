package io.fairlead.proxy.backend;

import java.time.Duration;

/**
 * When a backend counts as down, and as up again.
 *
 * @param maxFails so many uses that failed in a row take it down; 0: uses never do
 * @param failTimeout how long it then gets no work, where no probe says otherwise; after that one use decides
 * @param probed whether probes are made: then only they bring it back
 * @param rise so many probes that succeeded in a row bring it back
 * @param fall so many probes that failed in a row take it down
 * @param slowStart over how long its share of the work grows after it came back; zero: it has all of it at once
 */
public record HealthRules(int maxFails, Duration failTimeout, boolean probed, int rise, int fall, Duration slowStart) {}
