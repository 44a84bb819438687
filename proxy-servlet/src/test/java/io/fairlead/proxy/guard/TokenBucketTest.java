package io.fairlead.proxy.guard;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenBucketTest {

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @ParameterizedTest
    @CsvSource({"0.1,1", "0.9,1", "1,1", "1.9,1", "2,2", "2.5,2", "100,100"})
    void aFullBucketHoldsTheTokensOfOneSecondAndAtLeastOne(double rate, int tokens) {
        TokenBucket bucket = new TokenBucket(rate);
        long fullAt = 0;
        long now = 5 * SECOND;
        for (int i = 0; i < tokens; i++) {
            assertThat(bucket.untilToken(fullAt, now))
                    .as("wait for token %d", i)
                    .isZero();
            fullAt = bucket.taken(fullAt, now);
        }
        assertThat(bucket.untilToken(fullAt, now)).isEqualTo(Math.round(SECOND / rate));
    }

    @Test
    void aTokenComesEachInterval() {
        TokenBucket bucket = new TokenBucket(4);
        long fullAt = SECOND;
        assertThat(bucket.untilToken(fullAt, 0)).isEqualTo(SECOND / 4);
        assertThat(bucket.untilToken(fullAt, SECOND / 4 - 1)).isEqualTo(1);
        assertThat(bucket.untilToken(fullAt, SECOND / 4)).isZero();
    }

    @Test
    void inNoSpanOfTimeThereAreMoreThanItsTokensAndABucketful() {
        for (long seed = 1; seed <= 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            double rate = random.nextInt(10) == 0 ? 0.25 : 1 + random.nextInt(20);
            TokenBucket bucket = new TokenBucket(rate);
            List<Long> taken = new ArrayList<>();
            long fullAt = 0;
            long now = 0;
            for (int i = 0; i < 300; i++) {
                now += random.nextLong(SECOND / 4);
                if (bucket.untilToken(fullAt, now) == 0) {
                    fullAt = bucket.taken(fullAt, now);
                    taken.add(now);
                }
            }
            for (int from = 0; from < taken.size(); from++) {
                for (int to = from; to < taken.size(); to++) {
                    double seconds = (double) (taken.get(to) - taken.get(from)) / SECOND;
                    assertThat((double) (to - from + 1))
                            .as("tokens of %s s at %s a second, seed %d", seconds, rate, seed)
                            .isLessThanOrEqualTo(seconds * rate + Math.max(1, rate) + 1e-6);
                }
            }
            assertThat(taken.size())
                    .as("tokens of %s s at %s a second, seed %d", now / SECOND, rate, seed)
                    .isPositive();
        }
    }
}
