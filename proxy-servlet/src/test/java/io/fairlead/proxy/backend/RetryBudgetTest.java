package io.fairlead.proxy.backend;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RetryBudgetTest {

    private static int take(RetryBudget budget, int most) {
        int taken = 0;
        while (taken < most && budget.take()) {
            taken++;
        }
        return taken;
    }

    @Test
    void thereIsAStoreForQuietTimesAndThenSoManyOfAHundred() {
        RetryBudget budget = new RetryBudget(20, 100);
        assertThat(take(budget, 1000)).isEqualTo(100);
        for (int i = 0; i < 50; i++) {
            budget.requested();
        }
        assertThat(take(budget, 1000)).isEqualTo(10);
        for (int i = 0; i < 4; i++) {
            budget.requested();
        }
        assertThat(budget.take()).as("four fifths of one").isFalse();
        budget.requested();
        assertThat(budget.take()).isTrue();
        assertThat(budget.take()).isFalse();
    }

    @Test
    void theStoreDoesNotGrow() {
        RetryBudget budget = new RetryBudget(20, 100);
        for (int i = 0; i < 100_000; i++) {
            budget.requested();
        }
        assertThat(take(budget, 1000)).isEqualTo(100);
    }

    @Test
    void aHundredPercentIsNoBound() {
        assertThat(take(new RetryBudget(100, 100), 100_000)).isEqualTo(100_000);
    }

    @Test
    void noPercentIsNoRetry() {
        assertThat(new RetryBudget(0, 100).take()).isFalse();
    }
}
