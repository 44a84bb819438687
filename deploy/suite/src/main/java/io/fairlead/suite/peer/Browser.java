package io.fairlead.suite.peer;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Chromium, driven by the script {@code browser.js}, with a home directory of its own that says whom it trusts. */
public final class Browser {

    private static final String NEEDED =
            "the profile 'full' needs chromium and certutil on the PATH (Debian: chromium, libnss3-tools): ";

    private final Node node;
    private final Path home;

    private Browser(Node node, Path home) {
        this.node = node;
        this.home = home;
    }

    /**
     * A browser that trusts one authority's root besides those of the web.
     *
     * @param directory where its home will be; must be new
     */
    public static Browser trusting(Authority authority, Node node, Path directory) throws Exception {
        Path home = directory.toAbsolutePath();
        Path database = Files.createDirectories(home.resolve(".pki").resolve("nssdb"));
        Path root = authority.writeRoot(home.resolve("root.pem"));
        String store = "sql:" + database;
        try {
            node.run(Map.of(), "certutil", "-d", store, "-N", "--empty-password");
            node.run(Map.of(), "certutil", "-d", store, "-A", "-n", "root", "-t", "C,,", "-i", root.toString());
            node.run(Map.of(), "chromium", "--version");
        } catch (IllegalStateException absent) {
            throw new IllegalStateException(NEEDED + absent.getMessage(), absent);
        }
        return new Browser(node, home);
    }

    /**
     * Runs {@code browser.js}; any other end than success is a failure that says what it printed.
     *
     * @param arguments as the script wants them
     * @return what it printed
     */
    public String run(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("node", "browser.js"));
        command.addAll(List.of(arguments));
        return node.run(Map.of("HOME", home.toString()), command.toArray(String[]::new));
    }
}
