package io.fairlead.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.logging.LogManager;
import org.jspecify.annotations.Nullable;

/**
 * The main class of the WAR; with {@link Log} and {@link Ready} it is all that lies outside {@code WEB-INF}. It unpacks the jars of
 * {@code WEB-INF/launcher} and {@code WEB-INF/lib} to a directory of its own, so that the server and the web application share one
 * Jetty, and hands over to {@link Launcher} in a class loader made of them. These classes use nothing but the JDK.
 *
 * <p>The directory is made in {@code java.io.tmpdir}, only its owner may read it, and it goes when the process ends. A
 * process that was killed leaves its directory behind; the next start by the same user removes it. A lock that is held
 * as long as the process lives tells which directories are in use.
 *
 * <p>A WAR that was unpacked already, into the directory that is the class path, is used where it is. Then nothing is written.
 */
public final class Main {
    private static final String PREFIX = "fairlead-run-";
    private static final String LOCK = "lock";
    private static final List<String> FOLDERS = List.of("WEB-INF/launcher", "WEB-INF/lib");
    private static final String LOG_MANAGER = "java.util.logging.manager";

    /** Not by the class, which must not be loaded before the property is set. */
    private static final String LOG = "io.fairlead.launcher.Main$Log";

    /** Whether the server may still have something to say. */
    private static volatile boolean serverIsUp;

    /** Held as long as the process lives. */
    private static @Nullable FileChannel held;

    private Main() {}

    /**
     * The process's log manager, unless another is named by {@code java.util.logging.manager}. The JDK's closes the log when the
     * process is told to end; with this one the server goes first, since the tunnels' ends are still to be logged.
     */
    public static final class Log extends LogManager {

        /** Made by the JDK. */
        public Log() {}

        @Override
        public void reset() {
            if (!serverIsUp || !processEnds()) super.reset();
        }

        private static boolean processEnds() {
            Thread hook = new Thread(() -> {});
            try {
                Runtime.getRuntime().addShutdownHook(hook);
                Runtime.getRuntime().removeShutdownHook(hook);
                return false;
            } catch (IllegalStateException ending) {
                return true;
            }
        }
    }

    /** Runs until the server stops. The exit status is {@link Launcher}'s, or 1 if the jars cannot be unpacked. */
    public static void main(String[] args) throws URISyntaxException, ReflectiveOperationException {
        if (System.getProperty(LOG_MANAGER) == null) System.setProperty(LOG_MANAGER, LOG);
        if (args.length > 0 && args[0].equals(Ready.NAME))
            System.exit(new Ready(System.out, System.err).ask(Arrays.copyOfRange(args, 1, args.length)));
        Path war = Path.of(
                Main.class.getProtectionDomain().getCodeSource().getLocation().toURI());
        System.exit(Files.isDirectory(war) ? runWhereItIs(war, args) : runUnpacked(war, args));
    }

