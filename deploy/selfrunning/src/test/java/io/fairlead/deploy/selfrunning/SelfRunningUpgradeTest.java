package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.UpgradeTest;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedProcess.class)
class SelfRunningUpgradeTest extends UpgradeTest {

    @Override
    protected Fairlead fairlead() {
        return SharedProcess.fairlead();
    }
}
