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
 * and util-linux. Where mounts are forbidden, as within another container, it is not {@linkplain #isSealed() sealed}: the commands
 * run by what is in the file system, but see and may what everybody does.
 */
final class Container {

    private final Path root;
    private final String user;
    private final List<String> seal;
    private final boolean sealed;

    /** @param user numeric, with its group: {@code 65532:65532} */
    Container(Path root, String user) throws Exception {
        this.root = root.toAbsolutePath();
        boolean byRoot = Program.run("id", "-u").strip().equals("0");
        this.user = byRoot ? user : "";
        seal = byRoot ? List.of("unshare", "--mount") : List.of("unshare", "--mount", "--user", "--map-root-user");
        for (String file : List.of("etc/hosts", "etc/resolv.conf")) {
            if (!Files.exists(root.resolve(file))) Files.createFile(root.resolve(file));
        }
        sealed = mayMount();
    }

    /** Whether commands are kept to the file system, and from writing to it. */
    boolean isSealed() {
        return sealed;
    }

    /** Whether they run as the image's own user, and not as that of the tests. */
    boolean isUsersOwn() {
        return !user.isEmpty();
    }

    /** The process that is returned is the command's own. */
    Program start(List<String> command) throws IOException {
        return Program.start(sealed ? sealed(command) : unsealed(command));
    }

    private List<String> sealed(List<String> command) throws IOException {
        List<String> all = new ArrayList<>(seal);
        all.addAll(List.of("sh", "-euc", script(), "sh", root.toString(), user));
        all.addAll(command);
        return all;
    }

    private List<String> unsealed(List<String> command) {
        return command.stream()
                .map(word -> word.replaceFirst("^/(opt|etc/fairlead)/", root + "/$1/"))
                .toList();
    }

    private boolean mayMount() throws Exception {
        List<String> mount = new ArrayList<>(seal);
        mount.addAll(List.of("mount", "--bind", root.toString(), root.toString()));
        try (Program trial = Program.start(mount)) {
            return trial.exitStatus() == 0;
        }
    }

    private static String script() throws IOException {
        try (InputStream in = Container.class.getResourceAsStream("container.sh")) {
            if (in == null) throw new IllegalStateException("no container.sh");
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
