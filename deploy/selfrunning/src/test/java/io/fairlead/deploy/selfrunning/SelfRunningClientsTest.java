package io.fairlead.deploy.selfrunning;

import io.fairlead.suite.ClientsTest;
import io.fairlead.suite.Fairlead;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(SharedProcess.class)
class SelfRunningClientsTest extends ClientsTest {

    @Override
    protected Fairlead fairlead() {
        return SharedProcess.fairlead();
    }
}
