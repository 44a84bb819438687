package io.fairlead.suite;

/** The tests of {@link TrafficTest}, without a proxy: proves the tests and their peers. */
class DirectTrafficTest extends TrafficTest {

    @Override
    protected Fairlead fairlead() {
        return new Direct();
    }
}
