package io.fairlead.deploy.production;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs commands in a file system as a container engine would: it is all that they see, but for {@code /proc}, some devices, and
 * the files for names; nobody can write to it; they have no privileges and can get none. The network is this machine's.
 *
 * <p>By root the commands run as the user that the image names; by anybody else as that one, in a user namespace. Needs Linux
 * and util-linux, and a kernel that lets users have such namespaces.
 */
final class Container {

    private final Path root;
    private final String user;

    /** @param user numeric, with its group: {@code 65532:65532} */
    Container(Path root, String user) throws IOException {
        this.root = root.toAbsolutePath();
        this.user = user;
        for (String file : List.of("etc/hosts", "etc/resolv.conf")) {
            if (!Files.exists(root.resolve(file))) Files.createFile(root.resolve(file));
        }
    }

    /** The process that is returned is the command's own. */
    Program start(List<String> command) throws Exception {
        boolean byRoot = Program.run("id", "-u").strip().equals("0");
        List<String> all = new ArrayList<>(List.of("unshare", "--mount"));
        if (!byRoot) all.addAll(List.of("--user", "--map-root-user"));
        all.addAll(List.of("sh", "-euc", script(), "sh", root.toString(), byRoot ? user : ""));
        all.addAll(command);
        return Program.start(all);
    }

    private static String script() throws IOException {
        try (InputStream in = Container.class.getResourceAsStream("container.sh")) {
            if (in == null) throw new IllegalStateException("no container.sh");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
