package io.fairlead.deploy.production;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Where things lie in the project. */
final class Project {

    /** Its top directory, as seen from this module. */
    static final Path TOP = Path.of("..", "..").toAbsolutePath().normalize();

    static final Path DEPLOY = TOP.resolve("deploy");
    static final Path IMAGE = DEPLOY.resolve("image");

    /** The WAR, as the reactor built it. */
    static final Path WAR = Path.of("target", "fairlead.war").toAbsolutePath();

    private Project() {}

    /** Removes a directory with all that is in it, if there is one. */
    static void remove(Path directory) throws IOException {
        if (!Files.exists(directory)) return;
        try (Stream<Path> files = Files.walk(directory)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) Files.delete(file);
        }
    }
}
