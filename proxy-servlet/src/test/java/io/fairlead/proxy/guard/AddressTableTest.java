package io.fairlead.proxy.guard;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.proxy.guard.AddressTable.Entry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AddressTableTest {

    private static Entry tunnel(AddressTable table, String address, long now) {
        return admitted(table, address, true, 0, now);
    }

    private static Entry admitted(AddressTable table, String address, boolean tunnel, long fullAt, long now) {
        Entry entry = table.find(address);
        table.admitted(entry, tunnel, fullAt, now);
        return entry;
    }

    @Test
    void anAddressIsForgottenWhenThereIsNothingToRemember() {
        AddressTable table = new AddressTable(8);
        Entry first = tunnel(table, "a", 0);
        Entry second = tunnel(table, "a", 0);
        assertThat(second).isSameAs(first);
        assertThat(table.find("a").tunnels()).isEqualTo(2);
        table.ended(first, 0);
        assertThat(table.find("a").tunnels()).isOne();
        table.ended(second, 0);
        assertThat(table.size()).isZero();
        assertThat(table.find("a").tunnels()).isZero();
    }

    @Test
    void anAddressWithoutATunnelIsKnownUntilItsBucketIsFull() {
        AddressTable table = new AddressTable(8);
        Entry entry = admitted(table, "a", true, 100, 50);
        table.ended(entry, 60);
        assertThat(table.find("a").fullAt()).isEqualTo(100);
        admitted(table, "b", false, 150, 99);
        assertThat(table.size()).isEqualTo(2);
        admitted(table, "c", false, 150, 100);
        assertThat(table.find("a").fullAt()).as("as new").isZero();
        assertThat(table.size()).isEqualTo(2);
    }

    @Test
    void theOneWhoseBucketIsFullSoonestMakesRoom() {
        AddressTable table = new AddressTable(3);
        admitted(table, "drained", false, 500, 0);
        admitted(table, "nearly full", false, 100, 0);
        admitted(table, "half", false, 300, 0);
        admitted(table, "new", false, 90, 10);
        assertThat(table.size()).isEqualTo(3);
        assertThat(table.find("nearly full").fullAt()).isZero();
        assertThat(table.find("drained").fullAt()).isEqualTo(500);
        assertThat(table.find("half").fullAt()).isEqualTo(300);
        assertThat(table.find("new").fullAt()).isEqualTo(90);
    }

    @Test
    void anAddressWithTunnelsIsNeverForgotten() {
        AddressTable table = new AddressTable(3);
        tunnel(table, "tunnel", 0);
        for (int i = 0; i < 1000; i++) {
            admitted(table, "passing " + i, false, 1000 + i, 0);
        }
        assertThat(table.find("tunnel").tunnels()).isOne();
        assertThat(table.size()).isEqualTo(3);
    }

    @Test
    void whenAllHaveTunnelsWhoComesNewCountsAsOne() {
        AddressTable table = new AddressTable(2);
        Entry a = tunnel(table, "a", 0);
        tunnel(table, "b", 0);
        Entry c = admitted(table, "c", true, 7, 0);
        Entry d = tunnel(table, "d", 0);
        assertThat(d).isSameAs(c);
        assertThat(d.tunnels()).isEqualTo(2);
        assertThat(tunnel(table, "a", 0)).as("who is known keeps his own").isSameAs(a);
        assertThat(table.size()).isEqualTo(2);
        table.ended(c, 0);
        table.ended(d, 0);
        assertThat(table.find("e").tunnels()).isZero();
        assertThat(table.size()).isEqualTo(2);
        table.ended(a, 0);
        table.ended(a, 0);
        assertThat(table.find("e")).as("there is room again").isNotSameAs(c);
    }

    /** Against a model that forgets nothing: counts of tunnels are exact while there is room, and the bound always holds. */
    @Test
    void itIsBoundedAndCountsRightWhateverHappens() {
        for (long seed = 1; seed <= 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int capacity = 1 + random.nextInt(12);
            AddressTable table = new AddressTable(capacity);
            Map<Entry, Integer> held = new HashMap<>();
            List<Entry> tunnels = new ArrayList<>();
            long now = 0;
            for (int step = 0; step < 400; step++) {
                now += random.nextInt(20);
                if (tunnels.isEmpty() || random.nextInt(5) < 3) {
                    boolean tunnel = random.nextBoolean();
                    Entry entry =
                            admitted(table, "address " + random.nextInt(30), tunnel, now + random.nextInt(100), now);
                    if (tunnel) {
                        tunnels.add(entry);
                        held.merge(entry, 1, Integer::sum);
                    }
                } else {
                    Entry entry = tunnels.remove(random.nextInt(tunnels.size()));
                    held.merge(entry, -1, Integer::sum);
                    table.ended(entry, now);
                }
                assertThat(table.size()).as("seed %d, step %d", seed, step).isLessThanOrEqualTo(capacity);
                held.forEach((entry, count) -> assertThat(entry.tunnels()).isEqualTo(count));
            }
            for (Entry entry : tunnels) {
                table.ended(entry, now + 1000);
            }
            for (int i = 0; i < 30; i++) {
                assertThat(table.find("address " + i).tunnels())
                        .as("seed %d", seed)
                        .isZero();
            }
        }
    }

    @Test
    void theBoundIsTheDocumentedOne() {
        assertThat(AddressTable.CAPACITY).isEqualTo(65_536);
        AddressTable table = new AddressTable(AddressTable.CAPACITY);
        for (int i = 0; i < 70_000; i++) {
            admitted(table, "address " + i, false, 1_000_000 + i, 0);
        }
        assertThat(table.size()).isEqualTo(65_536);
        assertThat(table.find("address 0").fullAt()).isZero();
        assertThat(table.find("address 69999").fullAt()).isEqualTo(1_069_999);
    }
}
