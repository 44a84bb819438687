package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.ForeignPeersTest;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedProcess.class)
class SelfRunningForeignPeersTest extends ForeignPeersTest {

    @Override
    protected Fairlead fairlead() {
        return SharedProcess.fairlead();
    }
}
