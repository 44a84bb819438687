package io.fairlead.proxy.backend;

import java.util.Comparator;
import java.util.List;

/**
 * Highest random weight hashing (Thaler and Ravishankar, 1998), weighted: every instance that knows the same backends finds
 * the same order of them for a key, and a backend that comes or goes moves only the keys that are its own. Pure.
 */
final class Rendezvous {

    private static final long FNV_OFFSET = 0xcbf29ce484222325L;
    private static final long FNV_PRIME = 0x100000001b3L;

    private Rendezvous() {}

    /** FNV-1a, mixed. The same in every JVM. */
    static long hash(String text) {
        long hash = FNV_OFFSET;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            hash = (hash ^ (c & 0xff)) * FNV_PRIME;
            hash = (hash ^ (c >>> 8)) * FNV_PRIME;
        }
        return mix(hash);
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long hash) {
        long mixed = (hash ^ (hash >>> 30)) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94d049bb133111ebL;
        return mixed ^ (mixed >>> 31);
    }

    /** A key's score for a backend; the highest wins. */
    static double score(long key, Backend backend) {
        long mixed = mix(key ^ backend.hash());
        // From 0 to 1, neither included.
        double unit = ((mixed >>> 11) + 0.5) * 0x1p-53;
        return -backend.weight() / Math.log(unit);
    }

    static Backend first(long key, List<Backend> backends) {
        Backend best = backends.get(0);
        double highest = score(key, best);
        for (int i = 1; i < backends.size(); i++) {
            double score = score(key, backends.get(i));
            if (score > highest) {
                highest = score;
                best = backends.get(i);
            }
        }
        return best;
    }

    /** All of them, the best first. */
    static List<Backend> order(long key, List<Backend> backends) {
        return backends.stream()
                .sorted(Comparator.comparingDouble((Backend backend) -> score(key, backend))
                        .reversed())
                .toList();
    }
}
