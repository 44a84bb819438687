package io.fairlead.deploy.production;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The instructions of a Dockerfile, in order. Comments and {@code #} directives are left out; no line is continued. */
record Dockerfile(List<Instruction> instructions) {

    /** One of them: {@code COPY a b} is {@code COPY} and {@code a b}. */
    record Instruction(String name, String rest) {

        /** Its words in exec form, a JSON array; nothing else will do. */
        List<String> words() {
            try {
                return List.of(new ObjectMapper().readValue(rest, String[].class));
            } catch (JsonProcessingException e) {
                throw new AssertionError(name + " is not in exec form: " + rest, e);
            }
        }
    }

    static Dockerfile read(Path file) throws IOException {
        List<Instruction> instructions = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            if (line.isBlank() || line.startsWith("#")) continue;
            String[] parts = line.split(" ", 2);
            instructions.add(new Instruction(parts[0], parts[1]));
        }
        return new Dockerfile(List.copyOf(instructions));
    }

    /** What follows each instruction of a name. */
    List<String> all(String name) {
        return instructions.stream()
                .filter(instruction -> instruction.name().equals(name))
                .map(Instruction::rest)
                .toList();
    }

    /** The only instruction of a name. */
    Instruction the(String name) {
        List<Instruction> found = instructions.stream()
                .filter(instruction -> instruction.name().equals(name))
                .toList();
        if (found.size() != 1) throw new AssertionError(found.size() + " instructions " + name);
        return found.get(0);
    }

    /** The command of {@code HEALTHCHECK}, without its options. */
    List<String> healthCheck() {
        String rest = the("HEALTHCHECK").rest();
        return new Instruction("HEALTHCHECK CMD", rest.substring(rest.indexOf(" CMD ") + 5)).words();
    }
}
