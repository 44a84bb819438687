package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.TunnelTest;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedProcess.class)
class SelfRunningTunnelTest extends TunnelTest {

    @Override
    protected Fairlead fairlead() {
        return SharedProcess.fairlead();
    }
}