    private static int runWhereItIs(Path directory, String[] args) throws ReflectiveOperationException {
        List<URL> jars = new ArrayList<>();
        try {
            for (String folder : FOLDERS) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(directory.resolve(folder), "*.jar")) {
                    for (Path jar : files) jars.add(jar.toUri().toURL());
                }
            }
        } catch (IOException e) {
            System.err.println("fairlead: " + directory + " holds no whole WAR (" + e + ")");
            return 1;
        }
        return run(jars, () -> {}, args);
    }

    private static int runUnpacked(Path war, String[] args) throws ReflectiveOperationException {
        Path temp = Path.of(System.getProperty("java.io.tmpdir", "."));
        Path directory;
        List<URL> jars;
        try {
            directory = make(temp);
            removeStale(temp, directory);
            jars = unpack(war, directory);
        } catch (IOException e) {
            System.err.println("fairlead: cannot unpack the jars to " + temp + " (" + e + ")");
            System.err.println("Name a writable directory: java -Djava.io.tmpdir=DIRECTORY -jar fairlead.war");
            return 1;
        }
        return run(jars, () -> giveUp(directory), args);
    }

    /** Makes the directory and locks it. */
    private static Path make(Path temp) throws IOException {
        for (int attempt = 0; attempt < 10; attempt++) {
            Path directory = posix(temp)
                    ? Files.createTempDirectory(
                            temp,
                            PREFIX,
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")))
                    : Files.createTempDirectory(temp, PREFIX);
            try {
                FileChannel lock = openLock(directory);
                // Another start may have taken the new directory for a stale one and removed it just now.
                if (lock.tryLock() != null && Files.exists(directory.resolve(LOCK))) {
                    held = lock;
                    return directory;
                }
                lock.close();
            } catch (NoSuchFileException e) {
                // The same, a moment earlier.
            }
        }
        throw new IOException("each new directory was removed by another process");
    }

    private static boolean posix(Path temp) throws IOException {
        FileStore store = Files.getFileStore(temp);
        return store.supportsFileAttributeView("posix");
    }

    private static FileChannel openLock(Path directory) throws IOException {
        return FileChannel.open(
                directory.resolve(LOCK),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
    }

    /** Removes what killed processes of this user left behind. What cannot be removed stays: it is in no one's way. */
    private static void removeStale(Path temp, Path own) throws IOException {
        Object user = Files.getOwner(own);
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(temp, PREFIX + "*")) {
            for (Path directory : directories) {
                try {
                    if (directory.equals(own)
                            || !Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)
                            || !user.equals(Files.getOwner(directory, LinkOption.NOFOLLOW_LINKS))) continue;
                    try (FileChannel lock = openLock(directory)) {
                        if (lock.tryLock() != null) remove(directory);
                    }
                } catch (IOException e) {
                    // In use by another start that removes it too, or not ours to remove.
                }
            }
        }
    }

    /** @param atEnd what is left to do when the server has stopped and nothing is loaded any more */
    private static int run(List<URL> jars, Runnable atEnd, String[] args) throws ReflectiveOperationException {
        URLClassLoader loader =
                new URLClassLoader("fairlead", jars.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
        Thread.currentThread().setContextClassLoader(loader);
        // This class sees the launcher through two interfaces of the JDK, since its own loader does not know it.
        Object launcher = loader.loadClass("io.fairlead.launcher.Launcher")
                .getConstructor()
                .newInstance();
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> stop((AutoCloseable) launcher, loader, atEnd), "fairlead-stop"));
        serverIsUp = true;
        @SuppressWarnings("unchecked")
        ToIntFunction<String[]> start = (ToIntFunction<String[]>) launcher;
        return start.applyAsInt(args);
    }

    /** Copies the jars out of the WAR to the directory. */
    private static List<URL> unpack(Path war, Path directory) throws IOException {
        List<URL> jars = new ArrayList<>();
        try (JarFile file = new JarFile(war.toFile(), false)) {
            for (Enumeration<JarEntry> entries = file.entries(); entries.hasMoreElements(); ) {
                JarEntry entry = entries.nextElement();
                String name = entry.getName();
                if (!name.matches("(" + String.join("|", FOLDERS) + ")/[^/\\\\]+\\.jar")) continue;
                Path jar = directory.resolve(name.substring(name.lastIndexOf('/') + 1));
                try (InputStream in = file.getInputStream(entry)) {
                    Files.copy(in, jar);
                }
                jars.add(jar.toUri().toURL());
            }
        }
        return jars;
    }

    private static void stop(AutoCloseable launcher, URLClassLoader loader, Runnable atEnd) {
        try {
            launcher.close();
        } catch (Exception e) {
            System.err.println("fairlead: did not stop cleanly: " + e);
        }
        try {
            loader.close();
        } catch (IOException e) {
            System.err.println("fairlead: cannot close its jars (" + e + ")");
        }
        atEnd.run();
        serverIsUp = false;
        LogManager.getLogManager().reset();
    }

    private static void giveUp(Path directory) {
        try {
            remove(directory);
            if (held != null) held.close();
        } catch (IOException e) {
            System.err.println("fairlead: cannot remove " + directory + " (" + e + ")");
        }
    }

    /** Removes what this class puts into a directory, the lock last, and then the directory. */
    private static void remove(Path directory) throws IOException {
        try (DirectoryStream<Path> jars = Files.newDirectoryStream(directory, "*.jar")) {
            for (Path jar : jars) Files.deleteIfExists(jar);
        }
        Files.deleteIfExists(directory.resolve(LOCK));
        Files.deleteIfExists(directory);
    }
}
