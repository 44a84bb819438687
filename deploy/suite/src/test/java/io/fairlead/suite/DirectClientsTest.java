package io.fairlead.suite;

/** The tests of {@link ClientsTest}, without a proxy: proves the tests and their peers. */
class DirectClientsTest extends ClientsTest {

    @Override
    protected Fairlead fairlead() {
        return new Direct();
    }
}
