package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.TrafficTest;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedProcess.class)
class SelfRunningTrafficTest extends TrafficTest {

    @Override
    protected Fairlead fairlead() {
        return SharedProcess.fairlead();
    }
}
