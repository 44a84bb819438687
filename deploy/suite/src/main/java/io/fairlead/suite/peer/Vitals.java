package io.fairlead.suite.peer;

import com.sun.management.UnixOperatingSystemMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.PlatformLoggingMXBean;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.management.JMException;
import javax.management.MBeanParameterInfo;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.jspecify.annotations.Nullable;

/**
 * What a JVM holds: threads, descriptors, memory. Read over JMX, so that this JVM and a child process are one case.
 *
 * <p>The threads of the tests' own peers are not counted.
 */
public final class Vitals {

    private static final MBeanServerConnection HERE = ManagementFactory.getPlatformMBeanServer();

    private final MBeanServerConnection jvm;
    private final ThreadMXBean threads;
    private final MemoryMXBean memory;
    private final UnixOperatingSystemMXBean system;
    private final List<BufferPoolMXBean> pools;
    private final PlatformLoggingMXBean logging;

    public Vitals(MBeanServerConnection jvm) {
        this.jvm = jvm;
        try {
            threads = ManagementFactory.getPlatformMXBean(jvm, ThreadMXBean.class);
            memory = ManagementFactory.getPlatformMXBean(jvm, MemoryMXBean.class);
            system = ManagementFactory.getPlatformMXBean(jvm, UnixOperatingSystemMXBean.class);
            logging = ManagementFactory.getPlatformMXBean(jvm, PlatformLoggingMXBean.class);
            pools = ManagementFactory.getPlatformMXBeans(jvm, BufferPoolMXBean.class);
        } catch (IOException e) {
            throw new IllegalStateException("no view into the JVM", e);
        }
    }

    /** Of the JVM that runs the tests and the server. */
    public static Vitals here() {
        return new Vitals(HERE);
    }

    /** Of another process of the same user, a JVM. */
    @SuppressWarnings("BanJNDI") // The address comes from a process of our own.
    public static Vitals of(ProcessHandle process) {
        try {
            VirtualMachine machine = VirtualMachine.attach(String.valueOf(process.pid()));
            try {
                JMXServiceURL url = new JMXServiceURL(machine.startLocalManagementAgent());
                return new Vitals(JMXConnectorFactory.connect(url).getMBeanServerConnection());
            } finally {
                machine.detach();
            }
        } catch (AttachNotSupportedException | IOException e) {
            throw new IllegalStateException("no view into " + process, e);
        }
    }

    /** The names of the live threads, without peers, JMX and the JVM's own. */
    public List<String> threads() {
        return Stream.of(threads.getThreadInfo(threads.getAllThreadIds()))
                .filter(Objects::nonNull)
                .map(ThreadInfo::getThreadName)
                .filter(name -> !name.startsWith(Crew.PREFIX)
                        && !name.startsWith("RMI ")
                        && !name.startsWith("JMX ")
                        && !name.startsWith("Attach Listener"))
                .sorted()
                .toList();
    }

    /** The class loaders that have defined a class of this name, after a collection; each by a name of the JVM's. */
    public Set<String> loadersOf(String className) {
        memory.gc();
        try {
            Object hierarchy = jvm.invoke(
                    ObjectName.getInstance("com.sun.management:type=DiagnosticCommand"),
                    "vmClassHierarchy",
                    new Object[] {new String[] {className}},
                    new String[] {String[].class.getName()});
            // A line for each of them: |  |--io.fairlead.proxy.UpgradeProxyServlet/0x00007f2b1c3d4e50
            String before = "--" + className + "/";
            return hierarchy
                    .toString()
                    .lines()
                    .filter(line -> line.contains(before))
                    .map(line -> line.substring(line.indexOf(before) + before.length()))
                    .collect(Collectors.toSet());
        } catch (JMException | IOException e) {
            throw new IllegalStateException("the JVM does not say which classes it has", e);
        }
    }

    /** The MBean among those of a pattern that fits; there must be one. */
    public ObjectName mbean(String pattern, Predicate<ObjectName> fits) {
        try {
            List<ObjectName> found = jvm.queryNames(new ObjectName(pattern), null).stream()
                    .filter(fits)
                    .toList();
            if (found.size() != 1) {
                throw new IllegalStateException("not one MBean " + pattern + ", but " + found);
            }
            return found.get(0);
        } catch (JMException | IOException e) {
            throw new IllegalStateException("the JVM does not say which MBeans it has", e);
        }
    }

    public Object attribute(ObjectName mbean, String attribute) {
        try {
            return jvm.getAttribute(mbean, attribute);
        } catch (JMException | IOException e) {
            throw new IllegalStateException("no " + attribute + " of " + mbean, e);
        }
    }

    /** Calls an operation, of which there is one with that name, by an administrator as it were. */
    public void invoke(ObjectName mbean, String operation, Object... arguments) {
        try {
            String[] signature = Stream.of(jvm.getMBeanInfo(mbean).getOperations())
                    .filter(known -> known.getName().equals(operation))
                    .flatMap(known -> Stream.of(known.getSignature()))
                    .map(MBeanParameterInfo::getType)
                    .toArray(String[]::new);
            jvm.invoke(mbean, operation, arguments, signature);
        } catch (JMException | IOException e) {
            throw new IllegalStateException("no " + operation + " of " + mbean, e);
        }
    }

    /** Sets the level of a logger of java.util.logging; null: that of its parent. */
    public void logLevel(String logger, @Nullable String level) {
        logging.setLoggerLevel(logger, level);
    }

    /** Open files and sockets, peers included where they live in the same JVM. */
    public long descriptors() {
        return system.getOpenFileDescriptorCount();
    }

    public long maxDescriptors() {
        return system.getMaxFileDescriptorCount();
    }

    /** The bytes of all direct buffers. */
    public long directBytes() {
        return pools.stream()
                .filter(pool -> pool.getName().equals("direct"))
                .mapToLong(BufferPoolMXBean::getMemoryUsed)
                .sum();
    }

    /** The used heap after a collection. */
    public long heapBytes() {
        memory.gc();
        memory.gc();
        return memory.getHeapMemoryUsage().getUsed();
    }
}
