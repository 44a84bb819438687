package io.fairlead.documented;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What a README says is to be typed: its blocks of {@code sh}, by the heading that they stand below. */
record Readme(Path file) {

    /** The commands below a heading of the second level, as they stand there. */
    String commands(String heading) throws IOException {
        List<String> commands = new ArrayList<>();
        boolean here = false;
        boolean typed = false;
        for (String line : Files.readAllLines(file)) {
            if (line.startsWith("## ")) {
                here = line.equals("## " + heading);
            } else if (line.startsWith("```")) {
                typed = here && line.equals("```sh");
            } else if (typed) {
                commands.add(line);
            }
        }
        if (commands.isEmpty()) {
            throw new IOException(file + " has no commands below '" + heading + "'");
        }
        return String.join("\n", commands);
    }
}
