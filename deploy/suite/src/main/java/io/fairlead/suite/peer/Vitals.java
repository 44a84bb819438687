package io.fairlead.suite.peer;

import com.sun.management.UnixOperatingSystemMXBean;
import com.sun.tools.attach.AttachNotSupportedException;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.management.MBeanServerConnection;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/**
 * What a JVM holds: threads, descriptors, memory. Read over JMX, so that this JVM and a child process are one case.
 *
 * <p>The threads of the tests' own peers are not counted.
 */
public final class Vitals {

    private static final MBeanServerConnection HERE = ManagementFactory.getPlatformMBeanServer();

    private final boolean ofThisJvm;
    private final ThreadMXBean threads;
    private final MemoryMXBean memory;
    private final UnixOperatingSystemMXBean system;
    private final List<BufferPoolMXBean> pools;

    public Vitals(MBeanServerConnection jvm) {
        ofThisJvm = jvm == HERE;
        try {
            threads = ManagementFactory.getPlatformMXBean(jvm, ThreadMXBean.class);
            memory = ManagementFactory.getPlatformMXBean(jvm, MemoryMXBean.class);
            system = ManagementFactory.getPlatformMXBean(jvm, UnixOperatingSystemMXBean.class);
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

    public boolean ofThisJvm() {
        return ofThisJvm;
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
