package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.Fairlead;
import io.fairlead.suite.HttpTest;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedProcess.class)
class SelfRunningHttpTest extends HttpTest {

    @Override
    protected Fairlead fairlead() {
        return SharedProcess.fairlead();
    }
}
