package io.fairlead.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class ProcessTreeTest {

    private static final double SOME = 100_000;

    private static Process shell(String script) throws IOException {
        return new ProcessBuilder("sh", "-c", script).start();
    }

    @Test
    void whatALivingChildUsesCounts() throws Exception {
        Process parent = shell("while :; do :; done & read line; kill $!");
        try {
            ProcessTree tree = ProcessTree.of(parent.toHandle());
            await().atMost(Duration.ofSeconds(30)).until(() -> tree.cpuMicros() > SOME);
            assertThat(tree.pids()).hasSize(2);
            assertThat(parent.toHandle().children()).hasSize(1);
        } finally {
            parent.getOutputStream().close();
            parent.waitFor();
        }
    }

    @Test
    void whatAChildHasUsedCountsWhenItHasEnded() throws Exception {
        Process parent = shell("(i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done); read line");
        try {
            ProcessTree tree = ProcessTree.of(parent.toHandle());
            await().until(() -> parent.toHandle().children().findAny().isPresent());
            await().atMost(Duration.ofSeconds(50))
                    .until(() -> parent.toHandle().children().findAny().isEmpty());
            assertThat(tree.cpuMicros()).isGreaterThan(SOME);
        } finally {
            parent.getOutputStream().close();
            parent.waitFor();
        }
    }

    @Test
    void timeIsThatOfTheProcessAndNotOfTheClock() throws Exception {
        Process idle = shell("read line");
        try {
            ProcessTree tree = ProcessTree.of(idle.toHandle());
            ProcessTree self = ProcessTree.self();
            double before = tree.cpuMicros();
            double ownBefore = self.cpuMicros();
            while (self.cpuMicros() - ownBefore < SOME) {
                Thread.onSpinWait();
            }
            assertThat(tree.cpuMicros() - before).isLessThan(SOME / 10);
        } finally {
            idle.getOutputStream().close();
            idle.waitFor();
        }
    }

    @Test
    void memoryAndFilesOfAllAreCounted() throws Exception {
        Process parent = shell("sleep 100 & read line; kill $!");
        try {
            ProcessTree tree = ProcessTree.of(parent.toHandle());
            await().until(() -> tree.pids().size() == 2);
            assertThat(tree.pssKb()).isGreaterThan(50);
            assertThat(tree.openFiles()).isGreaterThanOrEqualTo(6);
        } finally {
            parent.getOutputStream().close();
            parent.waitFor();
        }
    }

    @Test
    void aProcessThatIsGoneHasNothing() throws Exception {
        Process gone = shell(":");
        gone.waitFor();
        ProcessTree tree = ProcessTree.of(gone.toHandle());
        assertThat(tree.cpuMicros()).isZero();
        assertThat(tree.pssKb()).isZero();
        assertThat(tree.openFiles()).isZero();
    }
}
